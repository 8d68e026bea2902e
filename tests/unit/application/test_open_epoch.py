"""Opening an epoch: where it continues, who is first, and what becomes of a job that waits, is halted or is to end."""

from dataclasses import replace

import pytest

from functions.adapters.memory import MemoryHistory, MemoryTable
from functions.application.open_epoch import open_epoch
from functions.application.ports import Due, LaneSend
from functions.application.sweep_jobs import PATIENCE_SECONDS
from functions.domain.job.history import Head
from functions.domain.job.state import JobState, fold
from functions.domain.lanes import LaneMessage
from functions.sdk import Context
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Diary, Effects
from tests.unit.application.fleet import Deadly, Fleet
from tests.unit.application.stories import (
    DAY,
    begun,
    cancelled,
    careful,
    child_ended_in_east,
    paused,
    resumed,
    signalled,
)
from tests.unit.application.two_regions import STALL_SECONDS, replicate, two_regions
from tests.unit.domain.job.writing import EAST, JOB, WEST, adopted, at, segment, started, step, submitted
from tests.unit.domain.job.writing import paused as paused_event


async def opened(table: MemoryTable, state: JobState) -> LaneSend | None:
    return await open_epoch(
        MemoryHistory(table), JOB, state, region=WEST, now=at(60), stall_seconds=30, reason="us-east-1 is lost"
    )


@in_virtual_time
async def test_an_epoch_continues_after_the_last_event_that_is_read_whatever_epoch_that_is_of() -> None:
    table = MemoryTable()
    state = fold([segment(1, EAST, 1, submitted(), started()), segment(4, EAST, 9, step("without its beginning"))])
    assert state is not None
    hint = await opened(table, state)
    assert hint == LaneSend("standard", LaneMessage(JOB, 5, "adopted"), "acme")
    (row,) = table.segments.values()
    assert row.due == Due(at(90), "standard")
    assert row.segment == segment(5, WEST, 3, adopted(1, EAST, 2, seconds=60))


@in_virtual_time
async def test_of_two_who_open_one_epoch_the_second_gets_nothing_whatever_it_has_read() -> None:
    table = MemoryTable()
    read_less, read_more = fold([segment(1, EAST, 1, submitted())]), fold([segment(1, EAST, 1, submitted(), started())])
    assert read_less is not None
    assert read_more is not None
    assert await opened(table, read_less) is not None
    assert await opened(table, read_more) is None
    assert len(table.segments) == 1


@in_virtual_time
async def test_a_waiting_job_that_is_adopted_waits_on_and_takes_its_signal_in_the_other_region() -> None:
    async def work(ctx: Context) -> object:
        await ctx.sleep(600)
        return await ctx.signal("go", timeout=DAY)

    east, fleet = await begun(work)
    await fleet.pass_time(100)
    replicate(east, east.peer)
    west = east.peer
    assert (await west.adopt_jobs().adopt()).adopted == 1
    assert (west.state(JOB).status, west.state(JOB).owner_region) == ("waiting", WEST)
    adopters = Fleet(west)
    await adopters.pass_time(300)
    assert west.kinds().count("attempt_started") == 1  # East's
    await adopters.pass_time(300)
    await signalled(west, "go/1", 7)
    await adopters.finish()
    assert west.state(JOB).result == 7
    assert adopters.reasons() == ["adopted", "due", "arrived"]


@in_virtual_time
async def test_a_paused_job_that_is_adopted_stays_paused_until_it_is_resumed_there() -> None:
    async def work(ctx: Context) -> object:
        await ctx.sleep(60)
        return "slept"

    east, fleet = await begun(work)
    await fleet.rest()
    await paused(east)
    await fleet.pass_time(10)
    replicate(east, east.peer)
    west = east.peer
    await west.adopt_jobs().adopt()
    adopters = Fleet(west)
    await adopters.pass_time(DAY)
    assert (west.state(JOB).status, west.state(JOB).halted) == ("waiting", True)
    await resumed(west)
    await adopters.finish()
    assert west.state(JOB).result == "slept"


