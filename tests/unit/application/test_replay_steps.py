"""Steps: done once and read ever after, tried again where that can mend it, under names that stay the same."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from functions.application.ports import ModelAnswer, ModelUnavailable
from functions.domain.ids import digest_of
from functions.domain.job.events import ProgressReported, StepAttemptFailed
from functions.domain.job.retry import Retry, TryAgain
from functions.domain.moments import seconds_between
from functions.sdk import AntipodeError, Context, agent, tool
from tests.simulation.virtual_time import in_virtual_time, pass_time, run_virtually
from tests.unit.application.agents import Diary, Effects, ask
from tests.unit.application.fleet import Fleet
from tests.unit.application.stories import DAY, begun, signalled, told
from tests.unit.application.two_regions import (
    JOB,
    Region,
    advance,
    request,
    submitted,
    two_regions,
)


def step_names(region: Region) -> list[str]:
    return sorted(region.state(JOB).steps)


def tries(region: Region) -> list[StepAttemptFailed]:
    return [item.event for item in region.state(JOB).history if isinstance(item.event, StepAttemptFailed)]


class Failing:
    """An effect that fails so often, in this way, and then succeeds; with the moments of its tries."""

    def __init__(self, times: int, error: Callable[[], Exception]) -> None:
        self.times, self.error = times, error
        self.moments: list[float] = []
        self.keys: list[str] = []

    async def effect(self, idempotency_key: str) -> str:
        """Fail, or do it."""
        self.moments.append(round(asyncio.get_running_loop().time(), 1))
        self.keys.append(idempotency_key)
        if len(self.moments) <= self.times:
            raise self.error()
        return "done"

    @property
    def waits(self) -> list[float]:
        """The seconds between its tries."""
        return [round(later - earlier) for earlier, later in zip(self.moments, self.moments[1:], strict=False)]


def doing(failing: Failing, **options: Any) -> Callable[[Context], Any]:
    """Return the agent whose one step fails like this."""

    async def effect(idempotency_key: str) -> str:
        return await failing.effect(idempotency_key)

    marked = tool(name="try", **options)(effect)
    return lambda ctx: ctx.tool(marked)


@in_virtual_time
async def test_a_step_that_can_be_mended_is_tried_again_ever_later_and_meanwhile_holds_no_worker() -> None:
    failing = Failing(4, lambda: ConnectionError("reset"))
    east, fleet = await begun(doing(failing, retry=Retry(attempts=5, first_seconds=20)))
    await fleet.finish()
    assert east.state(JOB).result == "done"
    assert failing.waits == [10, 20, 40, 80]  # half of the ceiling, for that is what chance says here
    assert [(each.attempt, each.code, each.detail) for each in tries(east)] == [
        (number, "step_raised", "ConnectionError: reset") for number in range(1, 5)
    ]
    assert failing.keys == [f"{JOB}/try"] * 5
    assert fleet.reasons() == ["submitted", "due", "due", "due", "due"]
    assert (east.state(JOB).error, east.state(JOB).tries) == (None, {})


@in_virtual_time
async def test_a_step_that_says_when_to_try_again_is_not_tried_before() -> None:
    failing = Failing(1, lambda: TryAgain("busy", after_seconds=600))
    east, fleet = await begun(doing(failing))
    await fleet.finish()
    assert failing.waits == [600]
    (tried,) = tries(east)
    assert (tried.detail, seconds_between(tried.at, tried.retry_at)) == ("TryAgain: busy", 600)


@in_virtual_time
async def test_retries_that_are_used_up_fail_the_step_with_its_last_error() -> None:
    failing = Failing(99, lambda: ConnectionError("reset"))
    east, fleet = await begun(doing(failing, retry=Retry(attempts=3)))
    await fleet.finish()
    assert len(failing.moments) == 3
    assert told(east) == {"code": "step_raised", "detail": "ConnectionError: reset"}


@pytest.mark.parametrize(
    ("error", "options", "code"),
    [
        (lambda: ValueError("wrong"), {}, "step_raised"),
        (lambda: KeyError("missing"), {"retry": Retry(attempts=9)}, "step_raised"),
        (lambda: AntipodeError("distribution_not_found", "where?"), {}, "distribution_not_found"),
        (lambda: ConnectionError("reset"), {"repeatable": False}, "step_raised"),
    ],
)
def test_what_trying_again_cannot_mend_is_tried_once(
    error: Callable[[], Exception], options: dict[str, Any], code: str
) -> None:
    async def program() -> None:
        failing = Failing(99, error)
        east, fleet = await begun(doing(failing, **options))
        await fleet.finish()
        assert len(failing.moments) == 1
        assert told(east)["code"] == code
        assert tries(east) == []

    run_virtually(program())


@in_virtual_time
async def test_a_step_that_failed_raises_the_same_error_now_and_at_every_replay() -> None:
    failing = Failing(99, lambda: ValueError("wrong"))
    seen = []

    async def work(ctx: Context) -> object:
        try:
            await doing(failing)(ctx)
        except AntipodeError as error:
            seen.append((error.code, error.detail))
            await ctx.sleep(100)
        return "caught"

    east, fleet = await begun(work)
    await fleet.finish()
    assert seen == [("step_raised", "ValueError: wrong")] * 2
    assert len(failing.moments) == 1
    assert east.state(JOB).result == "caught"


@in_virtual_time
async def test_a_worker_that_dies_between_two_tries_does_not_make_them_more() -> None:
    failing = Failing(99, lambda: ConnectionError("reset"))
    east, fleet = await begun(doing(failing, retry=Retry(attempts=4, first_seconds=60)))
    await fleet.pass_time(100)
    fleet.kill_workers()
    fleet.lose_hints()
    await fleet.finish()
    assert len(failing.moments) == 4
    assert [each.attempt for each in tries(east)] == [1, 2, 3]


@in_virtual_time
async def test_a_step_that_takes_longer_than_it_may_is_tried_again_and_then_fails() -> None:
    diary = Diary()

    @tool(name="slow", timeout=5, retry=Retry(attempts=2))
    async def slow(idempotency_key: str) -> str:
        diary.entries.append("begun")
        return await diary.write("ended", 60, idempotency_key=idempotency_key)

    east, fleet = await begun(lambda ctx: ctx.tool(slow))
    await fleet.finish()
    assert told(east) == {"code": "step_raised", "detail": "TimeoutError: no result within 5 s"}
    assert diary.entries == ["begun", "begun"]
    assert fleet.now < 20


@in_virtual_time
async def test_a_model_that_is_away_is_asked_again_for_a_quarter_of_an_hour_without_a_worker() -> None:
    east, _ = two_regions(ask)
    again = [*[ModelUnavailable("throttled")] * 6, ModelUnavailable("throttled", "450")]
    east.model.answers = [*again, ModelAnswer('{"words": "yes"}', 10, 5)]
    await east.submit_job().submit(request("ask", input={}))
    fleet = Fleet(east)
    await fleet.finish()
    assert east.state(JOB).result == "yes"
    assert seconds_between(tries(east)[-1].at, tries(east)[-1].retry_at) == 450  # as the last refusal said
    assert [each.code for each in tries(east)] == ["model_unavailable"] * 7
    assert {asked.idempotency_key for asked in east.model.requests} == {f"{JOB}/model/1"}
    assert 500 < fleet.now < 1350


async def two_steps(ctx: Context, diary: Diary, name: str, first: float, second: float) -> str:
    """Write twice on a branch."""
    await ctx.tool(diary.write, f"{name}1", first)
    await ctx.tool(diary.write, f"{name}2", second)
    return name


@pytest.mark.parametrize(("first", "second"), [(1.0, 9.0), (9.0, 1.0), (5.0, 5.0)])
def test_branches_keep_the_names_of_their_steps_whatever_order_they_end_in(first: float, second: float) -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        spawned = ctx.spawn(two_steps(ctx, diary, "s", second, first))
        both = await ctx.gather(two_steps(ctx, diary, "a", first, second), two_steps(ctx, diary, "b", second, first))
        mapped = await ctx.map(lambda name: two_steps(ctx, diary, name, first, second), ["x", "y"], concurrency=1)
        inner = await ctx.gather(ctx.gather(two_steps(ctx, diary, "i", second, first), ctx.sleep(30)), ctx.uuid())
        return [both, mapped, await spawned, inner[0][0]]

    async def program() -> None:
        east, fleet = await begun(work)
        await fleet.finish()
        assert east.state(JOB).result == [["a", "b"], ["x", "y"], "s", "i"]
        expected = ["gather#2[0]/gather[0]/", "gather[0]/", "gather[1]/", "map[0]/", "map[1]/", "spawn/"]
        named = {f"{branch}{step}" for branch in expected for step in ("write", "write#2")}
        assert set(step_names(east)) == {*named, "gather#2[0]/gather[1]/sleep", "gather#2[1]/uuid"}
        digests = {key: ended.arguments for key, ended in east.state(JOB).steps.items()}
        assert digests["gather[1]/write#2"] == digest_of([["b2", first], {}])

    run_virtually(program())


@in_virtual_time
async def test_branches_that_a_worker_leaves_at_any_moment_repeat_nothing_that_was_recorded() -> None:
    async def left_at(seconds: int) -> None:
        diary = Diary()

        async def work(ctx: Context) -> object:
            return await ctx.gather(*(two_steps(ctx, diary, name, ord(name) % 7, 5) for name in "abcd"))

        east, fleet = await begun(work)
        diary.region = east
        await fleet.pass_time(seconds)
        fleet.kill_workers()
        await fleet.finish()
        assert east.state(JOB).result == ["a", "b", "c", "d"]
        assert not diary.again
        assert set(diary.entries) == {f"{name}{number}" for name in "abcd" for number in (1, 2)}

    for seconds in range(1, 12):
        await left_at(seconds)


@in_virtual_time
async def test_steps_side_by_side_without_branches_of_their_own_are_named_in_the_order_of_asking() -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        both = await asyncio.gather(ctx.tool(diary.write, "slow", 9), ctx.tool(diary.write, "quick", 1))
        await ctx.sleep(60)
        return both

    east, fleet = await begun(work)
    await fleet.finish()
    assert east.state(JOB).result == ["slow", "quick"]
    assert step_names(east) == ["sleep", "write", "write#2"]
    assert diary.entries == ["quick", "slow"]


@in_virtual_time
async def test_when_one_branch_fails_the_others_are_ended() -> None:
    effects = Effects()
    east, _ = two_regions(effects.pair("raises", "slow"))
    await advance(east, await submitted(east, "pair"))
    await pass_time(100)
    assert told(east) == {"code": "step_raised", "detail": "ValueError: quick, and wrong"}
    assert east.kinds()[-1] == "failed"
    assert effects.done == {"raises": 1}


@in_virtual_time
async def test_a_branch_that_nobody_awaits_ends_with_the_agent_and_records_nothing_afterwards() -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        ctx.spawn(two_steps(ctx, diary, "s", 5, 500))
        return await ctx.tool(diary.write, "main", 10)

    east, fleet = await begun(work)
    await fleet.finish()
    await fleet.pass_time(600)
    assert east.state(JOB).result == "main"
    assert diary.entries == ["s1", "main"]
    assert east.kinds()[-1] == "succeeded"


@in_virtual_time
async def test_an_agent_that_begins_anew_keeps_its_job_and_its_budget_and_uses_no_idempotency_key_twice() -> None:
    keys = []

    async def tread(round: int, idempotency_key: str) -> int:
        keys.append(idempotency_key)
        return round

    @agent("rounds", version="1")
    async def rounds(ctx: Context, request: dict[str, int]) -> int:
        """Goes round and round."""
        done = await ctx.tool(tread, request.get("round", 1))
        await ctx.tool(tread, request.get("round", 1))
        await ctx.sleep(60)
        if done < 4:
            ctx.continue_as_new({"round": done + 1})
        return int(done)

    async def run(budget: int) -> Region:
        keys.clear()
        east, _ = two_regions(rounds)
        await east.submit_job().submit(request("rounds", input={}, budget={"steps": budget}))
        await Fleet(east).finish()
        return east

    east = await run(12)
    state = east.state(JOB)
    assert (state.result, state.round, state.input) == (4, 4, {"round": 4})
    names = ["tread", "tread#2", "r2:tread", "r2:tread#2", "r3:tread", "r3:tread#2", "r4:tread", "r4:tread#2"]
    assert keys == [f"{JOB}/{name}" for name in names]
    assert list(state.steps) == ["r4:tread", "r4:tread#2", "r4:sleep"]
    assert state.job.input == {}
    assert (await run(11)).error_code() == "budget_exceeded"
    assert len(keys) == 8  # the sleep of the fourth round was one too many


@in_virtual_time
async def test_progress_is_recorded_once_and_shown() -> None:
    async def work(ctx: Context) -> object:
        await ctx.progress({"done": 1})
        await ctx.sleep(60)
        await ctx.progress({"done": 2})
        await ctx.sleep(60)
        return await ctx.signal("go", timeout=DAY)

    east, fleet = await begun(work)
    await fleet.pass_time(30)
    assert east.state(JOB).progress == {"done": 1}
    await fleet.pass_time(300)
    assert east.state(JOB).progress == {"done": 2}
    await signalled(east, "go/1")
    await fleet.finish()
    notes = [item.event for item in east.state(JOB).history if isinstance(item.event, ProgressReported)]
    assert [(each.step, each.note) for each in notes] == [("progress", {"done": 1}), ("progress#2", {"done": 2})]


@in_virtual_time
async def test_the_moment_and_chance_are_the_same_at_every_replay() -> None:
    seen = []

    async def work(ctx: Context) -> object:
        seen.append([str(await ctx.now()), await ctx.random(), str(await ctx.uuid()), str(await ctx.uuid())])
        await ctx.sleep(60)
        return "slept"

    _, fleet = await begun(work)
    await fleet.finish()
    first, second = seen
    assert first == second
    assert first[2] != first[3]


@in_virtual_time
async def test_a_result_that_is_no_json_is_one_final_error() -> None:
    async def odd(ctx: Context) -> object:
        return float("nan")

    east, fleet = await begun(odd)
    await fleet.finish()
    assert east.error_code() == "value_not_serialisable"
    assert east.kinds().count("attempt_started") == 1


@in_virtual_time
async def test_an_expensive_step_is_durable_before_the_agent_goes_on_and_a_cheap_one_soon_after() -> None:
    kinds: dict[str, list[str]] = {}

    async def note(name: str) -> None:
        kinds[name] = east.kinds()

    @tool(expensive=True)
    async def dear() -> None:
        await note("dear")

    async def cheap() -> None:
        await note("cheap")

    @tool(repeatable=False)
    async def harmful() -> None:
        await note("harmful")

    async def work(ctx: Context) -> object:
        await ctx.tool(dear)
        await ctx.tool(cheap)
        await ctx.tool(harmful)
        return "done"

    east, fleet = await begun(work)
    await fleet.finish()
    assert kinds["dear"] == ["submitted"]
    assert kinds["cheap"] == ["submitted", "attempt_started", "step_succeeded"]
    assert kinds["harmful"] == [*kinds["cheap"], "step_succeeded"]
