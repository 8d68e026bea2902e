"""The sweeper's minute: it sweeps, and adopts while the peer is held for lost."""

from dataclasses import fields

import pytest

from functions.adapters.memory import MemoryProjections
from functions.adapters.memory_schedules import MemoryRounds
from functions.application.keep_sweeping import PAUSE_SECONDS, KeepSweeping
from functions.application.stand_in import SWEEPER, Signs
from functions.application.wake_jobs import WakeJobs
from functions.domain.job.history import Segment
from functions.domain.job.state import fold, snapshot_of
from functions.domain.ownership.verdict import LOOK_BACK_SECONDS, Verdict
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    STALL_SECONDS,
    WEST,
    Log,
    Region,
    request,
    submitted,
    two_regions,
)
from tests.unit.domain.job.writing import NOON, adopted, at, started, step
from tests.unit.domain.job.writing import submitted as submission


def keep_sweeping(region: Region, *, adoption: bool = True) -> KeepSweeping:
    return KeepSweeping(
        sweep=region.sweep_jobs(),
        adopt=region.adopt_jobs() if adoption else None,
        register=region.register,
        clock=region.clock,
        region=region.name,
        signs=Signs(rounds=MemoryRounds(region.table), clock=region.clock, name=SWEEPER),
    )


async def with_a_job_of_the_lost_east(*, lost: bool = True) -> Region:
    east, west = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    await west.register.put_verdict(Verdict(WEST, EAST, lost, NOON))
    return west


@in_virtual_time
async def test_a_minute_is_a_dozen_rounds_and_ends_in_time() -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    log = Log()
    await keep_sweeping(east).run(62, log)
    assert 62 - PAUSE_SECONDS <= east.clock.monotonic() <= 62
    assert log.count("swept") == 2
    assert len(east.waiting()) == 2


@in_virtual_time
async def test_while_the_peer_is_lost_its_jobs_are_adopted() -> None:
    west = await with_a_job_of_the_lost_east()
    log = Log()
    await keep_sweeping(west).run(10, log)
    assert west.state(JOB).owner_region == WEST
    assert ("adopted", {"examined": 1, "adopted": 1, "peer": EAST, "lost_since": NOON}) in log.said


@in_virtual_time
async def test_while_the_peer_is_there_its_jobs_are_its_own() -> None:
    west = await with_a_job_of_the_lost_east(lost=False)
    await keep_sweeping(west).run(62, Log())
    assert west.state(JOB).owner_region == EAST


@in_virtual_time
async def test_without_a_verdict_nothing_is_adopted() -> None:
    west = await with_a_job_of_the_lost_east()
    west.table.verdicts.clear()
    await keep_sweeping(west).run(62, Log())
    assert west.state(JOB).owner_region == EAST


@in_virtual_time
async def test_switched_off_nothing_is_adopted() -> None:
    west = await with_a_job_of_the_lost_east()
    await keep_sweeping(west, adoption=False).run(62, Log())
    assert west.state(JOB).owner_region == EAST


@in_virtual_time
async def test_a_table_that_refuses_is_said_to_the_log_and_tried_again() -> None:
    west = await with_a_job_of_the_lost_east()
    log = Log()
    west.table.refusing = True
    await keep_sweeping(west).run(11, log)
    assert (log.count("sweep_refused"), log.count("adoption_refused")) == (3, 3)
    west.table.refusing = False
    await keep_sweeping(west).run(1, log)
    assert west.state(JOB).owner_region == WEST


@in_virtual_time
async def test_own_jobs_that_cannot_be_put_back_do_not_keep_the_peers_from_being_adopted() -> None:
    west = await with_a_job_of_the_lost_east()
    await submitted(west, "walk", idempotency_key="own")
    await pass_time(STALL_SECONDS)
    west.lanes.refusing = True
    log = Log()
    await keep_sweeping(west).run(1, log)
    assert (log.count("sweep_refused"), log.count("adoption_refused")) == (1, 1)
    assert west.state(JOB).owner_region == WEST


