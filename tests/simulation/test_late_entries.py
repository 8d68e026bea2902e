"""What comes into the due index late: the newest entries are read in each round, all behind the cursor now and then.

And what is stranded behind the cursor of a Region that was given its data anew: each new sweeper looks there once.
"""

import contextlib
from dataclasses import replace

import pytest

from functions.application import sweep_jobs
from functions.application.sweep_jobs import CURSOR_MARGIN_SECONDS, LATE_SECONDS
from functions.domain.ids import job_id
from functions.domain.job.history import Head, Segment
from functions.domain.moments import add_seconds
from tests.simulation.virtual_time import in_virtual_time, pass_time, run_virtually
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    STALL_SECONDS,
    TENANT,
    Crash,
    Fuse,
    Region,
    submitted,
    two_regions,
)
from tests.unit.application.written_history import written
from tests.unit.domain.job.writing import at, started, step, succeeded
from tests.unit.domain.job.writing import submitted as submission


@pytest.mark.parametrize(("late", "within"), [(LATE_SECONDS - 5, 5), (CURSOR_MARGIN_SECONDS - 65, 60)])
@in_virtual_time
async def test_a_warm_sweeper_finds_an_entry_that_has_come_into_the_index_late(late: float, within: float) -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    sweep = east.sweep_jobs()
    for _ in range(20):
        await pass_time(5)
        await sweep.sweep()
    at_last = east.clock.monotonic()
    name = job_id(TENANT, "late")
    submitted_at = add_seconds(east.clock.now(), -STALL_SECONDS - late)
    east.put(Segment(name, 1, EAST, 1, (replace(submission(), at=submitted_at),)))
    east.waiting()
    while name not in {send.message.job_id for send in east.waiting()}:
        await sweep.sweep()
        await pass_time(5)
        assert east.clock.monotonic() - at_last <= within + 5


async def given_anew(head: Head | None, *segments: Segment) -> Region:
    """A Region that lost its data, and was given this, and a cursor that lies behind all of it: nobody missed it."""
    east, _ = two_regions(Effects().walker(3))
    east.put(*segments)
    if head is not None:
        east.table.heads[JOB, EAST] = head
    await pass_time(200)
    for shard in range(4):
        east.table.cursors[EAST, "standard", shard] = add_seconds(east.clock.now(), -CURSOR_MARGIN_SECONDS)
    return east


async def swept_for(east: Region, seconds: float) -> None:
    """Sweep with one process, and work off what is put back."""
    sweep = east.sweep_jobs()
    for _ in range(int(seconds / 5)):
        await sweep.sweep()
        await east.work()
        await pass_time(5)


ENDED = Head(JOB, EAST, 1, 6, "succeeded", "standard")
BEGUN = written(1, EAST, 1, submission(agent="walk"))


@in_virtual_time
async def test_a_job_whose_end_was_given_back_without_a_part_before_it_comes_to_its_end_again() -> None:
    east = await given_anew(ENDED, BEGUN, written(1, EAST, 5, step("tread#3"), succeeded()))
    await swept_for(east, 1200)
    state = east.state(JOB)
    assert (state.status, state.complete, state.epoch) == ("succeeded", True, 2)


@in_virtual_time
async def test_a_job_that_was_given_back_without_its_head_comes_to_its_end() -> None:
    east = await given_anew(None, BEGUN, written(1, EAST, 2, started()))
    await swept_for(east, 60)
    assert east.state(JOB).status == "succeeded"


def test_wherever_a_sweeper_dies_as_it_looks_behind_the_next_one_finds_the_job() -> None:
    async def dies_at(call: int) -> bool:
        east = await given_anew(None, BEGUN)
        fuse = Fuse(call)
        with contextlib.suppress(Crash):
            await east.sweep_jobs(fuse).sweep()
        await pass_time(5)
        await east.sweep_jobs().sweep()
        assert east.waiting(), fuse.burned
        return fuse.blown

    call = 0
    while run_virtually(dies_at(call)):
        call += 1
    assert call > 10


@in_virtual_time
async def test_a_warm_sweeper_looks_behind_once_a_part_in_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_jobs, "BEHIND", 3)
    others = [Segment(job_id(TENANT, f"{number}"), 1, EAST, 1, (submission(),)) for number in range(100)]
    east = await given_anew(None, *others)
    sweep = east.sweep_jobs()
    examined = [(await sweep.sweep()).examined for _ in range(20)]
    assert max(examined) <= 3 * 4
    assert sum(examined) == 100
    assert examined[-1] == 0


@in_virtual_time
async def test_what_has_ended_or_has_a_later_entry_is_left_alone_behind_the_cursor() -> None:
    waits = Head(JOB, EAST, 1, 2, "running", "standard", due_at=at(500))
    east = await given_anew(waits, BEGUN, written(1, EAST, 2, started()))
    ended = job_id(TENANT, "ended")
    east.put(Segment(ended, 1, EAST, 1, (submission(), succeeded())))
    assert (await east.sweep_jobs().sweep()).examined == 0
