"""What the lanes' design alone gives critical jobs, in virtual time, with the numbers of workers that are deployed.

Real are the use cases of submits and workers. Modelled is what AWS gives them (`adopting_world`): mappings that begin
with five workers and get five more each second, batches of ten, cold starts, the time of calls, and the writes and
reads that the table's partitions take, which all lanes share. The same with the local cloud and its one machine, which
all lanes share as well, is in `tests/benchmarks/priority.py`.
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
from tests.simulation.adopting_world import (
    AT_ONCE,
    COLD_START,
    PUT,
    QUERY,
    READS_A_SECOND,
    TABLE_PARTITIONS,
    WRITES_A_SECOND,
    Partition,
)
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time
from tests.unit.application.two_regions import EAST, TENANT, Fuse, Region, two_regions

BATCH_JOBS = 5_000
CRITICAL_JOBS = 20
#: The first ones start workers, with nothing else to do as well.
WARM_UP = 4
#: How long critical jobs are given when they have all been submitted.
GIVEN_SECONDS = 10.0
#: How often a lane with a free worker is looked at.
POLL_SECONDS = 0.05
WORKER_SECONDS = 110.0
#: A lane has so many workers at once at first, and as many more for each second.
GROWTH = 5.0
_WRITES = ("append", "put", "receive")


@dataclass(slots=True)
class Table(Fuse):
    """What calls of the state cost in one Region: time, and units of the partition in which they fall, by turns."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    kinds: dict[str, list[Partition]] = field(default_factory=dict)
    calls: int = 0

    async def burn(self, what: str) -> None:
        """A call begins, or has ended."""
        when, _, name = what.partition(" ")
        if when == "after":
            return
        self.calls += 1
        writes = name.startswith(_WRITES)
        per_second = WRITES_A_SECOND if writes else READS_A_SECOND
        kind = self.kinds.setdefault(
            "write" if writes else "read", [Partition(self.clock, per_second) for _ in range(TABLE_PARTITIONS)]
        )
        await kind[self.calls % TABLE_PARTITIONS].use(1.0)
        await pass_time(PUT if writes else QUERY)


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
    warm: dict[str, int] = field(default_factory=dict)
    begun: float = 0.0
    aws: Table = field(init=False)
    line: list[LaneSend] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.aws = Table(clock=self.region.clock)

    async def work(self) -> None:
        """Until cancelled."""
        self.begun = self.region.clock.monotonic()
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
        allowed = min(most, GROWTH + GROWTH * (self.region.clock.monotonic() - self.begun))
        while queue and self.taken.get(lane, 0) + 1 <= allowed:
            batch = [queue.pop(0) for _ in range(min(AT_ONCE, len(queue)))]
            self.taken[lane] = self.taken.get(lane, 0) + 1
            task = asyncio.create_task(self._advance(lane, batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _advance(self, lane: str, batch: Sequence[LaneSend]) -> None:
        history = MemoryHistory(self.region.table)
        if self.warm.get(lane, 0) < self.taken[lane]:
            self.warm[lane] = self.warm.get(lane, 0) + 1
            await pass_time(COLD_START)
        for send in batch:
            if send.lane == "batch" and send.message.reason == "submitted":
                await history.append(Segment(send.message.job_id, 1, EAST, 1, (submission(self.region),)))
        worker, stop_at = self.region.advance_job(self.aws), self.region.clock.monotonic() + WORKER_SECONDS
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
    names = [job_id(TENANT, f"critical {number}") for number in range(CRITICAL_JOBS)][WARM_UP:]
    for number in range(CRITICAL_JOBS):
        await pass_time(0.51)
        request = SubmitRequest(
            tenant=TENANT, agent="critical", input=number, idempotency_key=f"critical {number}", lane="critical"
        )
        await region.submit_job(workers.aws).submit(request)
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
    print(f"a critical job waits {max(idle) * 1000:.0f} ms at most, and {max(busy) * 1000:.0f} with batch jobs queued")
    assert max(busy) <= 1.5 * max(idle)
    assert max(idle) < 4 * POLL_SECONDS


@pytest.mark.parametrize("batch", [waiting, hanging])
@in_virtual_time
async def test_without_lanes_of_their_own_they_would_wait_for_batch_jobs(batch: Callable[[Context], object]) -> None:
    idle, busy = await idle_and_busy("local", batch, shared=True)
    print(f"on one queue it would wait {max(idle) * 1000:.0f} ms, and {max(busy) * 1000:.0f}, if not longer")
    assert max(busy) > 50 * max(idle)
