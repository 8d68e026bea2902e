"""Jobs that call jobs: what a parent learns of its children, and what becomes of a family when one of it ends."""

import asyncio
from typing import Any

import pytest

from functions.application.agent_ports import CallRequest
from functions.application.call_child import DEEPEST
from functions.domain.ids import child_job_id, job_id
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import Json
from functions.domain.job.state import JobState
from functions.sdk import Context, agent
from tests.in_depth import every
from tests.simulation.machine import current_process
from tests.simulation.virtual_time import in_virtual_time, pass_time, run_virtually
from tests.unit.application.agents import Diary
from tests.unit.application.fleet import Deadly, Fleet
from tests.unit.application.stories import DAY, Wish, begun, cancelled, children, jobs_of, told
from tests.unit.application.two_regions import (
    JOB,
    STALL_SECONDS,
    TENANT,
    Region,
    request,
    two_regions,
)


def child_of(region: Region, step: str = "child") -> JobState:
    return region.state(child_job_id(JOB, step))


@in_virtual_time
async def test_a_parent_waits_without_a_worker_and_gets_its_childs_result() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.call("child", Wish(seconds=1000))

    east, fleet = await begun(work, children())
    await fleet.pass_time(500)
    assert not fleet.busy
    assert (east.state(JOB).status, child_of(east).status) == ("waiting", "waiting")
    await fleet.finish()
    assert east.state(JOB).result == 2000
    assert 1000 <= fleet.now < 1003
    assert east.kinds().count("attempt_started") == 2


@in_virtual_time
async def test_a_child_is_a_job_of_its_own_in_both_regions_that_knows_who_called_it() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.call("child", Wish(seconds=100), lane="batch")

    deadline = "2026-11-21T15:00:00.000Z"
    east, fleet = await begun(work, children(), deadline=deadline)
    await fleet.rest()
    child = child_of(east)
    assert child.job == child_of(east.peer).job
    assert (child.job.tenant, child.job.lane, child.job.deadline) == (TENANT, "batch", deadline)
    assert child.job.parent is not None
    assert (child.job.parent["job_id"], child.job.parent["step"]) == (JOB, "child")
    assert child_job_id(JOB, "child") != job_id(TENANT, "child")
    await fleet.finish()


@in_virtual_time
async def test_children_run_side_by_side() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.gather(*(ctx.call("child", Wish(seconds=number)) for number in (300, 100, 200)))

    east, fleet = await begun(work, children())
    await fleet.finish()
    assert east.state(JOB).result == [600, 200, 400]
    assert 300 <= fleet.now < 305


@in_virtual_time
async def test_no_more_children_run_at_once_than_a_map_allows_and_each_is_called_once() -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        return await ctx.map(lambda number: ctx.call("child", Wish(seconds=number)), range(10, 15), concurrency=2)

    east, fleet = await begun(work, children(diary))
    most = 0
    while not east.state(JOB).finished:
        await fleet.pass_time(1)
        most = max(most, sum(not state.finished for state in jobs_of(east, "child").values()))
    assert east.state(JOB).result == [20, 22, 24, 26, 28]
    assert most == 2
    assert sorted(diary.entries) == [f"slept {number}" for number in range(10, 15)]


@in_virtual_time
async def test_a_child_that_fails_fails_its_parent_with_what_it_said() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.call("child", Wish(fails=True))

    east, fleet = await begun(work, children())
    await fleet.finish()
    assert told(east) == {
        "code": "child_failed",
        "detail": "the job of 'child' failed: agent_raised: ValueError: as it was told to",
    }


@pytest.mark.parametrize("otherwise", [None, "nothing"])
def test_a_parent_may_go_on_without_a_child_that_fails(otherwise: Json) -> None:
    async def work(ctx: Context) -> object:
        result = await ctx.call("child", Wish(fails=True), otherwise=otherwise)
        await ctx.sleep(100)
        return [result]

    async def program() -> None:
        east, fleet = await begun(work, children())
        await fleet.finish()
        assert east.state(JOB).result == [otherwise]

    run_virtually(program())


@in_virtual_time
async def test_a_child_that_somebody_cancels_fails_its_parents_call() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.call("child", Wish(seconds=DAY))

    east, fleet = await begun(work, children())
    await fleet.rest()
    child = child_job_id(JOB, "child")
    await east.send_arrival().send(child, east.state(child), ArrivalKind.CANCEL, "c", by="bob", body="stop it")
    await fleet.finish()
    assert told(east) == {"code": "child_failed", "detail": "the job of 'child' cancelled: cancelled: stop it"}


