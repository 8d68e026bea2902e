"""The replay can fail: a changed agent is found out, and told which step it is, what was expected, and the remedy."""

from collections.abc import Awaitable, Callable

import pytest

from functions.domain.job.state import fold
from functions.sdk import AgentDefinition, Context, agent
from tests.replay.agents.rounds import Count, look
from tests.replay.kept import HISTORIES, read_history
from tests.replay.replayer import faults_of
from tests.replay.scenarios import agent_named

Body = Callable[[Context, Count], Awaitable[list[str]]]


async def as_it_was(ctx: Context, count: Count) -> list[str]:
    found = [*count.found, *(await ctx.gather(*(ctx.tool(look, count.left) for _ in range(2))))]
    await ctx.sleep(3600)
    if count.left > 1:
        ctx.continue_as_new(Count(left=count.left - 1, found=found))
    return found


async def other_arguments(ctx: Context, count: Count) -> list[str]:
    found = [*count.found, *(await ctx.gather(*(ctx.tool(look, count.left + 1) for _ in range(2))))]
    await ctx.sleep(3600)
    return found


async def another_step_first(ctx: Context, count: Count) -> list[str]:
    await ctx.tool(look, 0)
    return await as_it_was(ctx, count)


async def a_step_less(ctx: Context, count: Count) -> list[str]:
    found = [*count.found, *(await ctx.gather(*(ctx.tool(look, count.left) for _ in range(2))))]
    if count.left > 1:
        ctx.continue_as_new(Count(left=count.left - 1, found=found))
    return found


async def a_branch_less(ctx: Context, count: Count) -> list[str]:
    found = [*count.found, *(await ctx.gather(ctx.tool(look, count.left)))]
    await ctx.sleep(3600)
    if count.left > 1:
        ctx.continue_as_new(Count(left=count.left - 1, found=found))
    return found


async def a_step_of_another_kind(ctx: Context, count: Count) -> list[str]:
    async def sleep() -> str:
        return "slept"

    found = [*count.found, *(await ctx.gather(*(ctx.tool(look, count.left) for _ in range(2))))]
    await ctx.tool(sleep)
    if count.left > 1:
        ctx.continue_as_new(Count(left=count.left - 1, found=found))
    return found


async def another_result(ctx: Context, count: Count) -> list[str]:
    return [*(await as_it_was(ctx, count)), "and more"]


def faults(body: Body) -> list[str]:
    """What is found when the kept history of `rounds` is replayed against an agent with this body."""

    @agent("rounds", version="1")
    async def changed(ctx: Context, count: Count) -> list[str]:
        """Has been changed, and not been given a new version."""
        return await body(ctx, count)

    def find(name: str, version: str | None) -> AgentDefinition:
        return changed if name == "rounds" else agent_named(name, version)

    (job,) = read_history(HISTORIES / "rounds.json")
    state = fold(job.segments)
    assert state is not None
    return faults_of(job.job_id, state, find)


def test_an_agent_that_does_as_it_did_has_no_faults() -> None:
    assert faults(as_it_was) == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (other_arguments, "replay_diverged: step 'r3:gather[0]/look': the history has it with other arguments"),
        (another_step_first, "replay_diverged: step 'r3:look' is asked for where the history has 'r3:"),
        (a_step_less, "step 'r3:sleep' is not asked for any more"),
        (a_branch_less, "step 'r3:gather[1]/look' is not asked for any more"),
        (a_step_of_another_kind, "replay_diverged: step 'r3:sleep': the history has it with a sleep step, now a tool"),
        (another_result, "ends with [{'kind': 'succeeded', 'result': ['found 3',"),
    ],
)
def test_a_changed_agent_is_found_out_and_its_step_is_named(body: Body, told: str) -> None:
    found = faults(body)
    assert any(told in fault for fault in found), "\n".join(found)


def test_a_divergence_says_how_to_mend_it() -> None:
    remedy = "give the changed agent a new version, then resume the job"
    assert any(remedy in fault for fault in faults(other_arguments))


async def a_branch_more(ctx: Context, count: Count) -> list[str]:
    return list(await ctx.gather(*(ctx.tool(look, count.left) for _ in range(3))))


def test_a_step_that_the_history_never_has_is_named() -> None:
    told = "step 'gather[2]/look' is asked for, which the history never has"
    assert any(told in fault for fault in faults(a_branch_more))
