"""Virtual time is what all other tests stand on, so it is tested itself."""

import asyncio

import pytest

from functions.sdk.testing.virtual_time import (
    NothingLeftToHappen,
    VirtualClock,
    in_virtual_time,
    pass_time,
    run_virtually,
)


@in_virtual_time
async def test_a_year_of_sleep_takes_no_time_and_ends_at_the_right_moment() -> None:
    clock = VirtualClock(skew_seconds=-0.5)
    before = clock.monotonic()
    await clock.sleep(365 * 86_400)
    assert clock.monotonic() - before == 365 * 86_400
    assert clock.now() == "2027-11-21T11:59:59.500Z"


@in_virtual_time
async def test_sleepers_wake_in_the_order_of_their_times() -> None:
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        await pass_time(seconds)
        woken.append(seconds)

    await asyncio.gather(*(sleeper(seconds) for seconds in (3, 1, 2, 0.5)))
    assert woken == [0.5, 1, 2, 3]


@in_virtual_time
async def test_a_function_for_a_thread_runs_at_once_and_its_error_reaches_whoever_awaits_it() -> None:
    assert await asyncio.to_thread(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(lambda: 1 // 0)


def test_a_program_that_would_hang_is_told_so() -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingLeftToHappen):
        run_virtually(hang())


def test_what_a_forgotten_task_raised_is_not_lost() -> None:
    async def fail() -> None:
        raise ValueError("forgotten")

    async def program() -> None:
        task = asyncio.create_task(fail())
        await pass_time(1)
        del task

    with pytest.raises(ValueError, match="forgotten"):
        run_virtually(program())


def test_time_never_passes_by_itself_where_it_is_real() -> None:
    async def program() -> None:
        await pass_time(1)

    with pytest.raises(RuntimeError, match="virtual time only"):
        asyncio.run(program())
