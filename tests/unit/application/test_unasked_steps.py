"""What an agent's history has and its replay leaves out: found at the end of the agent, and of each branch."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from functions.application.unasked_steps import UnaskedSteps
from functions.domain.errors import AntipodeError
from functions.sdk import Cancelled, Context, agent, tool
from functions.sdk.testing import crash_everywhere
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.agents import Diary, Nothing
from tests.unit.application.stories import DAY, begun, cancelled, changed, resumed, told
from tests.unit.application.two_regions import JOB


@pytest.mark.parametrize(
    ("keys", "begun_ones", "branch", "left"),
    [
        (("a", "b"), (), "", "a"),
        (("gather[0]/a",), (), "", "gather[0]/a"),
        (("gather[0]/a",), ("gather[0]/",), "", None),
        (("gather[0]/a",), ("gather[0]/",), "gather[0]/", "gather[0]/a"),
        (("gather[0]/a",), ("gather[0]/",), "gather[1]/", None),
        (("gather[0]/map[1]/a",), ("gather[0]/",), "", None),
        (("gather[0]/map[1]/a",), ("gather[0]/",), "gather[0]/", "gather[0]/map[1]/a"),
        (("gather[0]/map[1]/a",), ("gather[0]/", "gather[0]/map[1]/"), "gather[0]/", None),
        (("r2:gather[0]/a", "r2:b"), ("r2:gather[0]/",), "", "r2:b"),
        (("gather[1]0/a",), ("gather[1]/",), "gather[1]/", None),
    ],
)
def test_a_branch_leaves_out_what_is_on_it_and_on_branches_that_it_has_not_begun(
    keys: tuple[str, ...], begun_ones: tuple[str, ...], branch: str, left: str | None
) -> None:
    unasked = UnaskedSteps(keys)
    for each in begun_ones:
        unasked.begin(each)
    assert unasked.left_by(branch) == left
    for key in keys:
        unasked.ask(key)
    assert unasked.left_by(branch) is None
    assert not unasked


async def written(ctx: Context, diary: Diary, *entries: str) -> list[str]:
    return [await ctx.tool(diary.write, entry) for entry in entries]


def before(ctx: Context, diary: Diary) -> Awaitable[object]:
    async def work() -> object:
        done = await written(ctx, diary, "a", "b")
        for more in await ctx.gather(written(ctx, diary, "c"), written(ctx, diary, "d", "e")):
            done += more
        await ctx.sleep(DAY)
        return done

    return work()


async def _no_second_step(ctx: Context, diary: Diary) -> object:
    return await written(ctx, diary, "a")


async def _no_branches(ctx: Context, diary: Diary) -> object:
    return await written(ctx, diary, "a", "b")


async def _a_branch_less(ctx: Context, diary: Diary) -> object:
    await written(ctx, diary, "a", "b")
    await ctx.gather(written(ctx, diary, "c"))
    await ctx.sleep(DAY)
    return None


async def _a_step_less_on_a_branch(ctx: Context, diary: Diary) -> object:
    await written(ctx, diary, "a", "b")
    await ctx.gather(written(ctx, diary, "c"), written(ctx, diary, "d"))
    await ctx.sleep(DAY)
    return None


async def _no_wait(ctx: Context, diary: Diary) -> object:
    await written(ctx, diary, "a", "b")
    return await ctx.gather(written(ctx, diary, "c"), written(ctx, diary, "d", "e"))


async def _raises(ctx: Context, diary: Diary) -> object:
    await written(ctx, diary, "a")
    raise AntipodeError("agent_raised", "changed its mind")


async def _begins_anew(ctx: Context, diary: Diary) -> object:
    ctx.continue_as_new({})


@pytest.mark.parametrize(
    ("after", "detail"),
    [
        (_no_second_step, "step 'gather[0]/write': the history has it, but the agent returned without asking for it: "),
        (_no_branches, "step 'gather[0]/write': the history has it, but the agent returned without asking for it: "),
        (_a_branch_less, "step 'gather[1]/write': the history has it, but the agent returned without asking for it: "),
        (_a_step_less_on_a_branch, "step 'gather[1]/write#2': the history has it, but branch 'gather[1]' returned"),
        (_no_wait, "step 'sleep': the history has it, but the agent returned without asking for it: "),
        (_raises, "step 'gather[0]/write': the history has it, but the agent raised AntipodeError without asking"),
        (_begins_anew, "step 'gather[0]/write': the history has it, but the agent raised ContinueAsNew without"),
    ],
)
@in_virtual_time
async def test_a_changed_agent_that_ends_before_its_history_does_is_stopped_and_goes_on_when_it_is_mended(
    after: Callable[[Context, Diary], Awaitable[object]], detail: str
) -> None:
    diary = Diary()
    east, fleet = await begun(lambda ctx: before(ctx, diary))
    await fleet.pass_time(100)
    changed(east, lambda ctx: after(ctx, diary))
    await fleet.pass_time(2 * DAY)
    state = east.state(JOB)
    assert (state.status, state.halted) == ("waiting", True)
    error = told(east)
    assert error["code"] == "replay_diverged"
    assert error["detail"].startswith(detail)
    assert "restore the code" in error["detail"]
    changed(east, lambda ctx: before(ctx, diary))
    await resumed(east)
    await fleet.finish()
    assert east.state(JOB).result == ["a", "b", "c", "d", "e"]
    assert sorted(diary.entries) == ["a", "b", "c", "d", "e"], "nothing is done again"


async def _siblings_of_one_that_fails(ctx: Context, diary: Diary) -> object:
    """At a replay the failing branch ends the other one before that has asked for all that it once did."""

    async def fails_late() -> None:
        await written(ctx, diary, "a", "b")
        raise ValueError("late")

    try:
        await ctx.gather(fails_late(), written(ctx, diary, "c", "d", "e", "f"))
    except ValueError:
        return await written(ctx, diary, "after all")
    return None


async def _a_branch_that_nobody_awaits(ctx: Context, diary: Diary) -> object:
    ctx.spawn(written(ctx, diary, "x", "y", "z"))
    return await written(ctx, diary, "a", "b")


async def _a_branch_that_is_cancelled(ctx: Context, diary: Diary) -> object:
    branch = ctx.spawn(written(ctx, diary, "x", "y", "z"))
    done = await written(ctx, diary, "a", "b")
    branch.cancel()
    return [*done, *await written(ctx, diary, "c")]


async def _a_task_that_is_left_behind(ctx: Context, diary: Diary) -> object:
    left = asyncio.create_task(written(ctx, diary, "x"))
    done = await written(ctx, diary, "a", "b")
    return [*done, left is not None]


async def _a_fallback(ctx: Context, diary: Diary) -> object:
    @tool()
    async def fails() -> str:
        raise ValueError("no")

    return [await ctx.step(otherwise="instead").tool(fails), *await written(ctx, diary, "a")]


@pytest.mark.parametrize(
    "work",
    [
        _siblings_of_one_that_fails,
        _a_branch_that_nobody_awaits,
        _a_branch_that_is_cancelled,
        _a_task_that_is_left_behind,
        _a_fallback,
    ],
)
def test_what_an_agent_leaves_behind_as_it_always_did_is_no_divergence(
    work: Callable[[Context, Diary], Awaitable[object]],
) -> None:
    diary = Diary()

    @agent("work", version="1")
    async def doing(ctx: Context, wanted: Nothing) -> object:
        """Does this."""
        return await work(ctx, diary)

    run = crash_everywhere(doing, Nothing()).run
    assert run.status == "succeeded", run.error


@in_virtual_time
async def test_a_cancelled_job_that_leaves_out_how_it_undid_its_work_is_stopped_not_cancelled() -> None:
    diary = Diary()

    async def undoes(ctx: Context, *undone: str) -> object:
        try:
            await written(ctx, diary, "a")
            await ctx.sleep(DAY)
        except Cancelled:
            await written(ctx, diary, *undone)
            if undone:
                await ctx.sleep(60)
            raise
        return None

    east, fleet = await begun(lambda ctx: undoes(ctx, "undo a"))
    await fleet.pass_time(100)
    await cancelled(east)
    await fleet.pass_time(10)
    assert diary.entries == ["a", "undo a"]
    changed(east, lambda ctx: undoes(ctx))
    await fleet.pass_time(DAY / 24)
    assert told(east)["detail"].startswith("step 'sleep#2': the history has it, but the agent raised Cancelled")
    changed(east, lambda ctx: undoes(ctx, "undo a"))
    await resumed(east)
    await fleet.finish()
    assert (east.state(JOB).status, diary.entries) == ("cancelled", ["a", "undo a"])
