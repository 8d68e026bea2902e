"""One attempt: how it ends, and what becomes of a job that somebody cancels, pauses, resumes or cannot run."""

import asyncio

from functions.application.run_attempt import OVERTIME_SECONDS
from functions.domain.job.decider import HALTED_LOOK_SECONDS
from functions.domain.job.events import AttemptYielded
from functions.domain.moments import add_seconds
from functions.sdk import Context, agent, tool
from tests.simulation.machine import current_process
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Diary, Effects
from tests.unit.application.fleet import Deadly, Fleet
from tests.unit.application.stories import (
    DAY,
    agent_of,
    begun,
    cancelled,
    careful,
    changed,
    paused,
    resumed,
    signalled,
    told,
)
from tests.unit.application.two_regions import (
    JOB,
    STALL_SECONDS,
    Shelf,
    advance,
    request,
    submitted,
    two_regions,
)


@in_virtual_time
async def test_a_paused_job_does_nothing_until_it_is_resumed() -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        await ctx.sleep(100)
        return await ctx.tool(diary.write, "go on")

    east, fleet = await begun(work)
    await fleet.rest()
    await paused(east)
    await fleet.pass_time(DAY)
    assert (east.state(JOB).status, east.state(JOB).halted) == ("waiting", True)
    assert not diary.entries
    await resumed(east)
    await fleet.finish()
    assert east.state(JOB).result == "go on"
    assert fleet.now < DAY + 10


@in_virtual_time
async def test_a_job_that_is_resumed_before_its_time_waits_on() -> None:
    east, fleet = await begun(lambda ctx: ctx.sleep(DAY))
    await fleet.rest()
    await paused(east)
    await fleet.pass_time(600)
    await resumed(east)
    await fleet.pass_time(600)
    assert (east.state(JOB).status, east.state(JOB).halted) == ("waiting", False)
    await fleet.finish()
    assert DAY <= fleet.now < DAY + 60
    assert east.kinds().count("attempt_started") == 2


@in_virtual_time
async def test_a_running_job_is_paused_before_its_next_step() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(3, seconds=20))
    await east.submit_job().submit(request("walk", input={}))
    fleet = Fleet(east)
    await fleet.pass_time(25)
    await paused(east)
    await fleet.pass_time(600)
    assert east.kinds()[-1] == "paused"
    assert effects.done == {"tread": 1, "tread#2": 1}
    head = east.head(JOB)
    assert head is not None
    assert head.status == "waiting"
    await resumed(east)
    await fleet.finish()
    assert effects.done == {"tread": 1, "tread#2": 1, "tread#3": 1}


@in_virtual_time
async def test_a_job_that_is_paused_and_resumed_while_one_step_runs_goes_on() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(3, seconds=20))
    await east.submit_job().submit(request("walk", input={}))
    fleet = Fleet(east)
    await fleet.pass_time(25)
    await paused(east)
    await fleet.pass_time(5)
    await resumed(east)
    await fleet.finish()
    assert east.state(JOB).status == "succeeded"
    assert fleet.now < 70
    assert set(effects.done.values()) == {1}


@in_virtual_time
async def test_a_signal_to_a_paused_job_is_kept_until_it_is_resumed() -> None:
    east, fleet = await begun(lambda ctx: ctx.signal("go", timeout=30 * DAY))
    await fleet.rest()
    await paused(east)
    await fleet.pass_time(10)
    await signalled(east, "go/1", 7)
    await fleet.pass_time(600)
    assert east.state(JOB).halted
    await resumed(east)
    await fleet.finish()
    assert east.state(JOB).result == 7


@in_virtual_time
async def test_a_paused_job_that_is_cancelled_undoes_its_work_and_ends() -> None:
    diary = Diary()
    east, fleet = await begun(careful(diary))
    await fleet.rest()
    await paused(east)
    await fleet.pass_time(600)
    await cancelled(east)
    await fleet.finish()
    assert east.state(JOB).status == "cancelled"
    assert diary.entries == ["book", "undo 1", "undo 2"]
    assert fleet.now < 700


@in_virtual_time
async def test_a_paused_job_ends_at_its_deadline() -> None:
    deadline = 2 * HALTED_LOOK_SECONDS + 100
    east, fleet = await begun(lambda ctx: ctx.sleep(10 * DAY), deadline="2026-11-21T14:01:40.000Z")
    await fleet.rest()
    await paused(east)
    await fleet.finish()
    assert east.error_code() == "deadline_passed"
    assert deadline <= fleet.now < deadline + 2


