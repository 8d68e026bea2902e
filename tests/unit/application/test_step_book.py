"""What an agent may do next: the path that its history holds, and the one time that it learns of its cancel."""

import contextlib

import pytest

from functions.application.agent_ports import Cancelled
from functions.application.ports import ModelAnswer
from functions.application.run_attempt import LOOK_SECONDS
from functions.domain.job.events import JobCancelled
from functions.domain.job.progress import CANCELLED
from functions.domain.moments import add_seconds
from functions.sdk import Context, agent
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.application.agents import Diary, Effects, Nothing, ask
from tests.unit.application.stories import (
    DAY,
    begun,
    cancelled,
    careful,
    changed,
    resumed,
    steps,
    told,
)
from tests.unit.application.two_regions import (
    JOB,
    STALL_SECONDS,
    Crash,
    Fuse,
    advance,
    submitted,
    two_regions,
)


@in_virtual_time
async def test_a_queued_job_that_is_cancelled_never_runs() -> None:
    diary = Diary()
    east, fleet = await begun(careful(diary))
    await cancelled(east)
    await fleet.finish()
    assert east.kinds() == ["submitted", "cancel_requested", "cancelled"]
    assert told(east) == {"code": "cancelled", "detail": "not wanted"}
    assert not diary.entries


@in_virtual_time
async def test_a_delayed_job_that_is_cancelled_ends_at_once() -> None:
    diary = Diary()
    east, fleet = await begun(careful(diary), delay_seconds=5000)
    await fleet.pass_time(10)
    await cancelled(east)
    await fleet.finish()
    assert east.kinds() == ["submitted", "cancel_requested", "cancelled"]
    assert fleet.now < 20


@in_virtual_time
async def test_a_waiting_job_that_is_cancelled_undoes_its_work_and_ends() -> None:
    diary = Diary()
    east, fleet = await begun(careful(diary))
    await fleet.pass_time(1000)
    await cancelled(east, reason="changed my mind", by="carol")
    await fleet.finish()
    assert diary.entries == ["book", "undo 1", "undo 2"]
    last = east.state(JOB).history[-1].event
    assert isinstance(last, JobCancelled)
    assert (last.by, last.reason) == ("carol", "changed my mind")
    assert (east.state(JOB).status, east.state(JOB).result) == ("cancelled", None)
    assert 1000 + 70 <= fleet.now <= 1000 + 75


@in_virtual_time
async def test_a_running_job_that_is_cancelled_stops_in_the_middle_of_a_step() -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        await ctx.tool(diary.write, "book", 3)
        try:
            await ctx.tool(diary.write, "long", 90)
        except Cancelled:
            await ctx.tool(diary.write, "undo", 1)
            raise
        return "done"

    east, fleet = await begun(work)
    await fleet.pass_time(20)
    await cancelled(east)
    await fleet.pass_time(LOOK_SECONDS + 2)
    assert east.state(JOB).status == "cancelled"
    assert diary.entries == ["book", "undo"]
    assert fleet.reasons() == ["submitted"]


@in_virtual_time
async def test_an_agent_that_minds_no_cancel_is_cancelled_all_the_same_at_its_next_step() -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        for number in range(100):
            try:
                await ctx.tool(diary.write, f"{number}", 10)
            except Exception:  # noqa: BLE001 - as authors do
                await ctx.tool(diary.write, "never")
        return "done"

    east, fleet = await begun(work)
    await fleet.pass_time(25)
    await cancelled(east)
    await fleet.finish()
    assert east.state(JOB).status == "cancelled"
    assert diary.entries == ["0", "1"]


@in_virtual_time
async def test_an_agent_that_returns_after_it_was_cancelled_has_been_cancelled() -> None:
    async def work(ctx: Context) -> object:
        try:
            await ctx.sleep(DAY)
        except Cancelled:
            return "a result that nobody wants"
        return "slept"

    east, fleet = await begun(work)
    await fleet.rest()
    await cancelled(east)
    await fleet.finish()
    assert (east.state(JOB).status, east.state(JOB).result) == ("cancelled", None)


@pytest.mark.parametrize("seconds", [2.0, 30.0])
def test_a_second_cancel_does_not_cut_short_how_the_first_is_undone(seconds: float) -> None:
    async def program() -> None:
        diary = Diary()
        east, fleet = await begun(careful(diary))
        await fleet.rest()
        await cancelled(east, "c1", by="bob")
        await fleet.pass_time(seconds)  # in the first step of undoing, or in its sleep
        await cancelled(east, "c2", by="carl")
        await fleet.finish()
        assert diary.entries == ["book", "undo 1", "undo 2"]
        last = east.state(JOB).history[-1].event
        assert isinstance(last, JobCancelled)
        assert east.state(JOB).cancel is not None
        assert east.state(JOB).taken == {"cancel/c1", "cancel/c2"}

    run_virtually(program())


