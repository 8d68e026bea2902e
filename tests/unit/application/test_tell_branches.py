"""Who has learned that a job is to end: what branches do meanwhile, what the agent knows of when it undoes its work."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from functions.application.agent_ports import Cancelled
from functions.application.tell_branches import ToldBranches
from functions.domain.errors import AntipodeError
from functions.sdk import Context, tool
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Diary
from tests.unit.application.fleet import Deadly
from tests.unit.application.stories import DAY, Wish, begun, cancelled, children, jobs_of
from tests.unit.application.two_regions import JOB


def test_before_anybody_has_learned_nobody_knows() -> None:
    told = ToldBranches()
    told.begin("gather[0]/")
    assert not told
    assert not any(map(told.know, ("step", "gather[0]/step")))


def test_a_branch_that_learns_lets_those_above_know_and_none_beside_it() -> None:
    told = ToldBranches()
    told.tell("gather[0]/map[1]/step")
    known = {step: told.know(step) for step in ("undo", "gather[0]/undo", "gather[0]/map[1]/undo")}
    assert all(known.values()), known
    beside = {step: told.know(step) for step in ("gather[1]/a", "gather[0]/map[10]/a", "gather[0]/map[1]/gather[0]/a")}
    assert not any(beside.values()), beside


def test_a_branch_that_is_begun_afterwards_knows() -> None:
    told = ToldBranches()
    told.tell("step")
    told.begin("gather[0]/")
    assert told.know("gather[0]/undo")
    assert not told.know("gather[1]/undo")


@dataclass(slots=True)
class SlowWrites(Deadly):
    """Every append takes so long."""

    seconds: float = 3.0

    async def burn(self, what: str) -> None:
        """Come by."""
        if what == "before append":
            await pass_time(self.seconds)
        await Deadly.burn(self, what)


async def calls(ctx: Context, diary: Diary) -> object:
    return await ctx.call("child", Wish(seconds=DAY))


async def calls_twice(ctx: Context, diary: Diary) -> object:
    """Both on one branch, where one that learns of it speaks for the other."""
    early = asyncio.create_task(ctx.sleep(DAY))
    try:
        return await ctx.call("child", Wish(seconds=DAY))
    finally:
        with contextlib.suppress(Cancelled):
            await early


async def asks(ctx: Context, diary: Diary) -> object:
    return await ctx.approval("legal", "may it?", timeout=DAY)


async def leaps(ctx: Context, diary: Diary) -> object:
    @tool(name="book", repeatable=False)
    async def book(words: str, idempotency_key: str) -> str:
        return await diary.write(words, DAY, idempotency_key=idempotency_key)

    return await ctx.tool(book, "room")


@pytest.mark.parametrize("work", [calls, calls_twice, asks, leaps])
@in_virtual_time
async def test_a_step_that_is_being_made_ready_when_the_cancel_comes_is_not_begun(
    work: Callable[[Context, Diary], Awaitable[object]],
) -> None:
    """It may be begun, and is being written down or its child submitted: then nothing else ends it before its time."""
    diary = Diary()

    async def first_and_then(ctx: Context) -> object:
        await ctx.tool(diary.write, "first", 8)
        return await work(ctx, diary)

    east, fleet = await begun(first_and_then, children())
    fleet.fuse = SlowWrites(seconds=5.0)
    await fleet.pass_time(8.5)
    await cancelled(east)
    await fleet.finish()
    assert (east.state(JOB).status, diary.entries) == ("cancelled", ["first"])
    assert fleet.now < 60
    assert all(state.status == "cancelled" for state in jobs_of(east, "child").values())


@in_virtual_time
async def test_a_branch_that_has_not_learned_of_the_cancel_does_no_more_work_while_another_learns_of_it() -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        done: list[str] = []

        async def one(number: int) -> None:
            if number == 0:
                await ctx.sleep(DAY)
            done.append(await ctx.tool(diary.write, f"{number}"))

        try:
            return await ctx.map(one, range(2), concurrency=1)
        except Cancelled:
            await ctx.gather(*(ctx.tool(diary.write, f"undo {each}") for each in done))
            raise

    east, fleet = await begun(work)
    await fleet.rest()
    await cancelled(east)
    await fleet.finish()
    assert (east.state(JOB).status, diary.entries) == ("cancelled", [])


@in_virtual_time
async def test_a_step_that_is_being_recorded_while_another_branch_learns_of_the_cancel_is_undone() -> None:
    diary = Diary()

    @tool(name="book", expensive=True)
    async def book(words: str, idempotency_key: str) -> str:
        return await diary.write(words, 4, idempotency_key=idempotency_key)

    async def work(ctx: Context) -> object:
        done: list[str] = []

        async def booked() -> None:
            done.append(await ctx.tool(book, "room"))
            await ctx.tool(diary.write, "never")

        try:
            return await ctx.gather(ctx.sleep(DAY), booked())
        except Cancelled:
            await ctx.gather(*(ctx.tool(diary.write, f"undo {each}") for each in done))
            raise

    east, fleet = await begun(work)
    fleet.fuse = SlowWrites()
    await fleet.pass_time(4.5)  # the room is booked, and that is being written
    await cancelled(east)
    await fleet.finish()
    assert (east.state(JOB).status, diary.entries) == ("cancelled", ["room", "undo room"])


@in_virtual_time
async def test_a_branch_that_is_ended_while_its_step_is_being_recorded_ends_after_it() -> None:
    diary = Diary()

    async def fails() -> str:
        await pass_time(5)
        raise ValueError("wrong")

    @tool(name="book", expensive=True)
    async def book(words: str, idempotency_key: str) -> str:
        return await diary.write(words, 4, idempotency_key=idempotency_key)

    async def work(ctx: Context) -> object:
        seen: list[str] = []

        async def booked() -> None:
            seen.append(await ctx.tool(book, "room"))
            await ctx.gather(ctx.sleep(DAY), ctx.tool(diary.write, "never"))

        with contextlib.suppress(AntipodeError):
            await ctx.gather(ctx.tool(fails), booked())
        return seen

    east, fleet = await begun(work)
    fleet.fuse = SlowWrites()
    await fleet.finish()
    assert (east.state(JOB).result, diary.entries) == (["room"], ["room"])
    assert fleet.now < 60


@in_virtual_time
async def test_after_a_workers_death_the_agent_learns_of_its_cancel_with_all_its_branches_have_done() -> None:
    diary = Diary()

    async def work(ctx: Context) -> None:
        done: list[str] = []

        async def note(words: str) -> None:
            done.append(await ctx.tool(diary.write, words))

        async def branch() -> None:
            await ctx.map(note, ["a"], concurrency=1)
            await note("b")

        try:
            await ctx.gather(ctx.sleep(DAY), branch())
        except Cancelled:
            for words in sorted(done):
                await ctx.tool(diary.write, f"undo {words}", 20)
            raise

    east, fleet = await begun(work)
    await fleet.rest()
    await cancelled(east)
    await fleet.pass_time(10)
    fleet.kill_workers()
    await fleet.finish()
    assert east.state(JOB).status == "cancelled"
    assert diary.entries == ["a", "b", "undo a", "undo b"]
