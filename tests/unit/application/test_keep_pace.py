"""A pace holds over all who share it, and nothing is saved up."""

import asyncio

from functions.application.keep_pace import Pace
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time


@in_virtual_time
async def test_ten_at_a_time_keep_to_a_hundred_a_second_however_many_take() -> None:
    clock = VirtualClock()
    pace = Pace(clock, per_second=100)
    await asyncio.gather(*(pace.take(10) for _ in range(31)))
    assert round(clock.monotonic(), 6) == 3.0


@in_virtual_time
async def test_who_has_done_little_does_not_make_up_for_it() -> None:
    clock = VirtualClock()
    pace = Pace(clock, per_second=100)
    await pass_time(60)
    await asyncio.gather(*(pace.take(10) for _ in range(11)))
    assert round(clock.monotonic(), 6) == 61.0