@in_virtual_time
async def test_with_its_parent_a_child_is_cancelled_and_undoes_its_work() -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        return await ctx.gather(*(ctx.call("child", Wish(seconds=DAY + number)) for number in range(3)))

    east, fleet = await begun(work, children(diary))
    await fleet.pass_time(100)
    await cancelled(east)
    await fleet.finish()
    await fleet.pass_time(30)
    found = jobs_of(east, "child")
    assert [state.status for state in found.values()] == ["cancelled"] * 3
    assert diary.entries == ["child undone"] * 3
    assert fleet.now < 140


@in_virtual_time
async def test_children_of_children_are_cancelled_too() -> None:
    @agent("middle", version="1")
    async def middle(ctx: Context, wish: Wish) -> Any:
        """Calls the child."""
        return await ctx.call("child", wish)

    async def work(ctx: Context) -> object:
        return await ctx.call("middle", Wish(seconds=DAY))

    east, fleet = await begun(work, middle, children())
    await fleet.pass_time(100)
    await cancelled(east)
    await fleet.until(lambda: all(state.finished for state in jobs_of(east, "child").values()))
    assert {state.status for state in jobs_of(east, "child").values()} == {"cancelled"}
    assert fleet.now < 140


@in_virtual_time
async def test_a_call_has_a_deadline_after_which_the_child_is_ended_and_the_parent_told() -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        result = await ctx.call("child", Wish(seconds=DAY), timeout=600, otherwise="none")
        await ctx.sleep(100)
        return result

    east, fleet = await begun(work, children(diary))
    await fleet.finish()
    assert east.state(JOB).result == "none"
    assert child_of(east).status == "cancelled"
    assert diary.entries == ["child undone"]
    assert fleet.now < 705


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [(5, "the job that called it has failed"), (0, "the job that called it waits for it no longer")],
)
def test_a_parent_that_fails_ends_its_child_even_one_that_it_was_just_beginning(seconds: float, reason: str) -> None:
    regions: list[Region] = []

    async def fails() -> None:
        while not regions[0].segments(child_job_id(JOB, "gather[0]/child")):
            await asyncio.sleep(0)
        if seconds:
            await pass_time(seconds)
        raise ValueError("no")

    async def work(ctx: Context) -> object:
        return await ctx.gather(ctx.call("child", Wish(seconds=DAY)), ctx.tool(fails))

    async def program() -> None:
        east, fleet = await begun(work, children())
        regions.append(east)
        await fleet.finish()
        await fleet.pass_time(60)
        assert told(east)["code"] == "step_raised"
        assert child_of(east, "gather[0]/child").error == {"code": "cancelled", "detail": reason}

    run_virtually(program())


@in_virtual_time
async def test_a_child_that_was_begun_by_a_worker_that_died_ends_with_its_parent() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.call("child", Wish(seconds=DAY))

    for call in range(4, 12):
        east, fleet = await begun(work, children(), at=call)
        await fleet.pass_time(1)
        await cancelled(east)
        await fleet.finish()
        await fleet.pass_time(60)
        child = east.segments(child_job_id(JOB, "child"))
        assert not child or child_of(east).status == "cancelled", fleet.fuse.burned


@in_virtual_time
async def test_a_child_is_begun_with_what_its_parents_history_holds_also_when_the_worker_died_in_between() -> None:
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    async def work(ctx: Context) -> object:
        return await ctx.call("child", Wish(seconds=await ctx.tool(make)))

    call = 0
    while True:
        made.clear()
        east, fleet = await begun(work, children(), at=call)
        await fleet.finish()
        assert east.state(JOB).status == "succeeded", (fleet.fuse.burned, told(east))
        if not fleet.fuse.blown:
            break
        call += 1
    assert call > 8


@in_virtual_time
async def test_jobs_that_call_each_other_in_a_circle_are_refused_and_the_message_shows_the_circle() -> None:
    @agent("other", version="1")
    async def other(ctx: Context, wish: Wish) -> Any:
        """Calls whoever called it."""
        return await ctx.call("work", {})

    async def work(ctx: Context) -> object:
        return await ctx.call("other", Wish())

    east, fleet = await begun(work, other)
    await fleet.finish()
    detail = told(east)["detail"]
    assert "call_cycle: work -> other -> work: 'work' is called again with the input that it is working on" in detail
    assert len(jobs_of(east, "work")) == 1


