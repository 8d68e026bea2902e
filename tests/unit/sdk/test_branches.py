"""Branches: what they are called, in which order their results come, and what becomes of those left behind."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest

from functions.domain.job.events import Json
from functions.sdk import Context
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time, run_virtually
from tests.unit.sdk.recording import Recording


async def slow(name: str, seconds: float) -> str:
    """A tool."""
    await pass_time(seconds)
    return name


Program = Callable[[Context, tuple[float, ...]], Awaitable[object]]


async def gathering(ctx: Context, seconds: tuple[float, ...]) -> object:
    return await ctx.gather(*(ctx.tool(slow, str(place), each) for place, each in enumerate(seconds)))


async def mapping(ctx: Context, seconds: tuple[float, ...]) -> object:
    return await ctx.map(lambda each: ctx.tool(slow, str(each[0]), each[1]), enumerate(seconds))


async def spawning(ctx: Context, seconds: tuple[float, ...]) -> object:
    branches = [ctx.spawn(ctx.tool(slow, str(place), each)) for place, each in enumerate(seconds)]
    return [await branch for branch in branches]


@pytest.mark.parametrize("program", [gathering, mapping, spawning])
def test_results_come_in_order_and_steps_keep_their_names_whatever_ends_first(program: Program) -> None:
    async def run(seconds: tuple[float, ...]) -> tuple[object, list[str], dict[str, Json]]:
        recording = Recording()
        results = await program(Context(recording), seconds)
        ends = dict(zip(recording.keys(), (step.result for step in recording.steps), strict=True))
        return results, recording.keys(), ends

    ended = [run_virtually(run(seconds)) for seconds in itertools.permutations((1.0, 2.0, 3.0))]
    assert all(results == ["0", "1", "2"] for results, _, _ in ended)
    assert len({tuple(keys) for _, keys, _ in ended}) == 6, "they did end in different orders"
    assert all(ends == ended[0][2] for _, _, ends in ended)


@in_virtual_time
async def test_branches_within_branches_and_a_second_group_have_paths_of_their_own() -> None:
    recording = Recording()
    ctx = Context(recording)

    async def inner(name: str) -> None:
        await ctx.tool(slow, name, 1)
        await ctx.map(lambda each: ctx.tool(slow, each, 1), [name + "1", name + "2"])
        await ctx.tool(slow, name, 1)

    await ctx.gather(inner("a"), inner("b"))
    await ctx.gather(ctx.tool(slow, "c", 1))
    await ctx.spawn(inner("d"))
    await ctx.spawn(ctx.sleep(1))
    assert sorted(recording.keys()) == [
        "gather#2[0]/slow",
        "gather[0]/map[0]/slow",
        "gather[0]/map[1]/slow",
        "gather[0]/slow",
        "gather[0]/slow#2",
        "gather[1]/map[0]/slow",
        "gather[1]/map[1]/slow",
        "gather[1]/slow",
        "gather[1]/slow#2",
        "spawn#2/sleep",
        "spawn/map[0]/slow",
        "spawn/map[1]/slow",
        "spawn/slow",
        "spawn/slow#2",
    ]


@in_virtual_time
async def test_what_follows_a_group_is_on_the_branch_from_which_it_was_begun() -> None:
    recording = Recording()
    ctx = Context(recording)
    await ctx.gather(ctx.tool(slow, "a", 1))
    await ctx.tool(slow, "b", 1)
    assert recording.keys() == ["gather[0]/slow", "slow"]


@in_virtual_time
async def test_branches_run_at_once() -> None:
    ctx, clock = Context(Recording()), VirtualClock()
    await gathering(ctx, (10.0,) * 5)
    assert clock.monotonic() == 10.0


@pytest.mark.parametrize(("concurrency", "seconds"), [(1, 6.0), (2, 3.0), (3, 2.0), (6, 1.0), (100, 1.0)])
def test_a_map_does_so_many_at_once_and_no_more(concurrency: int, seconds: float) -> None:
    async def program() -> float:
        await Context(Recording()).map(lambda each: slow(each, 1.0), "abcdef", concurrency=concurrency)
        return VirtualClock().monotonic()

    assert run_virtually(program()) == seconds


@pytest.mark.parametrize("concurrency", [0, -1])
def test_a_map_of_none_at_once_is_refused(concurrency: int) -> None:
    with pytest.raises(ValueError, match="concurrency must be at least 1"):
        run_virtually(Context(Recording()).map(lambda each: slow(each, 1.0), "abc", concurrency=concurrency))


@in_virtual_time
async def test_nothing_to_do_at_once_gives_nothing() -> None:
    ctx = Context(Recording())
    assert await ctx.gather() == []
    assert await ctx.map(lambda each: slow(each, 1), []) == []


@pytest.mark.parametrize("program", [gathering, mapping])
def test_when_a_branch_fails_the_others_are_ended_before_the_error_is_raised(program: Program) -> None:
    async def run() -> None:
        ended: list[str] = []

        async def failing(name: str) -> None:
            raise ValueError(name)

        async def lasting(name: str) -> None:
            try:
                await pass_time(100)
            finally:
                ended.append(name)

        ctx = Context(Recording())
        if program is gathering:
            group = ctx.gather(lasting("other"), failing("first"))
        else:
            group = ctx.map(lambda work: work("first" if work is failing else "other"), [lasting, failing])
        with pytest.raises(ValueError, match="first"):
            await group
        assert ended == ["other"]
        assert VirtualClock().monotonic() == 0.0

    run_virtually(run())


@in_virtual_time
async def test_a_spawned_branch_runs_while_its_agent_goes_on_and_can_be_ended() -> None:
    ctx, done = Context(Recording()), []

    async def note(name: str, seconds: float) -> str:
        await pass_time(seconds)
        done.append(name)
        return name

    kept, ended = ctx.spawn(note("kept", 5)), ctx.spawn(note("ended", 5))
    await pass_time(1)
    ended.cancel()
    assert await kept == "kept"
    assert done == ["kept"]
    with pytest.raises(asyncio.CancelledError):
        await ended


@in_virtual_time
async def test_an_error_in_a_spawned_branch_is_raised_where_it_is_awaited() -> None:
    async def failing() -> None:
        raise ValueError("spawned")

    branch = Context(Recording()).spawn(failing())
    await pass_time(1)
    with pytest.raises(ValueError, match="spawned"):
        await branch


@in_virtual_time
async def test_a_branch_that_ends_before_it_has_begun_leaves_no_coroutine_that_nobody_awaits() -> None:
    begun: list[str] = []

    async def never() -> None:
        begun.append("never")

    branch = Context(Recording()).spawn(never())
    branch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await branch
    assert not begun


@in_virtual_time
async def test_an_agent_that_is_set_going_from_a_branch_of_another_begins_on_no_branch() -> None:
    caller, called = Recording(), Recording()

    async def set_going() -> None:
        ctx = Context(called)
        await ctx.tool(slow, "a", 1)
        await ctx.gather(ctx.tool(slow, "b", 1))

    await Context(caller).gather(set_going())
    assert called.keys() == ["slow", "gather[0]/slow"]


@in_virtual_time
async def test_an_agent_that_is_begun_inside_of_a_branch_of_another_one_has_its_own_names() -> None:
    outer, inner = Recording(), Recording()

    async def begin_another(ctx: Context) -> None:
        await asyncio.create_task(gathering_one(Context(inner)))
        await ctx.now()

    async def gathering_one(ctx: Context) -> None:
        await ctx.now()
        await ctx.gather(ctx.random())

    ctx = Context(outer)
    await ctx.gather(begin_another(ctx))
    assert outer.keys() == ["gather[0]/now"]
    assert inner.keys() == ["now", "gather[0]/random"]


@in_virtual_time
async def test_the_recorder_is_told_of_each_branch_as_it_begins() -> None:
    recording = Recording()
    ctx = Context(recording)

    async def two() -> None:
        await ctx.gather(ctx.tool(slow, "a", 0.0), ctx.tool(slow, "b", 0.0))

    await ctx.gather(two(), ctx.tool(slow, "c", 0.0))
    await ctx.spawn(ctx.tool(slow, "d", 0.0))
    assert recording.branches == ["gather[0]/", "gather[1]/", "gather[0]/gather[0]/", "gather[0]/gather[1]/", "spawn/"]
