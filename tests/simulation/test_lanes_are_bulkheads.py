"""What the lanes' design alone gives critical jobs, in virtual time, with the numbers of workers that are deployed.

Machines are infinitely fast here: a wait comes from queues and from workers that are taken, and from nothing else. The
same with the real cloud and its one machine is in `tests/benchmarks/priority.py`.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from functions.adapters.memory import MemoryHistory
from functions.application.ports import LaneSend, hint
from functions.application.submit_job import SubmitRequest
from functions.domain.ids import job_id
from functions.domain.job.events import AttemptStarted, JobSubmitted
from functions.domain.job.history import Segment
from functions.domain.moments import seconds_between
from functions.sdk import Context, agent
from stacks.environments import configuration_of
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.two_regions import EAST, TENANT, Region, two_regions

BATCH_JOBS = 5_000
CRITICAL_JOBS = 20
#: How long critical jobs are given when they have all been submitted.
GIVEN_SECONDS = 10.0
#: Jobs that a worker takes off its lane at once, and how often a lane with a free worker is looked at.
AT_ONCE = 10
POLL_SECONDS = 0.05
WORKER_SECONDS = 110.0


async def waiting(ctx: Context) -> None:
    """As agents do most of their time."""
    for _ in range(3):
        await ctx.tool(pass_time, 20.0)


async def hanging(ctx: Context) -> None:
    await ctx.tool(pass_time, 10 * WORKER_SECONDS)


async def failing(ctx: Context) -> None:
    await ctx.tool(pass_time, 1.0)
    raise LookupError("as ever")


@dataclass(slots=True)
class Workers:
    """The workers of one Region, so many for each lane; or, not bulkheads, as many in all for whatever comes first."""

    region: Region
    most: Mapping[str, int]
    shared: bool = False
    taken: dict[str, int] = field(default_factory=dict)
    line: list[LaneSend] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def work(self) -> None:
        """Until cancelled."""
        try:
            while True:
                for lane in self.most:
                    self._begin(lane)
                await pass_time(POLL_SECONDS)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, lane: str) -> None:
        queue, most = self.region.lanes.queues[lane], self.most[lane]
        if self.shared:
            self.line += queue
            queue.clear()
            queue, most, lane = self.line, sum(self.most.values()), "all"
        while queue and self.taken.get(lane, 0) < most:
            batch = [queue.pop(0) for _ in range(min(AT_ONCE, len(queue)))]
            self.taken[lane] = self.taken.get(lane, 0) + 1
            task = asyncio.create_task(self._advance(lane, batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _advance(self, lane: str, batch: Sequence[LaneSend]) -> None:
        history = MemoryHistory(self.region.table)
        for send in batch:
            if send.lane == "batch" and send.message.reason == "submitted":
                await history.append(Segment(send.message.job_id, 1, EAST, 1, (submission(self.region),)))
        worker, stop_at = self.region.advance_job(), self.region.clock.monotonic() + WORKER_SECONDS
        try:
            await asyncio.gather(*(worker.advance(send.message, delivery=1, stop_at=stop_at) for send in batch))
        finally:
            self.taken[lane] -= 1


def numbers_of(environment: str) -> Mapping[str, int]:
    """How many workers the lanes of an environment have."""
    context = {"environment": environment, "account": "123456789012", "hosted_zone_id": "Z0123456789ABCDEFGHIJ"}
    lanes = configuration_of({**context, "domain_name": "example.com"}).lanes
    return {lane.name: lane.max_concurrency for lane in lanes}


def region_with(batch: Callable[[Context], object]) -> Region:
    """A Region whose batch jobs do this."""

    @agent("batch", version="1")
    async def batch_agent(ctx: Context, request: int) -> int:
        await batch(ctx)  # type: ignore[misc]
        return request

    @agent("critical", version="1")
    async def critical_agent(ctx: Context, request: int) -> int:
        return request

    east, _ = two_regions(batch_agent, critical_agent)
    return east


async def fill(region: Region, jobs: int) -> None:
    """Have hints of batch jobs queued.

    What a submit has written of a job is written when its hint is taken: a table in memory looks through all that it
    holds at each read.
    """
    for number in range(jobs):
        await region.lanes.send([hint(job_id(TENANT, f"batch {number}"), 1, submission(region), "submitted")])


def submission(region: Region) -> JobSubmitted:
    """Of a batch job."""
    return JobSubmitted(
        at=region.clock.now(),
        tenant=TENANT,
        agent="batch",
        agent_version="1",
        lane="batch",
        input=0,
        body_digest="the same",
    )


async def waits(region: Region, workers: Workers) -> list[float]:
    """Submit critical jobs, two a second, and return how long each has waited for a worker."""
    working = asyncio.create_task(workers.work())
    names = [job_id(TENANT, f"critical {number}") for number in range(CRITICAL_JOBS)]
    for number in range(CRITICAL_JOBS):
        await pass_time(0.51)
        request = SubmitRequest(
            tenant=TENANT, agent="critical", input=number, idempotency_key=f"critical {number}", lane="critical"
        )
        await region.submit_job().submit(request)
    await pass_time(GIVEN_SECONDS)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return sorted(wait_of(region, name) for name in names)


def wait_of(region: Region, name: str) -> float:
    """Seconds from a job's submission to its first attempt, or until now."""
    events = [recorded.event for recorded in region.state(name).history]
    started = (event.at for event in events if isinstance(event, AttemptStarted))
    return seconds_between(events[0].at, next(started, region.clock.now()))


async def idle_and_busy(
    environment: str, batch: Callable[[Context], object], *, shared: bool
) -> tuple[list[float], list[float]]:
    """The waits of critical jobs with nothing else to do, and with the batch lane full."""
    found = []
    for jobs in (0, BATCH_JOBS):
        region = region_with(batch)
        await fill(region, jobs)
        found.append(await waits(region, Workers(region, numbers_of(environment), shared)))
    return found[0], found[1]


@pytest.mark.parametrize(
    ("environment", "batch"), [("local", waiting), ("prod", waiting), ("local", hanging), ("local", failing)]
)
@in_virtual_time
async def test_critical_jobs_wait_no_longer_with_5000_batch_jobs_queued(
    environment: str, batch: Callable[[Context], object]
) -> None:
    idle, busy = await idle_and_busy(environment, batch, shared=False)
    assert max(busy) <= 1.5 * max(idle) <= 1.5 * POLL_SECONDS + 0.01


@pytest.mark.parametrize("batch", [waiting, hanging])
@in_virtual_time
async def test_without_lanes_of_their_own_they_would_wait_for_batch_jobs(batch: Callable[[Context], object]) -> None:
    idle, busy = await idle_and_busy("local", batch, shared=True)
    assert max(busy) > 100 * max(idle)
