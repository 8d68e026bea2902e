"""A Region that survives its peer, with what AWS lets it do in a second: for the time that adoption takes.

Virtual time. Real are the sweeper's loop and adoption, as deployed; modelled are DynamoDB (latency, its client's
threads, 1,000 writes and 3,000 reads a second and partition), SQS (batches of ten), the core that a function of so much
memory gets, and the mappings: five workers of a lane at first, five more each second, at most as many as are deployed,
each with ten jobs. `slower` makes everything so many times slower, and there are as many times fewer jobs, so that a
run costs less and says the same.
"""

import asyncio
import bisect
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from zlib import crc32

from functions.application.ports import AppendConflict, Due, LaneSend
from functions.domain.ids import job_id, shard_of
from functions.domain.job.arrivals import Arrival
from functions.domain.job.events import AttemptStarted, JobSubmitted, JobSucceeded
from functions.domain.job.history import Ask, DueEntry, Head, JobRecord, Segment
from functions.domain.job.snapshot import Snapshot
from functions.domain.lanes import DUE_SHARDS
from functions.domain.moments import add_seconds
from tests.simulation.lanes import as_received
from tests.simulation.virtual_time import VirtualClock, pass_time

EAST, WEST = "us-east-1", "us-west-2"
#: Seconds: of a query, of a put, of a batch of ten messages, of a worker's start from nothing (u).
QUERY, PUT, SEND, COLD_START = 0.006, 0.008, 0.015, 1.0
#: Milliseconds of a whole core that the same calls cost with boto3 (DESIGN section 8), and what folding a job costs.
QUERY_CPU, PUT_CPU, SEND_CPU, FOLD_CPU = 0.0013, 0.0009, 0.0010, 0.0003
WHOLE_CORE_MB = 1769
TABLE_PARTITIONS = 4
WRITES_A_SECOND, READS_A_SECOND = 1000.0, 3000.0
STATE_THREADS, LANE_THREADS = 16, 4
AT_ONCE = 10


@dataclass(slots=True)
class Partition:
    """So many units a second: what comes too early waits, as a client that is throttled tries again."""

    clock: VirtualClock
    per_second: float
    free_at: float = 0.0

    async def use(self, units: float) -> None:
        """Use up some."""
        start = max(self.clock.monotonic(), self.free_at)
        self.free_at = start + units / self.per_second
        if self.free_at > self.clock.monotonic() + 1.0:  # a second's worth may be used at once
            await pass_time(self.free_at - self.clock.monotonic() - 1.0)


@dataclass(slots=True)
class Machine:
    """One process: its share of a core, and the threads of its two clients."""

    clock: VirtualClock
    memory_mb: int
    slower: float
    core_free_at: float = 0.0
    state: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(STATE_THREADS))
    lanes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LANE_THREADS))

    async def call(
        self, threads: asyncio.Semaphore, cpu: float, latency: float, limits: Sequence[tuple[Partition, float]]
    ) -> None:
        """Spend what a call costs: a thread, time on the core, and the way there and back."""
        async with threads:
            now = self.clock.monotonic()
            share = min(1.0, self.memory_mb / WHOLE_CORE_MB)
            self.core_free_at = max(now, self.core_free_at) + cpu * self.slower / share
            for partition, units in limits:
                await partition.use(units)
            await pass_time(self.core_free_at - now + latency * self.slower)


