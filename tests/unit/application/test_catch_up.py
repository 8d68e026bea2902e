"""A Region that was lost is behind while its peer's replica knows more of a job that it holds for its own."""

import pytest

from functions.adapters.memory import MemoryHistory, MemoryProjections
from functions.application.catch_up import CatchUp
from functions.application.ports import StateUnavailable
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.agents import Effects
from tests.unit.application.evacuated_regions import Pair, pair_of_regions
from tests.unit.application.two_regions import EAST, replicate, request


def catch_up(pair: Pair) -> CatchUp:
    """The use case in the east."""
    return CatchUp(
        history=MemoryHistory(pair.east.table),
        peer=MemoryHistory(pair.west.table),
        projections=MemoryProjections(pair.east.table),
        lanes=pair.east.lanes,
        clock=pair.east.clock,
        region=EAST,
    )


@in_virtual_time
async def test_it_is_behind_until_what_the_peer_adopted_is_here() -> None:
    pair = pair_of_regions(Effects().walker(1))
    for number in range(3):
        await pair.east.submit_job().submit(request("walk", input={}, idempotency_key=f"{number}"))
    look = catch_up(pair)
    assert await look.behind(60) == (0, True)
    await pair.west.adopt_jobs().adopt()
    assert await look.behind(60) == (0, True)  # it remembers what it has looked up
    look.forget()
    assert await look.behind(60) == (3, True)
    replicate(pair.west, pair.east)
    assert await look.behind(60) == (0, True)


@in_virtual_time
async def test_without_the_peers_replica_nobody_knows() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await pair.east.submit_job().submit(request("walk", input={}))
    pair.west.table.refusing = True
    with pytest.raises(StateUnavailable):
        await catch_up(pair).behind(60)


@in_virtual_time
async def test_without_time_it_says_that_it_has_not_looked_at_all() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await pair.east.submit_job().submit(request("walk", input={}))
    assert await catch_up(pair).behind(0) == (0, False)
