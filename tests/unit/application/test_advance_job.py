"""Running a job: to its end, into a wait, past a crash, beside another worker."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from functions.application.ports import ModelAnswer, ModelUnavailable, StateUnavailable
from functions.domain.errors import AntipodeError
from functions.domain.ids import job_id
from functions.domain.job.decider import HALTED_LOOK_SECONDS, MAX_ATTEMPTS
from functions.domain.job.events import StepSucceeded
from functions.domain.job.history import Head, Segment
from functions.domain.lanes import LaneMessage
from functions.domain.moments import add_seconds
from functions.sdk import AgentDefinition, Context, agent
from functions.sdk.model_call import MODEL_RETRY
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time, run_virtually
from tests.unit.application.agents import Answer, Diary, Effects, Nothing, ask
from tests.unit.application.stories import DAY, begun, signalled
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    STALL_SECONDS,
    TENANT,
    Crash,
    Fuse,
    Region,
    advance,
    request,
    submitted,
    two_regions,
)
from tests.unit.domain.job.writing import adopted, step


def head_of(region: Region) -> Head:
    head = region.head(JOB)
    assert head is not None
    return head


@in_virtual_time
async def test_a_quick_job_costs_one_more_write_than_its_submission() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(3, expensive=False))
    message = await submitted(east, "walk")
    await advance(east, message)
    assert east.state(JOB).result == ["trodden 1", "trodden 2", "trodden 3"]
    assert east.kinds() == ["submitted", "attempt_started", *["step_succeeded"] * 3, "succeeded"]
    assert len(east.segments(JOB)) == 2
    assert east.head(JOB) is None
    assert not east.waiting()


@in_virtual_time
async def test_a_long_step_keeps_its_job_away_from_the_sweeper_and_the_end_takes_it_off_the_index() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(1, seconds=100))
    message = await submitted(east, "walk")
    running = asyncio.create_task(advance(east, message))
    sweep = east.sweep_jobs()
    for _ in range(18):
        await pass_time(5)
        assert (await sweep.sweep()).put_back == 0
    await running
    head = head_of(east)
    assert (head.due_at, head.status) == (None, "succeeded")
    assert effects.done["tread"] == 1


@in_virtual_time
async def test_a_job_that_is_durable_in_one_region_says_so_while_it_runs_and_at_its_end() -> None:
    effects = Effects()
    east, west = two_regions(effects.walker(2, seconds=25))
    west.table.refusing = True
    message = await submitted(east, "walk")
    running = asyncio.create_task(advance(east, message))
    for _ in range(4):
        await pass_time(12)
        assert head_of(east).durability == "local"
    await running
    head = head_of(east)
    assert (head.durability, head.due_at) == ("local", None)


@in_virtual_time
async def test_a_worker_without_time_yields_before_the_next_step_and_another_goes_on() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(5, seconds=10))
    message = await submitted(east, "walk")
    await advance(east, message, seconds=17)
    assert east.kinds() == ["submitted", "attempt_started", "step_succeeded", "step_succeeded", "attempt_yielded"]
    (send,) = east.waiting()
    assert (send.message.reason, send.delay_seconds) == ("yielded", 0)
    await advance(east, send.message)
    assert east.state(JOB).status == "succeeded"
    assert set(effects.done.values()) == {1}


@in_virtual_time
async def test_a_job_may_yield_more_often_than_it_may_be_tried_in_vain() -> None:
    steps = 3 * MAX_ATTEMPTS
    effects = Effects()
    east, _ = two_regions(effects.walker(steps, seconds=10))
    await submitted(east, "walk")
    message = LaneMessage(JOB, 1, "submitted")
    while not east.state(JOB).finished:
        await advance(east, message, seconds=7)
        message = next((send.message for send in east.waiting()), message)
    assert east.state(JOB).status == "succeeded"
    assert east.state(JOB).attempts == steps
    assert set(effects.done.values()) == {1}


@in_virtual_time
async def test_when_the_lane_refuses_a_yielded_job_the_sweeper_puts_it_back() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(2, seconds=10))
    message = await submitted(east, "walk")
    east.lanes.refusing = True
    await advance(east, message, seconds=5)
    east.lanes.refusing = False
    await pass_time(STALL_SECONDS)
    assert (await east.sweep_jobs().sweep()).put_back == 1
    await east.work()
    assert east.state(JOB).status == "succeeded"


@in_virtual_time
async def test_while_the_model_is_away_the_job_waits_to_ask_it_again_and_asks_no_sooner() -> None:
    east, _ = two_regions(ask)
    east.model.answers = [*[ModelUnavailable("throttled")] * 3, ModelAnswer('{"words": "yes"}', 10, 5)]
    message = await submitted(east, "ask")
    await advance(east, message)
    state = east.state(JOB)
    assert (state.status, state.error) == ("waiting", {"code": "model_unavailable", "detail": "throttled"})
    assert state.waiting_until == (retry_at := state.tries["model"].retry_at)
    (send,) = east.waiting()
    assert (send.message.reason, send.delay_seconds) == ("due", 4)
    assert head_of(east).due_at == add_seconds(retry_at, STALL_SECONDS)
    asked = len(east.model.requests)
    await advance(east, send.message)  # came too early, and the one for then is on its way
    assert (len(east.model.requests), east.waiting()) == (asked, [])
    await pass_time(4)
    await advance(east, send.message)
    assert (east.state(JOB).status, east.state(JOB).result, east.state(JOB).error) == ("succeeded", "yes", None)
    assert {asked.idempotency_key for asked in east.model.requests} == {f"{JOB}/model/1"}


@in_virtual_time
async def test_a_model_that_stays_away_fails_the_job_after_so_many_asks() -> None:
    east, _ = two_regions(ask)
    east.model.answers = [ModelUnavailable("down")]
    message = await submitted(east, "ask")
    while not east.state(JOB).finished:
        await advance(east, message)
        await pass_time(300)
        (message,) = [send.message for send in east.waiting()] or [message]
    assert east.error_code() == "model_unavailable"
    assert len(east.model.requests) == MODEL_RETRY.attempts


@in_virtual_time
async def test_a_job_that_kills_every_worker_ends_after_so_many_attempts() -> None:
    east, _ = two_regions(Effects().walker(1))
    message = await submitted(east, "walk")
    for delivery in range(1, 50):
        before_the_step_is_recorded = Fuse(2 if delivery == 1 else 4)
        with contextlib.suppress(Crash):
            await advance(east, message, before_the_step_is_recorded, delivery=delivery)
        if east.state(JOB).finished:
            break
    assert east.error_code() == "attempts_exhausted"
    assert east.state(JOB).attempts == MAX_ATTEMPTS


@in_virtual_time
async def test_a_job_past_its_deadline_is_not_begun() -> None:
    east, _ = two_regions((effects := Effects()).walker(1))
    message = await submitted(east, "walk", deadline=add_seconds(east.clock.now(), 10))
    await pass_time(10)
    await advance(east, message)
    assert east.error_code() == "deadline_passed"
    assert not effects.done


def raising(error: Callable[[], BaseException]) -> AgentDefinition:
    @agent("raise", version="1")
    async def fail(ctx: Context, request: Nothing) -> None:
        """Raises."""
        raise error()

    return fail


@pytest.mark.parametrize(
    ("error", "code", "detail"),
    [
        (lambda: ValueError("no"), "agent_raised", "ValueError: no"),
        (lambda: AntipodeError("distribution_not_found", "where?"), "distribution_not_found", "where?"),
        (lambda: RuntimeError("x" * 9000), "agent_raised", "RuntimeError: " + "x" * 1986),
        (lambda: ExceptionGroup("both", [ValueError("no"), KeyError(1)]), "agent_raised", "ValueError: no"),
        (
            lambda: ExceptionGroup("both", [ValueError("no"), AntipodeError("result_invalid", "it is")]),
            "result_invalid",
            "it is",
        ),
    ],
)
def test_what_an_agent_raises_is_final(error: Callable[[], BaseException], code: str, detail: str) -> None:
    async def program() -> None:
        east, _ = two_regions(raising(error))
        await advance(east, await submitted(east, "raise"))
        assert east.state(JOB).error == {"code": code, "detail": detail}
        assert not east.waiting()

    run_virtually(program())


@in_virtual_time
async def test_an_agent_that_this_release_does_not_have_stops_its_job_until_somebody_resumes_it() -> None:
    east, _ = two_regions(ask)
    message = await submitted(east, "ask")
    east.agents.agents = ()
    await advance(east, message)
    assert east.error_code() == "agent_version_missing"
    assert (east.state(JOB).status, east.state(JOB).halted) == ("waiting", True)
    assert head_of(east).due_at == add_seconds(east.clock.now(), HALTED_LOOK_SECONDS)
    assert not east.waiting()


@in_virtual_time
async def test_a_model_that_is_away_in_one_of_several_tasks_of_an_agents_own_is_asked_again() -> None:
    @agent("group", version="1")
    async def group(ctx: Context, request: Nothing) -> str:
        """Asks within a group."""
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(ctx.model("What?", answer=Answer))
        return task.result().words

    east, _ = two_regions(group)
    east.model.answers = [ModelUnavailable("throttled"), ModelAnswer('{"words": "yes"}', 1, 1)]
    await advance(east, await submitted(east, "group"))
    assert east.kinds() == ["submitted", "attempt_started", "step_attempt_failed", "step_succeeded", "succeeded"]
    assert east.state(JOB).result == "yes"


@in_virtual_time
async def test_time_that_is_over_in_one_of_several_branches_makes_the_job_yield() -> None:
    async def tread(number: int) -> int:
        await pass_time(10)
        return number

    @agent("group", version="1")
    async def group(ctx: Context, request: Nothing) -> int:
        """Treads within a group."""
        first = await ctx.tool(tread, 1)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(ctx.tool(tread, 2))
        return int(first + task.result())

    east, _ = two_regions(group)
    await advance(east, await submitted(east, "group"), seconds=5)
    assert east.kinds()[-1] == "attempt_yielded"
    await east.work()
    assert east.state(JOB).result == 3


@in_virtual_time
async def test_messages_that_are_of_no_consequence_change_nothing() -> None:
    effects = Effects()
    east, west = two_regions(effects.walker(1))
    message = await submitted(east, "walk")
    fuse = Fuse()
    await advance(west, message, fuse)  # in the wrong Region
    await advance(east, LaneMessage(job_id(TENANT, "unknown"), 1, "due"), fuse)
    await advance(east, message)
    await advance(east, message, fuse)  # once more, after the end
    await advance(east, LaneMessage(JOB, 7, "due"), fuse)
    assert {name.partition(" ")[2] for name in fuse.burned} == {"read"}
    assert effects.done == {"tread": 1}


@in_virtual_time
async def test_a_message_of_an_epoch_that_is_over_is_dropped() -> None:
    effects = Effects()
    east, west = two_regions(effects.walker(1))
    message = await submitted(east, "walk")
    west.put(Segment(JOB, 2, west.name, 2, (adopted(1, EAST, 1),)))
    await advance(west, message)
    assert not effects.done
    await advance(west, LaneMessage(JOB, 2, "adopted"))
    assert west.state(JOB).status == "succeeded"


@in_virtual_time
async def test_a_job_that_cannot_be_read_in_full_is_not_run() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(1))
    message = await submitted(east, "walk")
    east.put(Segment(JOB, 1, EAST, 3, (step("beyond a gap"),)))
    await advance(east, message)
    assert not effects.done


@in_virtual_time
async def test_a_job_that_comes_before_its_time_is_hinted_again_for_then() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(1))
    message = await submitted(east, "walk", delay_seconds=60)
    await pass_time(20)
    await advance(east, message)
    (send,) = east.waiting()
    assert (send.message.reason, send.delay_seconds) == ("due", 40)
    assert head_of(east).due_at == add_seconds(east.clock.now(), 40 + STALL_SECONDS)
    assert not effects.done


@in_virtual_time
async def test_a_job_that_comes_long_before_its_time_is_left_to_the_sweeper() -> None:
    east, _ = two_regions(Effects().walker(1))
    await east.submit_job().submit(request("walk", input={}, delay_seconds=5000))
    await advance(east, LaneMessage(JOB, 1, "early"))
    assert not east.waiting()
    await pass_time(5000 + STALL_SECONDS)
    assert (await east.sweep_jobs().sweep()).put_back == 1


@in_virtual_time
async def test_when_the_table_refuses_the_message_comes_again_and_nothing_is_lost() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(2, seconds=5))
    message = await submitted(east, "walk")
    running = asyncio.create_task(advance(east, message))
    await pass_time(6)
    east.table.refusing = True
    with pytest.raises(StateUnavailable):
        await running
    east.table.refusing = False
    await advance(east, message, delivery=2)
    assert east.state(JOB).status == "succeeded"
    assert effects.done == {"tread": 1, "tread#2": 2}


@in_virtual_time
async def test_a_table_that_refuses_for_a_while_does_not_stop_a_job_that_writes_nothing_meanwhile() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(1, seconds=50))
    running = asyncio.create_task(advance(east, await submitted(east, "walk")))
    await pass_time(8)
    east.table.refusing = True
    await pass_time(30)
    east.table.refusing = False
    await running
    assert east.state(JOB).status == "succeeded"


@in_virtual_time
async def test_a_history_tells_worker_delivery_reason_and_times() -> None:
    east, _ = two_regions(Effects().walker(1, seconds=2))
    message = await submitted(east, "walk")
    east.clock = VirtualClock(0.25)
    await advance(east, message, delivery=3)
    _, begun, done, ended = [item.event for item in east.state(JOB).history]
    assert (begun.at, done.at, ended.at) == tuple(f"2026-11-21T12:00:{at}.250Z" for at in ("00", "02", "02"))
    assert isinstance(done, StepSucceeded)
    assert (done.step, done.step_kind, done.result) == ("tread", "tool", "trodden 1")


@in_virtual_time
async def test_a_hint_for_a_wait_that_ended_early_disturbs_no_worker() -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        await ctx.signal("go", timeout=600)
        return await ctx.tool(diary.write, "dear", 90)

    east, fleet = await begun(work)
    await fleet.pass_time(550)
    await signalled(east, "go/1")
    await fleet.finish()
    assert fleet.reasons() == ["submitted", "arrived", "due"]
    assert diary.entries == ["dear"]
    assert east.kinds().count("attempt_started") == 2


@in_virtual_time
async def test_a_job_whose_worker_dies_just_after_it_was_woken_early_is_soon_found() -> None:
    east, fleet = await begun(lambda ctx: ctx.signal("go", timeout=30 * DAY))
    await fleet.pass_time(DAY)
    fleet.comes_again = False
    await signalled(east, "go/1", 7)
    fleet.fuse.at = len(fleet.fuse.burned) + 3  # after the beginning of the attempt is written
    await fleet.finish()
    assert fleet.fuse.burned[fleet.fuse.at] == "after append"
    assert east.state(JOB).result == 7
    assert fleet.now < DAY + STALL_SECONDS + 10
