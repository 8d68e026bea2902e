"""A peer that is held for lost, and what says that it writes again. Its own clock may be far ahead or behind."""

import asyncio

import pytest

from functions.adapters.memory import MemoryRegister
from functions.application.hear_peer import FRESH_SECONDS, HearPeer
from functions.application.ports import StateUnavailable
from functions.domain.job.history import JobRecord, Segment
from functions.domain.ownership.verdict import Heartbeat, Verdict
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import EAST, JOB, WEST, Region, submitted, two_regions
from tests.unit.domain.job.writing import NOON, at, started

STALE = 20.0
FAR = 3600.0


async def with_a_lost_peer(beat: int = 7, clock: float = FAR) -> tuple[Region, HearPeer]:
    """Return west, which has not heard of east since its heartbeat of that number."""
    _, west = two_regions(Effects().walker(1))
    await west.register.beat(Heartbeat(EAST, at(clock), beat))
    await west.register.put_verdict(Verdict(WEST, EAST, True, NOON, NOON, beat))
    return west, hearing(west)


def hearing(region: Region) -> HearPeer:
    """Return the use case, as a new process has it."""
    return HearPeer(
        register=region.register,
        clock=region.clock,
        region=region.name,
        peer_region=region.peer.name,
        stale_seconds=STALE,
    )


def written(seconds: float, region: str = EAST) -> JobRecord:
    """Return a job whose newest segment a Region wrote then, by its own clock."""
    event = started(seconds)
    return JobRecord((Segment(JOB, 1, region, 2, (event,)),), ())


@in_virtual_time
async def test_a_lost_peer_of_which_nothing_new_has_come_is_silent() -> None:
    _, hears = await with_a_lost_peer()
    assert await hears.is_silent()


@in_virtual_time
async def test_all_who_ask_at_once_are_told_of_it_by_one_look() -> None:
    """Ten jobs of a lost peer come to a worker in one batch, and each asks."""
    west, hears = await with_a_lost_peer()
    hears.register = slow = SlowRegister(west.table)
    assert await asyncio.gather(*(hears.is_silent() for _ in range(10))) == [True] * 10
    assert slow.looks == 1


class SlowRegister(MemoryRegister):
    """Reads take a while, as DynamoDB's do."""

    looks = 0

    async def last_beat(self, region: str) -> Heartbeat | None:
        self.looks += 1
        await pass_time(0.005)
        return await MemoryRegister.last_beat(self, region)


@in_virtual_time
async def test_a_new_heartbeat_ends_the_silence_within_a_second() -> None:
    west, hears = await with_a_lost_peer()
    assert await hears.is_silent()
    await west.register.beat(Heartbeat(EAST, at(FAR), 8))
    assert await hears.is_silent()
    await pass_time(FRESH_SECONDS)
    assert not await hears.is_silent()


@pytest.mark.parametrize("clock", [0.0, -FAR, FAR])
@in_virtual_time
async def test_a_write_far_later_than_the_last_heartbeat_ends_it_for_as_long_as_a_heartbeat_counts(
    clock: float,
) -> None:
    _, hears = await with_a_lost_peer(clock=clock)
    assert await hears.leaves(written(clock + STALE - 1))
    assert not await hears.leaves(written(clock + STALE))
    await pass_time(STALE - 1)
    assert not await hears.is_silent()
    await pass_time(1)
    assert await hears.leaves(written(clock + STALE))


@in_virtual_time
async def test_what_this_region_wrote_itself_says_nothing_of_the_peer() -> None:
    _, hears = await with_a_lost_peer(clock=0.0)
    assert await hears.leaves(written(FAR, WEST))


@in_virtual_time
async def test_a_table_that_refuses_is_no_silence() -> None:
    west, hears = await with_a_lost_peer()
    west.table.refusing = True
    for _ in range(2):
        with pytest.raises(StateUnavailable):
            await hears.is_silent()
    west.table.refusing = False
    assert await hears.is_silent()


@in_virtual_time
async def test_a_job_of_a_peer_that_is_heard_again_is_not_adopted_though_the_verdict_stands() -> None:
    east, west = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    await west.register.put_verdict(Verdict(WEST, EAST, True, NOON, NOON, 7))
    await west.register.beat(Heartbeat(EAST, NOON, 8))
    adopt = west.adopt_jobs()
    adopt.hears = hearing(west)
    assert (await adopt.adopt()).examined == 0
    await west.register.put_verdict(Verdict(WEST, EAST, True, NOON, NOON, 8))
    await pass_time(FRESH_SECONDS)
    assert (await adopt.adopt()).adopted == 1


@in_virtual_time
async def test_of_a_peer_that_is_heard_again_amid_adoption_no_further_job_is_adopted() -> None:
    east, west = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    await west.register.put_verdict(Verdict(WEST, EAST, True, NOON, NOON, 7))
    await west.register.beat(Heartbeat(EAST, at(-STALE), 7))
    adopt = west.adopt_jobs()
    adopt.hears = hearing(west)
    report = await adopt.adopt()  # the job was written as late as only a living Region's can be
    assert (report.examined, report.adopted, west.state(JOB).owner_region) == (1, 0, EAST)
