"""How a story begins and what people do in it: a job that does what the test says, signals, decisions, requests."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel

from functions.application.agent_ports import Agent, Cancelled
from functions.application.send_arrival import Sent
from functions.domain.ids import child_job_id
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import Json
from functions.domain.job.state import JobState
from functions.sdk import AgentDefinition, Context, agent
from tests.simulation.virtual_time import VirtualClock
from tests.unit.application.agents import Diary, Nothing
from tests.unit.application.fleet import Deadly, Fleet
from tests.unit.application.two_regions import JOB, Region, Shelf, replicate, request, two_regions

DAY = 86_400.0
Work = Callable[[Context], Awaitable[object]]


def agent_of(work: Work, name: str = "work", version: str = "1") -> AgentDefinition:
    """Return the agent that does this."""

    @agent(name, version=version)
    async def doing(ctx: Context, wanted: Nothing) -> object:
        """Does this."""
        return await work(ctx)

    return doing


async def begun(work: Work, *others: Agent, at: int | None = None, **fields: Any) -> tuple[Region, Fleet]:
    """Return the Region and the fleet that have just got a job which does this. The fuse blows `at` this call.

    A story that is told with a fuse is told many times: one lane will do.
    """
    east, _ = two_regions(agent_of(work), *others)
    if at is not None:
        east.lanes.queues = {"standard": []}
    await east.submit_job().submit(request("work", input={}, **fields))
    return east, Fleet(east, fuse=Deadly(at))


async def sent(region: Region, kind: ArrivalKind, name: str, body: Json = None, by: str = "ann") -> Sent:
    """Send something to the one job, as this Region knows it."""
    return await region.send_arrival().send(JOB, region.state(JOB), kind, name, by=by, body=body)


async def signalled(region: Region, name: str, body: Json = None, by: str = "ann") -> Sent:
    """Send the one job a signal."""
    return await sent(region, ArrivalKind.SIGNAL, name, body, by)


async def cancelled(region: Region, name: str = "c1", reason: str = "not wanted", by: str = "bob") -> Sent:
    """Ask that the one job end."""
    return await sent(region, ArrivalKind.CANCEL, name, reason, by)


async def paused(region: Region, name: str = "p1") -> Sent:
    """Ask that the one job do nothing."""
    return await sent(region, ArrivalKind.PAUSE, name)


async def resumed(region: Region, name: str = "r1") -> Sent:
    """Ask that the one job go on."""
    return await sent(region, ArrivalKind.RESUME, name)


async def decided(region: Region, step: str, approved: bool, by: str) -> Sent:
    """Decide on what a step of the one job asks for."""
    body: Json = {"approved": approved, "comment": f"says {by}"}
    return await region.send_arrival().send_once(JOB, region.state(JOB), ArrivalKind.DECISION, step, by=by, body=body)


def jobs_of(region: Region, name: str) -> dict[str, JobState]:
    """Return all jobs of an agent that this replica holds."""
    ids = sorted({row.segment.job_id for row in region.table.segments.values()})
    return {job: state for job in ids if (state := region.state(job)).job.agent == name}


def careful(diary: Diary) -> Work:
    """An agent that books, waits for a day, and undoes its booking when it is cancelled."""

    async def work(ctx: Context) -> object:
        await ctx.tool(diary.write, "book", 1)
        try:
            await ctx.sleep(DAY)
        except Cancelled:
            await ctx.tool(diary.write, "undo 1", 5)
            await ctx.sleep(60)
            await ctx.tool(diary.write, "undo 2", 5)
            raise
        return "slept"

    return work


def told(region: Region) -> dict[str, str]:
    """Return the one job's error."""
    error = region.state(JOB).error
    assert error is not None
    return dict(error)


def changed(east: Region, work: Work, version: str = "1") -> None:
    """From now on the release has this in place of the agent."""
    east.agents = Shelf([agent_of(work, version=version)])


async def steps(ctx: Context, diary: Diary, *words: str) -> object:
    """Write these words, with a day's sleep after the first two."""
    for place, each in enumerate(words):
        await ctx.tool(diary.write, each)
        if place == 1:
            await ctx.sleep(DAY)
    return list(words)


class Wish(BaseModel):
    """What a child is asked for."""

    seconds: float = 0.0
    fails: bool = False


def children(diary: Diary | None = None) -> AgentDefinition:
    """Return the agent `child`: sleeps, then fails or doubles what it was given, and writes down what it does."""
    written = diary or Diary()

    @agent("child", version="1")
    async def child(ctx: Context, wish: Wish) -> float:
        """Sleeps and doubles."""
        try:
            await ctx.sleep(wish.seconds)
        except Cancelled:
            await ctx.tool(written.write, "child undone")
            raise
        await ctx.tool(written.write, f"slept {wish.seconds:g}")
        if wish.fails:
            raise ValueError("as it was told to")
        return wish.seconds * 2

    return child


async def family(ctx: Context) -> object:
    """Call two children side by side and one after them."""
    both = await ctx.gather(ctx.call("child", Wish(seconds=4)), ctx.call("child", Wish(seconds=30)))
    return [both, await ctx.call("child", Wish(seconds=1, fails=True), otherwise="failed")]


async def child_ended_in_east() -> tuple[Region, Region, str]:
    """Return both Regions after East's child has ended and told its parent, and West has all but the child's end."""

    async def work(ctx: Context) -> object:
        result = await ctx.call("child", Wish(seconds=50))
        await ctx.sleep(DAY)
        return result

    east, fleet = await begun(work, children())
    await fleet.pass_time(10)
    replicate(east, east.peer)
    await fleet.pass_time(100)
    child = child_job_id(JOB, "child")
    assert east.state(child).finished
    parents = [row.segment for row in east.table.segments.values() if row.segment.job_id == JOB]
    east.peer.put(*(segment for segment in parents if segment not in east.peer.segments(JOB)))
    east.peer.table.arrivals.update(east.table.arrivals)
    return east, east.peer, child


async def both_accept(wanted: AgentDefinition) -> tuple[Region, Region]:
    """Two Regions that cannot reach each other accept one submission, and each runs the job until it waits.

    The history of us-east-1 is the one that counts when they meet.
    """
    east, west = two_regions(wanted)
    west.clock = VirtualClock(0.5)
    for region in (east, west):
        region.peer.table.refusing = True
        await region.submit_job().submit(request(wanted.name, input={}))
        await region.work()
        region.peer.table.refusing = False
    return east, west


def meet(east: Region, west: Region) -> None:
    """Everything that either wrote reaches the other."""
    replicate(east, west)
    replicate(west, east)