@in_virtual_time
async def test_a_job_that_is_adopted_while_it_undoes_its_work_goes_on_with_that() -> None:
    diary = Diary()
    east, fleet = await begun(careful(diary))
    await fleet.rest()
    await cancelled(east, by="bob")
    await fleet.pass_time(20)  # the first step of undoing is done, and the job sleeps
    replicate(east, east.peer)
    west = east.peer
    await west.adopt_jobs().adopt()
    diary.region = west
    adopters = Fleet(west)
    await adopters.finish()
    assert west.state(JOB).status == "cancelled"
    assert diary.entries == ["book", "undo 1", "undo 2"]
    assert not diary.again


@in_virtual_time
async def test_a_cancel_that_the_lost_region_had_not_taken_in_is_taken_in_by_the_adopter() -> None:
    diary = Diary()
    east, fleet = await begun(careful(diary))
    await fleet.rest()
    await cancelled(east, by="bob")
    east.waiting()  # East is lost at this moment
    replicate(east, east.peer)
    west = east.peer
    await west.adopt_jobs().adopt()
    await Fleet(west).finish()
    assert west.state(JOB).status == "cancelled"
    assert diary.entries == ["book", "undo 1", "undo 2"]


@in_virtual_time
async def test_a_halted_job_that_has_lost_a_part_is_held_as_soon_as_something_arrives_for_it() -> None:
    east, _ = two_regions(Effects().walker(1))
    east.put(segment(1, EAST, 1, submitted(agent="walk")), segment(1, EAST, 2, step("a")))
    east.put(segment(1, EAST, 3, paused_event()))
    east.table.heads[JOB, EAST] = Head(JOB, EAST, 1, 3, "waiting", "standard", at(3600))
    sweep = east.sweep_jobs()
    await pass_time(60)
    await sweep.sweep()
    del east.table.segments[JOB, 1, EAST, 2]  # the Region was lost, and came back without it
    await resumed(east)
    assert (await sweep.sweep()).unclear == (JOB,)
    while not (await sweep.sweep()).put_back:
        await pass_time(5)
    assert east.clock.monotonic() < PATIENCE_SECONDS + 3 * STALL_SECONDS
    await east.work()
    assert east.state(JOB).status == "succeeded"


@in_virtual_time
async def test_an_adopted_child_ends_as_its_parents_own_history_says_when_what_told_the_parent_is_lost() -> None:
    _, west, child = await child_ended_in_east()
    west.table.arrivals.clear()
    await west.adopt_jobs().adopt(also=(child, JOB))
    fleet = Fleet(west)
    await fleet.until(lambda: west.state(child).finished)
    assert (west.state(child).status, west.state(child).result) == ("succeeded", 100)
    assert "attempt_started" not in [item.event.kind for item in west.state(child).history if item.region == WEST]


@in_virtual_time
async def test_what_its_parent_was_told_stands_though_it_arrives_while_the_adopted_child_runs_again() -> None:
    _, west, child = await child_ended_in_east()
    ((key, told),) = west.table.arrivals.items()
    otherwise = replace(told.arrival, body={"job_id": child, "status": "succeeded", "result": "otherwise"})
    west.table.arrivals.clear()
    for place in [place for place in west.table.segments if place[0] == JOB]:
        del west.table.segments[place]
    await west.adopt_jobs().adopt(also=(child,))

    class Late(Deadly):
        async def burn(self, what: str) -> None:
            await Deadly.burn(self, what)
            if what == "after append":
                west.table.arrivals[key] = replace(told, arrival=otherwise)

    fleet = Fleet(west, fuse=Late())
    await fleet.until(lambda: west.state(child).finished)
    assert "attempt_started" in [item.event.kind for item in west.state(child).history if item.region == WEST]
    assert west.state(child).result == "otherwise"


@pytest.mark.parametrize("waited_for", ["a day", "a signal"])
@in_virtual_time
async def test_a_job_whose_wait_is_lost_is_gone_on_with_though_its_head_still_names_a_far_time(waited_for: str) -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        await ctx.tool(diary.write, "begun")
        await (ctx.sleep(DAY) if waited_for == "a day" else ctx.signal("go", timeout=DAY))
        return "done"

    east, fleet = await begun(work)
    await fleet.pass_time(10)
    assert east.state(JOB).status == "waiting"
    for place in [place for place, row in east.table.segments.items() if row.segment.first_sequence > 1]:
        del east.table.segments[place]  # the Region was lost, and came back with the head alone
    await fleet.pass_time(2 * STALL_SECONDS)
    assert east.state(JOB).status == "waiting"
    assert diary.entries == ["begun", "begun"]
