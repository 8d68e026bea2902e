"""What may be said of a single step, and what agents see of calls that cannot be."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.domain.errors import AntipodeError
from functions.domain.ids import child_job_id
from functions.domain.job.retry import Retry, TryAgain
from functions.sdk import Cancelled, Context, agent
from functions.sdk.step_options import NO_OPTIONS, StepOptions
from tests.simulation.virtual_time import in_virtual_time, pass_time, run_virtually
from tests.unit.application.fleet import Fleet
from tests.unit.application.stories import DAY, Wish, begun, cancelled, children
from tests.unit.application.two_regions import EAST, JOB, WEST, replicate, request, two_regions


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
async def test_what_is_named_after_what_it_does_carries_one_key_whatever_was_lost_before_it() -> None:
    undone: list[tuple[str, str, str]] = []

    async def book(place: str, seconds: float) -> None:
        await pass_time(seconds)

    async def undo(place: str, idempotency_key: str) -> None:
        undone.append((region.name, place, idempotency_key))

    async def work(ctx: Context) -> None:
        booked: list[str] = []

        async def go(place: str, seconds: float) -> None:
            await ctx.tool(book, place, seconds)
            booked.append(place)

        try:
            await ctx.gather(go("inn", 20), go("train", 10))
            await ctx.sleep(DAY)
        except Cancelled:
            for place in sorted(booked):
                await ctx.step(name=f"undo-{place}").tool(undo, place)
            raise

    region, fleet = await begun(work)
    await fleet.pass_time(15)
    replicate(region, region.peer)  # what comes after it is lost with the Region: that the inn has been booked, too
    await fleet.pass_time(15)
    await cancelled(region)
    await fleet.finish()
    region = region.peer
    await region.adopt_jobs().adopt(also=(JOB,))
    await Fleet(region).finish()
    assert region.state(JOB).status == "cancelled"
    assert undone == [
        (EAST, "inn", f"{JOB}/undo-inn"),
        (EAST, "train", f"{JOB}/undo-train"),
        (WEST, "train", f"{JOB}/undo-train"),
    ]


@in_virtual_time
async def test_a_call_of_an_agent_that_is_not_there_results_in_what_was_given() -> None:
    async def work(ctx: Context) -> object:
        return [await ctx.step(otherwise="alone").call("nobody"), await ctx.call("nobody", otherwise="still alone")]

    east, fleet = await begun(work)
    await fleet.finish()
    assert east.state(JOB).result == ["alone", "still alone"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (lambda ctx: ctx.call("nobody"), "unknown_agent"),
        (lambda ctx: ctx.call("child", {"seconds": "long"}), "invalid_body"),
        (lambda ctx: ctx.call("child", Wish(), lane="fast"), "unknown_lane"),
    ],
)
def test_a_call_that_is_refused_is_an_error_now_and_at_every_replay(asked: Callable[[Context], Any], code: str) -> None:
    async def work(ctx: Context) -> object:
        try:
            await asked(ctx)
        except AntipodeError as error:
            await ctx.sleep(100)
            return [error.code, await ctx.call("child", Wish(seconds=50))]
        return "not refused"

    async def program() -> None:
        east, fleet = await begun(work, children())
        await fleet.finish()
        assert east.state(JOB).result == [code, 100]

    run_virtually(program())


@in_virtual_time
async def test_an_agent_that_begins_anew_leaves_no_child_behind_for_which_nobody_waits() -> None:
    @agent("once-more", version="1")
    async def once_more(ctx: Context, wanted: Wish) -> str:
        """Begins anew, with a child left in a branch that it has spawned."""
        if wanted.seconds:
            ctx.spawn(ctx.call("child", Wish(seconds=DAY)))
            await ctx.sleep(30)
            ctx.continue_as_new(Wish(seconds=0))
        return "done"

    east, _ = two_regions(once_more, children())
    await east.submit_job().submit(request("once-more", input={"seconds": 1}))
    fleet = Fleet(east)
    await fleet.finish()
    await fleet.finish(child_job_id(JOB, "spawn/child"))
    assert (east.state(JOB).result, east.state(child_job_id(JOB, "spawn/child")).status) == ("done", "cancelled")
    assert fleet.now < 120