@in_virtual_time
async def test_branches_that_undo_their_work_are_told_once_each_however_often_their_worker_dies() -> None:
    diary = Diary()

    async def branch(ctx: Context, name: str) -> None:
        await ctx.tool(diary.write, f"book {name}", 1)
        try:
            await ctx.tool(diary.write, f"long {name}", 90)
        except Cancelled:
            await ctx.tool(diary.write, f"undo {name}", 20)
            await ctx.tool(diary.write, f"tell {name}", 20)

    async def work(ctx: Context) -> object:
        await ctx.gather(branch(ctx, "a"), branch(ctx, "b"))
        return "all undone"

    east, fleet = await begun(work)
    diary.region = east
    await fleet.pass_time(20)
    await cancelled(east)
    await fleet.pass_time(30)
    fleet.kill_workers()
    await fleet.finish()
    assert east.state(JOB).status == "cancelled"
    assert sorted(diary.entries) == ["book a", "book b", "tell a", "tell b", "undo a", "undo b"]
    assert not diary.again


@in_virtual_time
async def test_wherever_a_worker_dies_while_work_is_undone_the_next_goes_on_with_that() -> None:
    async def dies_at(call: int) -> bool:
        diary = Diary()
        east, fleet = await begun(careful(diary), at=call)
        diary.region = east
        await fleet.until(lambda: east.state(JOB).status == "waiting")
        await cancelled(east)
        await fleet.finish()
        assert east.state(JOB).status == "cancelled", fleet.fuse.burned
        assert diary.entries[-1] == "undo 2"
        assert set(diary.entries) == {"book", "undo 1", "undo 2"}, fleet.fuse.burned
        assert not diary.again, fleet.fuse.burned
        assert fleet.now < 400, fleet.fuse.burned
        return fleet.fuse.blown

    calls = 0
    while await dies_at(calls):
        calls += 1
    assert calls > 10


@in_virtual_time
async def test_a_job_whose_agent_takes_another_path_is_stopped_and_goes_on_when_that_is_mended_and_it_is_resumed() -> (
    None
):
    diary = Diary()
    east, fleet = await begun(lambda ctx: steps(ctx, diary, "a", "b", "c"))
    await fleet.pass_time(100)
    changed(east, lambda ctx: steps(ctx, diary, "a", "other", "c"))
    await fleet.pass_time(DAY)
    state = east.state(JOB)
    assert (state.status, state.halted) == ("waiting", True)
    error = told(east)
    assert error["code"] == "replay_diverged"
    assert error["detail"].startswith("step 'write#2': the history has it with other arguments: ")
    assert "restore the code" in error["detail"]
    changed(east, lambda ctx: steps(ctx, diary, "a", "b", "c"))
    await fleet.pass_time(DAY)
    assert not east.state(JOB).finished
    await resumed(east)
    await fleet.finish()
    assert (east.state(JOB).result, east.state(JOB).error) == (["a", "b", "c"], None)
    assert diary.entries == ["a", "b", "c"]


@in_virtual_time
async def test_a_job_whose_agent_asks_for_another_kind_of_step_is_stopped() -> None:
    async def before(ctx: Context) -> None:
        await ctx.sleep(DAY)

    async def after(ctx: Context) -> object:
        async def sleep() -> None:
            raise AssertionError("must not be carried out")

        return await ctx.tool(sleep)

    east, fleet = await begun(before)
    await fleet.rest()
    changed(east, after)
    await fleet.pass_time(2 * DAY)
    assert "'sleep': the history has it with a sleep step, now a tool step is asked for" in told(east)["detail"]


@in_virtual_time
async def test_a_job_whose_agent_asks_for_its_steps_in_another_order_is_stopped_before_it_does_anything_new() -> None:
    diary = Diary()

    async def one(ctx: Context) -> object:
        await ctx.uuid()
        await ctx.sleep(DAY)
        return await ctx.tool(diary.write, "one")

    async def other(ctx: Context) -> object:
        await ctx.tool(diary.write, "other")
        await ctx.uuid()
        await ctx.sleep(DAY)
        return "other"

    east, fleet = await begun(one)
    await fleet.rest()
    changed(east, other)
    await fleet.pass_time(2 * DAY)
    assert told(east)["detail"].startswith("step 'write' is asked for where the history has 'sleep'")
    assert not diary.entries
    changed(east, one)
    await resumed(east)
    await fleet.finish()
    assert east.state(JOB).result == "one"


