"""A worker, a submit, an adoption, cut short at every port call in turn, and workers that get in each other's way."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

import pytest

from functions.application.advance_job import AdvanceJob
from functions.application.ports import StateUnavailable
from functions.application.sweep_jobs import SweepJobs
from functions.domain.ids import digest_of
from functions.domain.job.events import JobSucceeded
from functions.domain.job.history import Segment
from functions.domain.lanes import LaneMessage
from tests.simulation.virtual_time import in_virtual_time, pass_time, run_virtually
from tests.unit.application.agents import Effects
from tests.unit.application.stories import agent_of, signalled
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    STALL_SECONDS,
    WEST,
    Crash,
    Fuse,
    Region,
    advance,
    replicate,
    submitted,
    two_regions,
)
from tests.unit.domain.job.writing import step

CUT_SHORT = pytest.mark.parametrize("error", [Crash, lambda: StateUnavailable("no answer")])


def due_at(region: Region) -> str | None:
    head = region.head(JOB)
    assert head is not None
    return head.due_at


@CUT_SHORT
def test_wherever_a_worker_stops_the_next_one_goes_on_and_repeats_no_recorded_step(
    error: Callable[[], BaseException],
) -> None:
    async def stopped_at(call: int) -> bool:
        effects = Effects()
        east, _ = two_regions(effects.walker(3, seconds=4))
        message = await submitted(east, "walk")
        fuse = Fuse(call, error)
        with contextlib.suppress(Crash, StateUnavailable):
            await advance(east, message, fuse)
        recorded = set(east.state(JOB).steps)
        before = effects.done.copy()
        await advance(east, message, delivery=2)
        assert east.state(JOB).result == ["trodden 1", "trodden 2", "trodden 3"], fuse.burned
        repeated = {name for name in recorded if effects.done[name] > before[name]}
        assert not repeated, fuse.burned
        assert set(effects.done) == {"tread", "tread#2", "tread#3"}
        assert max(effects.done.values()) <= 2, fuse.burned
        return fuse.blown

    async def program() -> int:
        calls = 0
        while await stopped_at(calls):
            calls += 1
        return calls

    assert run_virtually(program()) >= 12


@in_virtual_time
async def test_a_job_whose_worker_vanished_is_found_by_the_sweeper_and_goes_on() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(2))
    message = await submitted(east, "walk")
    with pytest.raises(Crash):
        await advance(east, message, Fuse(5))  # after the first step was recorded
    await pass_time(STALL_SECONDS)
    assert (await east.sweep_jobs().sweep()).put_back == 1
    await east.work()
    assert east.state(JOB).status == "succeeded"
    assert effects.done["tread"] == 1


@in_virtual_time
async def test_of_two_workers_at_once_one_stops_and_the_job_has_one_result() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(4, seconds=1))
    message = await submitted(east, "walk")
    stop_at = east.clock.monotonic() + 100
    workers = [east.advance_job(worker=name) for name in ("first", "second")]
    await asyncio.gather(*(worker.advance(message, delivery=1, stop_at=stop_at) for worker in workers))
    state = east.state(JOB)
    assert (state.status, state.complete, state.superseded) == ("succeeded", True, ())
    assert east.kinds().count("attempt_started") == 1
    assert effects.done["tread"] == 2
    assert max(effects.done[f"tread#{number}"] for number in (2, 3, 4)) == 1


@in_virtual_time
async def test_a_worker_that_lost_the_race_at_the_very_end_leaves_the_others_due_entry_alone() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(1, seconds=12, expensive=False))
    message = await submitted(east, "walk")
    slow = asyncio.create_task(advance(east, message))
    await pass_time(11)
    assert due_at(east) is not None
    opening = east.segments(JOB)[-1]
    east.put(Segment(JOB, 1, EAST, opening.last_sequence + 1, (step("of another worker"),)))
    await slow
    assert due_at(east) is not None
    assert not east.state(JOB).finished


@in_virtual_time
async def test_an_ancient_worker_that_wakes_up_after_the_end_changes_nothing() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(1, seconds=1000))
    message = await submitted(east, "walk")
    ancient = asyncio.create_task(advance(east, message, seconds=5000))
    await pass_time(1)
    ahead = (step("tread", "of another worker"), JobSucceeded(at=east.clock.now(), result=["of another worker"]))
    east.put(Segment(JOB, 1, EAST, 2, ahead))
    await ancient
    assert east.state(JOB).result == ["of another worker"]
    assert len(east.segments(JOB)) == 2


async def east_is_lost_in_the_middle(effects: Effects) -> tuple[Region, Region]:
    """Return both Regions after the first one died with one step of three recorded and replicated."""
    east, west = two_regions(effects.walker(3))
    with contextlib.suppress(Crash):
        await advance(east, await submitted(east, "walk"), Fuse(4))
    replicate(east, west)
    assert west.kinds() == ["submitted", "attempt_started", "step_succeeded"]
    return east, west


@CUT_SHORT
def test_wherever_an_adoption_is_cut_short_another_pass_completes_it(error: Callable[[], BaseException]) -> None:
    async def cut_short_at(call: int) -> bool:
        effects = Effects()
        _, west = await east_is_lost_in_the_middle(effects)
        fuse = Fuse(call, error)
        with contextlib.suppress(Crash, StateUnavailable):
            await west.adopt_jobs(fuse).adopt()
        await west.adopt_jobs().adopt()
        await pass_time(STALL_SECONDS)
        await west.sweep_jobs().sweep()
        await west.work()
        state = west.state(JOB)
        assert (state.status, state.epoch, state.owner_region, state.adoptions) == ("succeeded", 2, WEST, 1), (
            fuse.burned
        )
        assert effects.done == {"tread": 1, "tread#2": 2, "tread#3": 1}, fuse.burned  # the second was not recorded
        return fuse.blown

    async def program() -> int:
        calls = 0
        while await cut_short_at(calls):
            calls += 1
        return calls

    assert run_virtually(program()) > 20


@in_virtual_time
async def test_of_two_adopters_at_once_one_adopts() -> None:
    effects = Effects()
    _, west = await east_is_lost_in_the_middle(effects)
    passes = [west.adopt_jobs(Fuse(gives_way=True)) for _ in range(2)]
    reports = await asyncio.gather(*(each.adopt() for each in passes))
    assert sum(report.adopted for report in reports) >= 1
    assert [segment.epoch for segment in west.segments(JOB) if segment.region == WEST] == [2]
    await west.work()
    assert west.state(JOB).status == "succeeded"


@in_virtual_time
async def test_of_two_adopters_that_read_different_parts_of_the_history_one_adopts() -> None:
    effects = Effects()
    east, west = await east_is_lost_in_the_middle(effects)
    late = Segment(JOB, 1, EAST, 4, (replace(step("tread#2", "trodden 2"), arguments=digest_of([[2], {}])),))

    class ReadsBeforeMore(Fuse):
        async def burn(self, what: str) -> None:
            if what == "before append":
                west.put(late)  # arrives between one adopter's read and its append; the other one reads it
                await west.adopt_jobs().adopt()

    await west.adopt_jobs(ReadsBeforeMore()).adopt()
    assert [segment.epoch for segment in west.segments(JOB) if segment.region == WEST] == [2]
    assert west.state(JOB).complete
    await west.work()
    assert west.state(JOB).result == ["trodden 1", "trodden 2", "trodden 3"]
    assert east.name == EAST


@in_virtual_time
async def test_both_regions_agree_after_a_lost_one_comes_back_with_what_it_did_meanwhile() -> None:
    effects = Effects()
    east, west = await east_is_lost_in_the_middle(effects)
    await west.adopt_jobs().adopt()
    await advance(east, LaneMessage(JOB, 1, "stalled"))  # alive after all, and cut off: it runs to an end of its own
    assert east.state(JOB).status == "succeeded"
    await west.work()
    replicate(east, west)
    replicate(west, east)
    assert east.state(JOB) == west.state(JOB)
    assert (west.state(JOB).owner_region, west.state(JOB).status) == (WEST, "succeeded")
    assert {item.region for item in west.state(JOB).superseded} == {EAST}
    assert effects.done["tread"] == 1


async def a_signal_slips_in_as_the_job_leaves_its_worker() -> tuple[Region, SweepJobs]:
    """Return the Region in which one came at the last moment: its hint was not needed yet, and the sweeper was by.

    A sweeper that has just started would look at what came in the last two minutes once more; this one has seen it.
    """
    east, _ = two_regions(agent_of(lambda ctx: ctx.signal("go", timeout=3600.0)))
    message = await submitted(east, "work")
    await east.advance_job().advance(message, delivery=1, stop_at=-1.0)  # yields at once: from now on it is running
    sweep = east.sweep_jobs()
    for _ in range(3):  # beyond the due entry of its submission
        await pass_time(STALL_SECONDS)
        await sweep.sweep()
    *_, again = east.waiting()

    class SlipsIn(Fuse):
        async def burn(self, what: str) -> None:
            if what == "before append" and not east.table.arrivals and "attempt_started" in east.kinds()[2:]:
                await signalled(east, "go/1", "slipped in")
                await sweep.sweep()

    await advance(east, again.message, SlipsIn())
    assert east.table.arrivals
    return east, sweep


@in_virtual_time
async def test_what_slips_in_as_a_job_leaves_its_worker_wakes_it_all_the_same() -> None:
    east, _ = await a_signal_slips_in_as_the_job_leaves_its_worker()
    await east.work()
    assert east.state(JOB).result == "slipped in"


@in_virtual_time
async def test_without_the_look_after_it_was_seen_to_wait_a_job_would_sleep_through_it() -> None:
    async def no_look(advance: AdvanceJob, known: object) -> None:
        """The rule that is switched off."""

    with patch.object(AdvanceJob, "_look_once_more", no_look):
        east, sweep = await a_signal_slips_in_as_the_job_leaves_its_worker()
        for _ in range(60):
            await east.work()
            await pass_time(30)
            await sweep.sweep()
        assert east.state(JOB).status == "waiting"