@in_virtual_time
async def test_a_waiting_job_ends_at_its_deadline() -> None:
    east, fleet = await begun(lambda ctx: ctx.sleep(10 * DAY), deadline="2026-11-21T12:50:00.000Z")
    await fleet.finish()
    assert east.error_code() == "deadline_passed"
    assert 3000 <= fleet.now < 3002


@in_virtual_time
async def test_a_job_whose_version_is_gone_is_stopped_and_goes_on_when_it_is_back() -> None:
    east, fleet = await begun(lambda ctx: ctx.sleep(600))
    await fleet.rest()
    kept = east.agents
    changed(east, lambda ctx: ctx.sleep(1), version="2")
    await fleet.pass_time(1000)
    assert told(east) == {
        "code": "agent_version_missing",
        "detail": "this release has no agent 'work' in version '1'",
    }
    assert east.state(JOB).halted
    east.agents = Shelf([*east.agents.agents, *kept.agents])
    await resumed(east)
    await fleet.finish()
    assert (east.state(JOB).status, east.state(JOB).error) == ("succeeded", None)


@in_virtual_time
async def test_a_job_stays_on_its_version_while_new_ones_begin_with_the_newest() -> None:
    east, fleet = await begun(lambda ctx: ctx.sleep(600))
    await fleet.rest()
    east.agents = Shelf([agent_of(lambda ctx: ctx.sleep(1), version="2"), *east.agents.agents])
    await east.submit_job().submit(request("work", input={}, idempotency_key="two"))
    await fleet.finish()
    assert {state.job.agent_version for state in map(east.state, {key[0] for key in east.table.segments})} == {"1", "2"}
    assert 600 <= fleet.now < 602


@in_virtual_time
async def test_a_stopped_job_that_nobody_can_mend_is_ended_by_a_cancel() -> None:
    diary = Diary()
    east, fleet = await begun(careful(diary))
    await fleet.rest()
    changed(east, lambda ctx: ctx.sleep(1), version="2")
    await fleet.pass_time(2 * DAY)
    assert east.state(JOB).halted
    await cancelled(east)
    await fleet.finish()
    assert east.state(JOB).status == "cancelled"
    assert diary.entries == ["book"]


@in_virtual_time
async def test_a_job_that_is_cancelled_while_its_version_is_away_waits_to_undo_its_work() -> None:
    diary = Diary()
    east, fleet = await begun(careful(diary))
    await fleet.rest()
    kept = east.agents
    changed(east, lambda ctx: ctx.sleep(1), version="2")  # a worker of a newer release is the first to see it
    await cancelled(east)
    await fleet.pass_time(600)
    assert (east.state(JOB).halted, told(east)["code"]) == (True, "agent_version_missing")
    east.agents = kept
    await resumed(east)
    await fleet.finish()
    assert diary.entries == ["book", "undo 1", "undo 2"]
    assert east.state(JOB).status == "cancelled"


@in_virtual_time
async def test_a_step_that_takes_too_long_after_the_workers_time_is_given_up() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(2, seconds=60))
    message = await submitted(east, "walk")
    await advance(east, message, seconds=60 - OVERTIME_SECONDS - 1)
    yielded = east.state(JOB).history[-1].event
    assert isinstance(yielded, AttemptYielded)
    assert (yielded.reason, yielded.seconds_left) == ("overtime", -OVERTIME_SECONDS)
    assert not east.state(JOB).steps
    (send,) = east.waiting()
    assert send.message.reason == "yielded"


@in_virtual_time
async def test_a_step_that_ends_within_the_overtime_is_kept() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(2, seconds=60))
    message = await submitted(east, "walk")
    await advance(east, message, seconds=60 - OVERTIME_SECONDS + 1)
    yielded = east.state(JOB).history[-1].event
    assert isinstance(yielded, AttemptYielded)
    assert (yielded.reason, yielded.seconds_left) == ("time", 1 - OVERTIME_SECONDS)
    assert list(east.state(JOB).steps) == ["tread"]