@dataclass(slots=True)
class Account:
    """The survivor's replica: what is in it, and the limits of its partitions."""

    clock: VirtualClock
    slower: float
    segments: dict[str, list[Segment]] = field(default_factory=lambda: defaultdict(list))
    heads: dict[tuple[str, str], Head] = field(default_factory=dict)
    index: dict[tuple[str, str, int], list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    reads: int = 0
    _partitions: dict[tuple[str, object], Partition] = field(default_factory=dict)

    def partition(self, kind: str, name: object, per_second: float) -> Partition:
        """Return one of them."""
        known = self._partitions.get((kind, name))
        if known is None:
            known = self._partitions[kind, name] = Partition(self.clock, per_second / self.slower)
        return known

    def of_job(self, kind: str, job: str, per_second: float) -> Partition:
        """Return the one in which a job lies."""
        return self.partition(kind, crc32(job.encode()) % TABLE_PARTITIONS, per_second)

    def put(self, segment: Segment, due: Due | None = None) -> None:
        """Write a segment, if its place is free."""
        for known in self.segments[segment.job_id]:
            if (known.epoch, known.region, known.place) == (segment.epoch, segment.region, segment.place):
                raise AppendConflict(segment.job_id)
        self.segments[segment.job_id].append(segment)
        if due is not None:
            where = (segment.region, due.lane, shard_of(segment.job_id, DUE_SHARDS))
            bisect.insort(self.index[where], (due.at, segment.job_id))


@dataclass(slots=True)
class LimitedState:
    """HistoryStore and Projections of one process, as far as adoption needs them."""

    account: Account
    machine: Machine

    async def append(self, segment: Segment, *, due: Due | None = None) -> None:
        """See HistoryStore."""
        limits = [(self.account.of_job("write", segment.job_id, WRITES_A_SECOND), 1.0)]
        if due is not None:
            where = (segment.region, due.lane, shard_of(segment.job_id, DUE_SHARDS))
            limits.append((self.account.partition("index", where, WRITES_A_SECOND), 1.0))
        await self.machine.call(self.machine.state, PUT_CPU, PUT, limits)
        self.account.put(segment, due)

    async def read(self, job: str) -> JobRecord:
        """See HistoryStore."""
        limits = [(self.account.of_job("read", job, READS_A_SECOND), 0.5)]
        await self.machine.call(self.machine.state, QUERY_CPU + FOLD_CPU, QUERY, limits)
        self.account.reads += 1
        return JobRecord(tuple(self.account.segments[job]), ())

    async def read_whole(self, job: str) -> JobRecord:
        """See HistoryStore."""
        return await self.read(job)

    async def due(self, region: str, lane: str, shard: int, *, after: str, upto: str, limit: int) -> Sequence[DueEntry]:
        """See Projections."""
        await self.machine.call(self.machine.state, 5 * QUERY_CPU, 2 * QUERY, ())
        rows = self.account.index[region, lane, shard]
        moment, _, job = after.partition("#")
        start = bisect.bisect_right(rows, (moment, job)) if after else 0
        return [DueEntry(name, at) for at, name in rows[start : start + limit] if at <= upto]

    async def read_cursor(self, region: str, lane: str, shard: int) -> str:
        """See Projections."""
        await self.machine.call(self.machine.state, QUERY_CPU, QUERY, ())
        return ""

    async def put_cursor(self, region: str, lane: str, shard: int, upto: str) -> None:
        """See Projections."""

    async def put_head(self, head: Head) -> None:
        """See Projections."""
        self.account.heads[head.job_id, head.region] = head

    async def put_snapshot(self, snapshot: Snapshot) -> None:
        """See Projections."""

    async def put_ask(self, ask: Ask) -> None:
        """See Projections."""

    async def list_asks(self, tenant: str, group: str, *, before: str | None, limit: int) -> Sequence[Ask]:
        """See Projections."""
        return ()

    async def list_jobs(self, tenant: str, *, before: str | None, limit: int) -> Sequence[tuple[str, str]]:
        """See Projections."""
        return ()

    async def receive(self, arrival: Arrival, *, owner: str, lane: str) -> Arrival:
        """See HistoryStore."""
        return arrival

    async def arrivals(self, job: str) -> Sequence[Arrival]:
        """See HistoryStore."""
        return ()

    async def read_opening(self, job: str, region: str) -> Segment | None:
        """See HistoryStore."""
        return None


@dataclass(slots=True)
class LimitedLanes:
    """Lanes of one process: ten messages a request."""

    queues: dict[str, list[LaneSend]]
    machine: Machine
    at_once: int = AT_ONCE

    def names(self) -> Sequence[str]:
        """See Lanes."""
        return list(self.queues)

    async def send(self, sends: Sequence[LaneSend]) -> None:
        """See Lanes."""
        by_lane: dict[str, list[LaneSend]] = defaultdict(list)
        for send in sends:
            by_lane[send.lane].append(send)
        batches = [
            (lane, group[start : start + self.at_once])
            for lane, group in by_lane.items()
            for start in range(0, len(group), self.at_once)
        ]
        await asyncio.gather(*(self._send(lane, batch) for lane, batch in batches))

    async def _send(self, lane: str, batch: Sequence[LaneSend]) -> None:
        await self.machine.call(self.machine.lanes, SEND_CPU, SEND, ())
        self.queues[lane].extend(replace(send, message=as_received(send.message)) for send in batch)

    async def depths(self) -> Mapping[str, tuple[int, int]]:
        """See Lanes."""
        return {lane: (len(queue), 0) for lane, queue in self.queues.items()}


@dataclass(slots=True)
class Workers:
    """One lane's workers: five at first, five more each second that there is work, at most so many."""

    clock: VirtualClock
    queue: list[LaneSend]
    most: int
    slower: float
    begin: Callable[[Sequence[LaneSend]], Awaitable[None]]
    busy: int = 0
    warm: int = 0
    allowed: float = 5.0

    async def run(self) -> None:
        """Until cancelled."""
        step = 0.1
        async with asyncio.TaskGroup() as group:
            while True:
                await pass_time(step)
                if self.queue:
                    self.allowed = min(self.most / self.slower, self.allowed + 5.0 * step / self.slower)
                while self.queue and self.busy + 1 <= max(1.0, self.allowed):
                    batch = [self.queue.pop(0) for _ in range(min(AT_ONCE, len(self.queue)))]
                    self.busy += 1
                    group.create_task(self._work(batch))

    async def _work(self, batch: Sequence[LaneSend]) -> None:
        if self.warm < self.busy:
            self.warm += 1
            await pass_time(COLD_START)
        await self.begin(batch)
        self.busy -= 1


def submission(at: str, lane: str, number: int) -> JobSubmitted:
    """What a client has asked for."""
    return JobSubmitted(
        at=at, tenant=f"t{number % 7}", agent="walk", agent_version="1", lane=lane, input=0, body_digest="same"
    )


def in_flight(account: Account, lost_at: str, jobs: int, lanes: Mapping[str, float], *, before: int) -> list[str]:
    """Put jobs into the replica that the lost Region had begun with, and `before` as many that it has ended before."""
    names = []
    for number in range(jobs + before):
        lane = _lane_of(number, lanes)
        name = job_id("acme", f"job {number}")
        old = number >= jobs
        at = add_seconds(lost_at, -120.0 - number % 600 if old else -(number % 20) - 1.0)
        events = (submission(at, lane, number), AttemptStarted(at=at, worker="w", reason="submitted", delivery=1))
        if old:
            ended = (*events, JobSucceeded(at=at, result=1))
            account.put(Segment(name, 1, EAST, 1, ended), Due(add_seconds(at, 30.0), lane))
            continue
        account.put(Segment(name, 1, EAST, 1, events), Due(add_seconds(at, 30.0), lane))
        names.append(name)
    return names


def _lane_of(number: int, lanes: Mapping[str, float]) -> str:
    place = (number * 0.6180339887) % 1.0
    for lane, part in lanes.items():
        if place < part:
            return lane
        place -= part
    return next(iter(lanes))