@in_virtual_time
async def test_a_job_that_only_the_sweeper_can_name_is_adopted_in_the_same_round() -> None:
    west = await with_a_job_of_the_lost_east()
    west.table.segments.clear()
    west.put(Segment(JOB, 1, WEST, 1, (submission(),)), Segment(JOB, 2, EAST, 4, (step("without its beginning"),)))
    await pass_time(STALL_SECONDS)
    log = Log()
    await keep_sweeping(west).run(1, log)
    assert (west.state(JOB).owner_region, west.state(JOB).epoch, west.state(JOB).complete) == (WEST, 3, True)
    assert ("swept", {"examined": 1, "put_back": 0, "unclear": 1}) in log.said


@in_virtual_time
async def test_when_the_peer_is_back_it_is_looked_for_what_came_to_it_for_a_while() -> None:
    looks: list[tuple[float, str, str]] = []

    class Looking(WakeJobs):
        async def look_back(self, parted_at: str, back_at: str) -> None:
            looks.append((self.clock.monotonic(), parted_at, back_at))

    _, west = two_regions(Effects().walker(1))
    await west.register.put_verdict(Verdict(WEST, EAST, False, at(5), NOON))
    keep = keep_sweeping(west)
    assert keep.adopt is not None
    known = keep.adopt.wake
    keep.adopt.wake = Looking(**{each.name: getattr(known, each.name) for each in fields(known) if each.name[0] != "_"})
    await keep.run(5 + LOOK_BACK_SECONDS + 60, Log())
    assert {look[1:] for look in looks} == {(NOON, at(5))}
    assert looks[-1][0] == LOOK_BACK_SECONDS


BEGUN = Segment(JOB, 1, EAST, 1, (submission(),))
ADOPTED = Segment(JOB, 2, WEST, 2, (adopted(1, EAST, 1),))


async def with_a_snapshot(region: Region, *segments: Segment) -> None:
    state = fold([BEGUN, ADOPTED, *segments])
    assert state is not None
    await MemoryProjections(region.table).put_snapshot(snapshot_of(JOB, state, WEST))
    await pass_time(STALL_SECONDS)


@in_virtual_time
async def test_a_job_of_the_peers_whose_snapshot_came_without_the_beginning_is_adopted_with_it_lost() -> None:
    """Nothing else leads to the job: the peer's entry is on that beginning, and is lost with it."""
    east, _ = two_regions(Effects().walker(1))
    east.put(BEGUN)
    await with_a_snapshot(east, Segment(JOB, 2, WEST, 3, (step("b"),)))
    await east.register.put_verdict(Verdict(EAST, WEST, True, NOON))
    await keep_sweeping(east).run(10, Log())
    assert (east.state(JOB).epoch, east.state(JOB).owner_region) == (3, EAST)


@in_virtual_time
async def test_a_job_of_the_peers_whose_snapshot_came_with_the_beginning_is_looked_at_once() -> None:
    east, _ = two_regions(Effects().walker(1))
    east.put(BEGUN, ADOPTED)
    await with_a_snapshot(east)
    log = Log()
    await keep_sweeping(east).run(600, log)
    assert log.count("swept") == 1
    head = east.head(JOB)
    assert head is None or head.due_at is None


@pytest.mark.parametrize("lost", [True, False])
@in_virtual_time
async def test_a_job_of_the_lost_peers_of_which_only_a_snapshot_came_is_adopted_when_somebody_asks_for_it_again(
    lost: bool,
) -> None:
    east, west = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    east.put(begun := Segment(JOB, 1, EAST, 2, (started(),)))
    known, beginning = east.state(JOB), dict(west.table.segments)
    west.table.segments.clear()
    west.put(begun)
    await MemoryProjections(west.table).put_snapshot(snapshot_of(JOB, known, EAST))
    await west.register.put_verdict(Verdict(WEST, EAST, lost, NOON))
    await keep_sweeping(west).run(600, Log())
    assert west.head(JOB) is None  # nothing leads to it
    east.table.refusing = lost
    await west.submit_job().submit(request("walk", input={}))
    if not lost:  # it was only late
        west.table.segments.update(beginning)
    await keep_sweeping(west).run(600, Log())
    west.table.segments.update(beginning)
    assert (west.state(JOB).epoch, west.state(JOB).owner_region) == ((2, WEST) if lost else (1, EAST))
    head = west.head(JOB)
    assert head is not None
    assert (head.due_at is None) is not lost