@in_virtual_time
async def test_a_running_job_is_kept_away_from_the_sweeper_until_its_end() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(1, seconds=100))
    running = asyncio.create_task(advance(east, await submitted(east, "walk")))
    for _ in range(9):
        await pass_time(11)
        head = east.head(JOB)
        assert head is not None
        assert head.due_at is not None
        assert head.due_at > add_seconds(east.clock.now(), STALL_SECONDS / 2)
    await running
    head = east.head(JOB)
    assert head is not None
    assert head.due_at is None


@in_virtual_time
async def test_wherever_a_process_dies_a_paused_job_stays_paused_and_a_resumed_one_goes_on() -> None:
    async def dies_at(call: int) -> bool:
        diary = Diary()

        async def work(ctx: Context) -> object:
            await ctx.tool(diary.write, "before", 5)
            await ctx.tool(diary.write, "meanwhile", 20)
            await ctx.sleep(10)
            return await ctx.tool(diary.write, "after", 5)

        east, fleet = await begun(work, at=call)
        diary.region, fleet.comes_again = east, False
        await fleet.pass_time(6)
        await paused(east)
        await fleet.pass_time(200)
        assert east.state(JOB).halted, fleet.fuse.burned
        await resumed(east)
        await fleet.finish()
        assert east.state(JOB).result == "after", fleet.fuse.burned
        assert not diary.again, fleet.fuse.burned
        assert fleet.now < 350, fleet.fuse.burned
        return fleet.fuse.blown

    calls = 0
    while await dies_at(calls):
        calls += 1
    assert calls > 20


@in_virtual_time
async def test_wherever_a_process_dies_tries_rounds_and_branches_come_to_the_same_end() -> None:
    async def dies_at(call: int) -> bool:
        diary, failures = Diary(), iter([ConnectionError("reset")] * 2)

        async def unsteady(words: str, idempotency_key: str) -> str:
            for error in failures:
                raise error
            return await diary.write(words, 3, idempotency_key=idempotency_key)

        async def branch(ctx: Context, words: str) -> str:
            await ctx.sleep(10)
            return str(await ctx.tool(unsteady, words))

        @agent("work", version="1")
        async def rounds(ctx: Context, wanted: dict[str, int]) -> list[str]:
            """Does the same twice."""
            await ctx.progress(wanted)
            spawned = ctx.spawn(branch(ctx, "spawned"))
            left = await ctx.tool(unsteady, "left")
            if not wanted:
                ctx.continue_as_new({"round": 2})
            return [left, await spawned]

        east, _ = two_regions(rounds)
        east.lanes.queues = {"standard": []}
        await east.submit_job().submit(request("work", input={}))
        fleet = Fleet(east, fuse=Deadly(call))
        diary.region, fleet.comes_again = east, False
        await fleet.finish()
        assert east.state(JOB).result == ["left", "spawned"], fleet.fuse.burned
        assert not diary.again, fleet.fuse.burned
        assert fleet.now < 300, fleet.fuse.burned
        return fleet.fuse.blown

    calls = 0
    while await dies_at(calls):
        calls += 1
    assert calls > 20


@in_virtual_time
async def test_a_cancel_that_comes_when_all_is_done_comes_too_late_for_it_could_undo_nothing() -> None:
    @tool(expensive=True)
    async def do() -> str:
        return "done"

    east, fleet = await begun(lambda ctx: ctx.tool(do))

    class JustBeforeTheEnd(Deadly):
        async def burn(self, what: str) -> None:
            await Deadly.burn(self, what)
            if self.at is None and what == "after append" and east.state(JOB).steps:
                self.at = len(self.burned)
                current_process().crash()

    fleet.fuse = JustBeforeTheEnd()
    await fleet.pass_time(5)
    await cancelled(east)
    await fleet.finish()
    assert (east.state(JOB).status, east.state(JOB).result) == ("succeeded", "done")


@in_virtual_time
async def test_a_worker_that_is_overtaken_at_its_very_first_step_stops_and_leaves_no_error_behind() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(2, seconds=0.5))
    message = await submitted(east, "walk")
    stop_at = east.clock.monotonic() + 100
    workers = [east.advance_job(worker=name) for name in ("first", "second")]
    await asyncio.gather(*(worker.advance(message, delivery=1, stop_at=stop_at) for worker in workers))
    assert east.state(JOB).status == "succeeded"
    assert east.kinds().count("attempt_started") == 1
