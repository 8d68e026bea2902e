"""The ports as a process in a simulated Region has them: slow, sometimes refusing, and a place where it may crash.

A refusal leaves open whether the write was done, as a timeout does. A crash comes just before or just after the call.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from functions.adapters.memory import MemoryHistory, MemoryProjections, MemoryRegister
from functions.application.ports import Due, LaneSend, LaneUnavailable, StateUnavailable
from functions.domain.job.arrivals import Arrival
from functions.domain.job.history import Ask, DueEntry, Head, JobRecord, Segment
from functions.domain.job.snapshot import Snapshot
from functions.domain.ownership.verdict import Heartbeat, Verdict
from tests.simulation.lanes import UnreliableLanes
from tests.simulation.machine import Power, Process
from tests.simulation.remembered import page
from tests.simulation.replication import Replica
from tests.simulation.virtual_time import pass_time

Result = TypeVar("Result")

#: Of each job what the running task last read of it: an effect looks here for steps that must not be carried out again.
KNOWN: ContextVar[Mapping[str, tuple[Segment, ...]]] = ContextVar("what was read last")


@dataclass(slots=True)
class Trouble:
    """What calls may run into, as likelihoods, until it is all over."""

    random: Random
    crash: float = 0.0
    refuse: float = 0.0
    table_down: bool = False
    lane_down: bool = False
    path_to_peer: bool = True
    slow: float = 0.05

    def happens(self, likelihood: float) -> bool:
        """Roll the dice."""
        return likelihood > 0 and self.random.random() < likelihood

    def end(self) -> None:
        """From now on all is well."""
        self.crash = self.refuse = 0.0
        self.table_down = self.lane_down = False
        self.path_to_peer = True


@dataclass(frozen=True, slots=True)
class Calls:
    """How a process's calls to its own Region go."""

    process: Process
    trouble: Trouble

    async def to_table(self, work: Callable[[], Awaitable[Result]], *, write: bool) -> Result:
        """Call the table."""
        if wait := self._before():
            await wait
        trouble = self.trouble
        if trouble.table_down or (trouble.refuse > 0 and trouble.happens(trouble.refuse)):
            if write and not trouble.table_down and trouble.happens(0.5):
                await work()
            self.process.refusals += 1
            raise StateUnavailable("the table refuses, as the seed has it")
        result = await work()
        if trouble.crash > 0:
            self._after()
        return result

    async def to_lane(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Call the queue."""
        if wait := self._before():
            await wait
        if self.trouble.lane_down or self.trouble.happens(self.trouble.refuse):
            self.process.refusals += 1
            raise LaneUnavailable("the lane refuses, as the seed has it")
        result = await work()
        self._after()
        return result

    async def to_peer(self, peer_power: Callable[[], Power], work: Callable[[], Awaitable[Result]]) -> Result:
        """Call the peer's table over the long way."""
        if wait := self._before():
            await wait
        await pass_time(self.trouble.random.uniform(0.0, 2 * self.trouble.slow))
        await self.process.machinery.gate()
        self.process.check()
        if peer_power() is not Power.UP or not self.trouble.path_to_peer:
            self.process.refusals += 1
            raise StateUnavailable("the peer does not answer")
        result = await work()
        if self.trouble.happens(self.trouble.refuse):
            self.process.refusals += 1
            raise StateUnavailable("the peer's answer got lost")
        self._after()
        return result

    def _before(self) -> Awaitable[None] | None:
        """Return what there is to wait for, if anything: most calls are answered at once."""
        self.process.check()
        trouble = self.trouble
        slow = trouble.random.random() < 0.4
        if slow or self.process.machinery.power is Power.FROZEN:
            return self._wait(trouble.random.uniform(0.0, trouble.slow) if slow else 0.0)
        if trouble.crash > 0:
            self._after()
        return None

    async def _wait(self, seconds: float) -> None:
        await pass_time(seconds)
        await self.process.machinery.gate()
        self.process.check()
        self._after()

    def _after(self) -> None:
        if self.trouble.happens(self.trouble.crash):
            self.process.crash()


@dataclass(frozen=True, slots=True)
class OwnHistory:
    """HistoryStore on the own replica."""

    calls: Calls
    store: MemoryHistory
    replica: Replica

    async def append(self, segment: Segment, *, due: Due | None = None) -> None:
        """See HistoryStore."""
        await self.calls.to_table(lambda: self.store.append(segment, due=due), write=True)

    async def read(self, job_id: str) -> JobRecord:
        """See HistoryStore."""
        record = await self.calls.to_table(lambda: self.replica.read(self.store, job_id), write=False)
        known = record.segments if record.snapshot is None else self.replica.known(job_id)
        KNOWN.set({**KNOWN.get({}), job_id: known})
        return record

    async def read_whole(self, job_id: str) -> JobRecord:
        """See HistoryStore."""
        record = await self.calls.to_table(lambda: self.replica.read_whole(self.store, job_id), write=False)
        KNOWN.set({**KNOWN.get({}), job_id: record.segments})
        return record

    async def receive(self, arrival: Arrival, *, owner: str, lane: str) -> Arrival:
        """See HistoryStore."""
        return await self.calls.to_table(lambda: self.store.receive(arrival, owner=owner, lane=lane), write=True)

    async def arrivals(self, job_id: str) -> Sequence[Arrival]:
        """See HistoryStore."""
        return await self.calls.to_table(lambda: self.replica.arrivals(self.store, job_id), write=False)

    async def read_opening(self, job_id: str, region: str) -> Segment | None:
        """See HistoryStore."""
        return await self.calls.to_table(lambda: self.store.read_opening(job_id, region), write=False)


@dataclass(frozen=True, slots=True)
class PeerHistory:
    """HistoryStore on the peer's replica, reached directly."""

    calls: Calls
    store: MemoryHistory
    replica: Replica
    power: Callable[[], Power]

    async def append(self, segment: Segment, *, due: Due | None = None) -> None:
        """See HistoryStore."""
        await self.calls.to_peer(self.power, lambda: self.store.append(segment, due=due))

    async def read(self, job_id: str) -> JobRecord:
        """See HistoryStore."""
        return await self.calls.to_peer(self.power, lambda: self.replica.read(self.store, job_id))

    async def read_whole(self, job_id: str) -> JobRecord:
        """See HistoryStore."""
        return await self.calls.to_peer(self.power, lambda: self.replica.read_whole(self.store, job_id))

    async def receive(self, arrival: Arrival, *, owner: str, lane: str) -> Arrival:
        """See HistoryStore."""
        return await self.calls.to_peer(self.power, lambda: self.store.receive(arrival, owner=owner, lane=lane))

    async def arrivals(self, job_id: str) -> Sequence[Arrival]:
        """See HistoryStore."""
        return await self.calls.to_peer(self.power, lambda: self.replica.arrivals(self.store, job_id))

    async def read_opening(self, job_id: str, region: str) -> Segment | None:
        """See HistoryStore."""
        return await self.calls.to_peer(self.power, lambda: self.store.read_opening(job_id, region))


@dataclass(frozen=True, slots=True)
class OwnProjections:
    """Projections on the own replica."""

    calls: Calls
    store: MemoryProjections
    replica: Replica

    async def put_head(self, head: Head) -> None:
        """See Projections."""
        await self.calls.to_table(lambda: self.store.put_head(head), write=True)

    async def due(self, region: str, lane: str, shard: int, *, after: str, upto: str, limit: int) -> Sequence[DueEntry]:
        """See Projections."""
        entries = await self.calls.to_table(
            lambda: self.replica.remembered.due(self.store, region, lane, shard), write=False
        )
        return page(entries, after, upto, limit)

    async def list_jobs(self, tenant: str, *, before: str | None, limit: int) -> Sequence[tuple[str, str]]:
        """See Projections."""
        return await self.calls.to_table(lambda: self.store.list_jobs(tenant, before=before, limit=limit), write=False)

    async def put_snapshot(self, snapshot: Snapshot) -> None:
        """See Projections."""
        self.replica.note_snapshot(snapshot)
        await self.calls.to_table(lambda: self.store.put_snapshot(snapshot), write=True)

    async def put_ask(self, ask: Ask) -> None:
        """See Projections."""
        await self.calls.to_table(lambda: self.store.put_ask(ask), write=True)

    async def list_asks(self, tenant: str, group: str, *, before: str | None, limit: int) -> Sequence[Ask]:
        """See Projections."""
        return await self.calls.to_table(
            lambda: self.store.list_asks(tenant, group, before=before, limit=limit), write=False
        )

    async def read_cursor(self, region: str, lane: str, shard: int) -> str:
        """See Projections."""
        return await self.calls.to_table(lambda: self.store.read_cursor(region, lane, shard), write=False)

    async def put_cursor(self, region: str, lane: str, shard: int, upto: str) -> None:
        """See Projections."""
        await self.calls.to_table(lambda: self.store.put_cursor(region, lane, shard, upto), write=True)


@dataclass(frozen=True, slots=True)
class OwnRegister:
    """RegionRegister on the own replica."""

    calls: Calls
    store: MemoryRegister

    async def beat(self, heartbeat: Heartbeat) -> None:
        """See RegionRegister."""
        await self.calls.to_table(lambda: self.store.beat(heartbeat), write=True)

    async def last_beat(self, region: str) -> Heartbeat | None:
        """See RegionRegister."""
        return await self.calls.to_table(lambda: self.store.last_beat(region), write=False)

    async def put_verdict(self, verdict: Verdict) -> None:
        """See RegionRegister."""
        await self.calls.to_table(lambda: self.store.put_verdict(verdict), write=True)

    async def verdict(self, region: str) -> Verdict | None:
        """See RegionRegister."""
        return await self.calls.to_table(lambda: self.store.verdict(region), write=False)


@dataclass(frozen=True, slots=True)
class OwnLanes:
    """Lanes of the own Region."""

    calls: Calls
    store: UnreliableLanes

    def names(self) -> Sequence[str]:
        """See Lanes."""
        return self.store.names()

    async def send(self, sends: Sequence[LaneSend]) -> None:
        """See Lanes."""
        await self.calls.to_lane(lambda: self.store.send(sends))

    async def depths(self) -> Mapping[str, tuple[int, int]]:
        """See Lanes."""
        return await self.calls.to_lane(self.store.depths)


@dataclass(frozen=True, slots=True)
class PeerLanes:
    """Lanes of the peer Region, reached directly."""

    calls: Calls
    store: UnreliableLanes
    power: Callable[[], Power]

    def names(self) -> Sequence[str]:
        """See Lanes."""
        return self.store.names()

    async def send(self, sends: Sequence[LaneSend]) -> None:
        """See Lanes."""
        try:
            await self.calls.to_peer(self.power, lambda: self.store.send(sends))
        except StateUnavailable as error:
            raise LaneUnavailable("the peer's lane does not answer") from error

    async def depths(self) -> Mapping[str, tuple[int, int]]:
        """See Lanes."""
        return await self.calls.to_peer(self.power, self.store.depths)


@dataclass(frozen=True, slots=True)
class Probe:
    """The peer's public health endpoint, as this Region reaches it."""

    calls: Calls
    power: Callable[[], Power]
    table_down: Callable[[], bool]

    async def healthy(self) -> bool:
        """See PeerProbe."""
        await pass_time(self.calls.trouble.random.uniform(0.0, 2 * self.calls.trouble.slow))
        await self.calls.process.machinery.gate()
        self.calls.process.check()
        return self.power() is Power.UP and self.calls.trouble.path_to_peer and not self.table_down()