@in_virtual_time
async def test_an_agent_may_call_itself_with_another_input_but_not_deeper_than_the_limit() -> None:
    @agent("deep", version="1")
    async def deep(ctx: Context, wish: Wish) -> Any:
        """Calls itself."""
        return await ctx.call("deep", Wish(seconds=wish.seconds + 1))

    east, _ = two_regions(deep)
    await east.submit_job().submit(request("deep", input={}))
    fleet = Fleet(east)
    await fleet.finish()
    assert len(jobs_of(east, "deep")) == DEEPEST
    assert "call_too_deep: " in told(east)["detail"]
    assert f"{DEEPEST + 1} jobs in a chain, the limit is {DEEPEST}" in str(
        [state.error for state in jobs_of(east, "deep").values()]
    )


@in_virtual_time
async def test_wherever_a_process_dies_a_family_ends_as_it_would_have() -> None:
    async def work(ctx: Context) -> object:
        failing = ctx.call("child", Wish(seconds=3, fails=True), otherwise="failed")
        return await ctx.gather(ctx.call("child", Wish(seconds=6)), failing)

    async def dies_at(call: int) -> bool:
        diary = Diary()
        east, fleet = await begun(work, children(diary), at=call)
        diary.region, fleet.comes_again = east, False
        await fleet.finish()
        assert east.state(JOB).result == [12, "failed"], fleet.fuse.burned
        assert not diary.again, fleet.fuse.burned
        assert len(jobs_of(east, "child")) == 2, fleet.fuse.burned
        assert fleet.now < 200, (call, fleet.now, fleet.fuse.burned[call - 4 : call + 2])
        return fleet.fuse.blown

    calls = 0
    while await dies_at(calls):
        calls += every(3)
    assert calls > 40


@in_virtual_time
async def test_wherever_a_process_dies_a_cancelled_family_is_all_cancelled_in_the_end() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.gather(ctx.call("child", Wish(seconds=DAY)), ctx.call("child", Wish(seconds=2 * DAY)))

    async def dies_at(call: int) -> bool:
        east, fleet = await begun(work, children(), at=call)
        await fleet.until(lambda: east.state(JOB).status == "waiting")
        await cancelled(east)
        await fleet.finish()
        await fleet.until(lambda: all(state.finished for state in jobs_of(east, "child").values()))
        assert east.state(JOB).status == "cancelled", fleet.fuse.burned
        assert {state.status for state in jobs_of(east, "child").values()} <= {"cancelled"}, fleet.fuse.burned
        assert fleet.now < 400, (call, fleet.now, fleet.fuse.burned[call - 4 : call + 2])
        return fleet.fuse.blown

    calls = 0
    while await dies_at(calls):
        calls += every(3)
    assert calls > 30


@in_virtual_time
async def test_a_child_whose_worker_died_at_its_very_end_is_found_and_its_parent_told() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.call("child", Wish(seconds=50))

    east, fleet = await begun(work, children())
    child = child_job_id(JOB, "child")

    class AtTheChildsEnd(Deadly):
        async def burn(self, what: str) -> None:
            await Deadly.burn(self, what)
            if self.at is None and what == "after append" and east.segments(child) and east.state(child).finished:
                self.at = len(self.burned)
                current_process().crash()

    fleet.fuse, fleet.comes_again = AtTheChildsEnd(), False
    await fleet.finish()
    assert fleet.fuse.at is not None
    assert east.state(JOB).result == 100
    assert 50 + STALL_SECONDS <= fleet.now < 50 + 2 * STALL_SECONDS + 10


@in_virtual_time
async def test_a_child_that_is_begun_just_after_its_parents_end_ends_at_once() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.call("child", Wish(seconds=DAY))

    diary = Diary()
    east, fleet = await begun(work, children(diary))
    step = "child"
    child = child_job_id(JOB, step)
    await east.call_child().end_child(east.state(JOB), child, "the job that called it has cancelled")
    asked = CallRequest(name=step, agent="child", input={"seconds": DAY}, seconds=DAY)
    await east.call_child().begin(JOB, east.state(JOB), step, asked)  # by a worker that is about to be fenced off
    await fleet.until(lambda: east.state(child).finished)
    assert (east.state(child).status, fleet.now < 60) == ("cancelled", True)


@in_virtual_time
async def test_a_child_that_a_superseded_history_has_begun_with_another_input_stands() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.call("child", Wish(seconds=30))

    east, fleet = await begun(work, children())
    asked = CallRequest(name="child", agent="child", input={"seconds": 20}, seconds=DAY)
    await east.call_child().begin(JOB, east.state(JOB), "child", asked)
    await fleet.finish()
    assert east.state(JOB).result == 40
