"""What may be said of a single step."""

import pytest

from functions.domain.errors import AntipodeError
from functions.domain.job.retry import Retry, TryAgain
from functions.sdk import Context
from functions.sdk.step_options import NO_OPTIONS, StepOptions
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.stories import begun
from tests.unit.application.two_regions import JOB


async def slow() -> str:
    """Takes a minute."""
    await pass_time(60)
    return "at last"


async def broken() -> str:
    """Never works."""
    raise ValueError("no")


async def shaky() -> str:
    """May work the next time, so it says."""
    raise TryAgain("not yet")


def test_without_options_an_error_is_raised() -> None:
    error = AntipodeError("step_raised", "no")
    with pytest.raises(AntipodeError, match="no"):
        NO_OPTIONS.instead_of(error)


def test_none_is_a_value_to_result_in() -> None:
    assert StepOptions(otherwise=None).instead_of(AntipodeError("step_raised", "no")) is None


@pytest.mark.parametrize("code", ["budget_exceeded", "deadline_passed"])
def test_the_ends_of_jobs_cannot_be_put_off(code: str) -> None:
    with pytest.raises(AntipodeError):
        StepOptions(otherwise=1).instead_of(AntipodeError(code, "over"))


@in_virtual_time
async def test_a_step_that_takes_too_long_results_in_what_was_given_for_that() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.step(timeout=5, retry=Retry(attempts=1), otherwise="never mind").tool(slow)

    east, fleet = await begun(work)
    await fleet.finish()
    (step,) = east.state(JOB).steps.values()
    assert (step.kind, east.state(JOB).result) == ("step_failed", "never mind")


@in_virtual_time
async def test_a_step_that_fails_for_good_results_in_what_was_given_at_every_replay() -> None:
    async def work(ctx: Context) -> object:
        first = await ctx.step(otherwise=[]).tool(broken)
        await ctx.sleep(3600)
        return first

    east, fleet = await begun(work)
    await fleet.finish()
    assert east.state(JOB).result == []


@in_virtual_time
async def test_a_steps_own_retries_stand_in_for_its_tools() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.step(retry=Retry(attempts=2, first_seconds=1), otherwise="gave up").tool(shaky)

    east, fleet = await begun(work)
    await fleet.finish()
    tries = [item for item in east.state(JOB).history if item.event.kind == "step_attempt_failed"]
    assert (len(tries), east.state(JOB).result) == (1, "gave up")


@in_virtual_time
async def test_a_step_may_have_a_name_of_its_own_in_the_history() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.step(name="looked-up", otherwise=0).tool(broken)

    east, fleet = await begun(work)
    await fleet.finish()
    assert list(east.state(JOB).steps) == ["looked-up"]


@in_virtual_time
async def test_a_call_of_an_agent_that_is_not_there_results_in_what_was_given() -> None:
    async def work(ctx: Context) -> object:
        return [await ctx.step(otherwise="alone").call("nobody"), await ctx.call("nobody", otherwise="still alone")]

    east, fleet = await begun(work)
    await fleet.finish()
    assert east.state(JOB).result == ["alone", "still alone"]
