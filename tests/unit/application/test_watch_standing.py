"""What a process knows of how its Region stands: asked for seldom, and working when nothing is known."""

import asyncio
from dataclasses import dataclass, field

import pytest

from functions.adapters.memory import MemoryTable
from functions.adapters.memory_standings import MemoryStandings
from functions.application.watch_standing import FRESH_SECONDS, WatchStanding
from functions.domain.ownership.standing import Order, Phase, Progress, RegionNotes
from functions.domain.ownership.verdict import Verdict
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time
from tests.unit.application.two_regions import EAST, WEST
from tests.unit.domain.job.writing import NOON

GO = Order(subject=EAST, region=WEST, away=True, at=NOON, by="ann")


@dataclass
class SlowStandings(MemoryStandings):
    """Notes that take a moment to read, and count how often."""

    reads: list[str] = field(default_factory=list)

    async def read(self, region: str) -> RegionNotes:
        self.reads.append(region)
        await pass_time(0.01)
        return await MemoryStandings.read(self, region)


def watched() -> tuple[SlowStandings, WatchStanding]:
    standings = SlowStandings(MemoryTable())
    return standings, WatchStanding(standings=standings, clock=VirtualClock(), region=EAST)


@in_virtual_time
async def test_one_query_in_five_seconds_serves_all_who_ask() -> None:
    standings, watch = watched()
    assert await asyncio.gather(*(watch.may_work() for _ in range(20))) == [True] * 20
    await standings.put_order(GO)
    assert not await watch.hands_over()
    await pass_time(FRESH_SECONDS)
    assert await watch.hands_over()
    assert not await watch.may_work()
    assert standings.reads == [EAST, EAST]


@pytest.mark.parametrize(
    ("phase", "works", "hands_over"),
    [(Phase.ACTIVE, True, False), (Phase.EVACUATING, False, True), (Phase.EVACUATED, False, True)],
)
@in_virtual_time
async def test_whether_it_works_follows_from_its_phase(phase: Phase, works: bool, hands_over: bool) -> None:
    standings, watch = watched()
    await standings.put_order(GO)
    await standings.put_progress(Progress(region=EAST, phase=phase, since=NOON, answers=NOON))
    assert (await watch.may_work(), await watch.hands_over()) == (works, hands_over)


@in_virtual_time
async def test_a_region_that_returns_neither_works_nor_hands_over() -> None:
    standings, watch = watched()
    await standings.put_progress(Progress(region=EAST, phase=Phase.RETURNING, since=NOON))
    assert (await watch.may_work(), await watch.hands_over()) == (False, False)


@in_virtual_time
async def test_a_peer_that_is_lost_is_known_to_be_and_keeps_this_region_at_work() -> None:
    standings, watch = watched()
    standings.table.verdicts[EAST] = Verdict(EAST, WEST, True, NOON, NOON)
    await standings.put_order(GO)
    assert (await watch.peer_lost(), await watch.may_work()) == (True, True)


@in_virtual_time
async def test_a_table_that_refuses_changes_nothing() -> None:
    standings, watch = watched()
    standings.table.refusing = True
    assert await watch.may_work()
    standings.table.refusing = False
    await standings.put_order(GO)
    await pass_time(FRESH_SECONDS)
    assert not await watch.may_work()
    standings.table.refusing = True
    await pass_time(FRESH_SECONDS)
    assert not await watch.may_work()