@in_virtual_time
async def test_a_running_job_ends_at_the_first_step_after_its_deadline() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(10, seconds=4))
    message = await submitted(east, "walk", deadline=add_seconds(east.clock.now(), 10))
    await advance(east, message)
    assert east.error_code() == "deadline_passed"
    assert len(effects.done) == 3


@pytest.mark.parametrize("crash_at", [None, 5, 9])
def test_a_budget_of_steps_allows_just_so_many_however_often_the_job_is_begun(crash_at: int | None) -> None:
    async def program() -> None:
        effects = Effects()
        east, _ = two_regions(effects.walker(5))
        message = await submitted(east, "walk", budget={"steps": 3})
        with contextlib.suppress(Crash):
            await advance(east, message, Fuse(crash_at))
        await advance(east, message, delivery=2)
        assert east.error_code() == "budget_exceeded"
        assert set(effects.done) == {"tread", "tread#2", "tread#3"}

    run_virtually(program())


@in_virtual_time
async def test_a_budget_of_tokens_ends_the_job_once_they_are_spent_and_the_call_is_recorded() -> None:
    east, _ = two_regions(ask)
    east.model.answers = [ModelAnswer('{"words": "yes"}', 80, 30)]
    await advance(east, await submitted(east, "ask", budget={"tokens": 100}))
    assert east.error_code() == "budget_exceeded"
    assert list(east.state(JOB).steps) == ["model"]


@in_virtual_time
async def test_an_agent_that_catches_everything_cannot_catch_that_its_time_is_over() -> None:
    diary = Diary()

    @agent("careful", version="1")
    async def careful(ctx: Context, request: Nothing) -> list[str]:
        """Puts up with everything."""
        results = []
        for number in range(3):
            try:
                results.append(await ctx.tool(diary.write, f"{number}", 10))
            except Exception:  # noqa: BLE001 - as authors do
                results.append("failed")
        return results

    east, _ = two_regions(careful)
    await advance(east, await submitted(east, "careful"), seconds=7)
    assert east.kinds()[-1] == "attempt_yielded"
    await east.work()
    assert east.state(JOB).result == ["0", "1", "2"]


@in_virtual_time
async def test_where_an_agent_learns_that_it_is_cancelled_is_in_its_history() -> None:
    east, fleet = await begun(lambda ctx: ctx.gather(ctx.sleep(DAY), ctx.signal("go", timeout=DAY)))
    await fleet.rest()
    await cancelled(east)
    await fleet.finish()
    ended = east.state(JOB).steps
    assert {key: getattr(end, "code", None) for key, end in ended.items()} == {
        "gather[0]/sleep": CANCELLED,
        "gather[1]/signal-go": CANCELLED,
    }


@in_virtual_time
async def test_an_agent_that_learns_of_its_cancel_knows_of_all_that_its_branches_have_done() -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        done: list[str] = []

        async def one(number: int) -> None:
            if number == 0:
                await ctx.sleep(DAY)
            done.append(await ctx.tool(diary.write, f"{number}"))

        try:
            return await ctx.map(one, range(12), concurrency=2)
        except Cancelled:
            for words in sorted(done):
                await ctx.tool(diary.write, f"undo {words}")
            raise

    east, fleet = await begun(work)
    await fleet.rest()
    await cancelled(east)
    await fleet.finish()
    assert east.state(JOB).status == "cancelled"
    assert sorted(diary.entries) == sorted(f"{what}{number}" for number in range(1, 12) for what in ("", "undo "))


@in_virtual_time
async def test_a_job_that_is_cancelled_in_its_first_long_step_undoes_what_that_has_begun() -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        try:
            return await ctx.tool(diary.write, "long", 60)
        except Cancelled:
            await ctx.tool(diary.write, "undo", 1)
            raise

    east, fleet = await begun(work)
    await fleet.pass_time(STALL_SECONDS / 3 + 1)
    assert east.state(JOB).status == "running"
    await cancelled(east)
    await fleet.finish()
    assert diary.entries == ["undo"]
    assert east.kinds()[2:] == ["cancel_requested", "step_failed", "step_succeeded", "cancelled"]
