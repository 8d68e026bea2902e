"""One Region's state in memory, and the real use cases on top of it, as one process after the other has them.

The peer's replica takes copies and does nothing else: what happens between Regions is not the author's affair.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.adapters.memory import MemoryHistory, MemoryProjections, MemoryTable
from functions.adapters.memory_dead_letters import MemoryDeadLetters
from functions.adapters.memory_payloads import MemoryBuckets, MemoryOwedCopies, MemoryPayloads
from functions.application.advance_job import AdvanceJob
from functions.application.agent_ports import Agent
from functions.application.await_turn import AwaitTurn
from functions.application.call_child import CallChild
from functions.application.keep_payloads import KeepPayloads
from functions.application.note_failure import NoteFailure
from functions.application.ports import Due, LaneSend, Model
from functions.application.record_steps import GROUP_SECONDS
from functions.application.send_arrival import SendArrival
from functions.application.submit_job import SubmitJob
from functions.application.sweep_jobs import SweepJobs
from functions.domain.job.history import Segment
from functions.sdk.testing.lifetime import Lifetime, Mortal
from functions.sdk.testing.virtual_time import VirtualClock, pass_time

HERE, PEER = "us-east-1", "us-west-2"
#: As deployed by default: a job that its worker has said nothing of for so long counts as stalled.
STALL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Shelf:
    """The port Agents: these agents, by name; of several versions of one the first is the newest."""

    agents: Sequence[Agent]

    def names(self) -> Sequence[str]:
        """See Agents."""
        return sorted({agent.name for agent in self.agents})

    def versions(self, name: str) -> Sequence[str]:
        """See Agents."""
        return [agent.version for agent in self.agents if agent.name == name]

    def find(self, name: str, version: str | None = None) -> Agent | None:
        """See Agents."""
        named = (agent for agent in self.agents if agent.name == name)
        return next((agent for agent in named if version in (None, agent.version)), None)


@dataclass(slots=True)
class HashedEntropy:
    """Entropy that is the same in every run: the digests of 1, 2, 3, and so on."""

    count: int = 0

    def token(self) -> str:
        """See Entropy."""
        return self._next()[:43]

    def fraction(self) -> float:
        """See Entropy."""
        return int(self._next()[:13], 16) / 16**13

    def _next(self) -> str:
        self.count += 1
        return hashlib.sha256(str(self.count).encode()).hexdigest()


@dataclass(slots=True)
class EagerClock(VirtualClock):
    """Virtual time in which no event is kept back to be written with what comes next: each is durable at once."""

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await pass_time(self._seconds(seconds))

    def call_later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """See Clock."""
        return VirtualClock.call_later(self, self._seconds(seconds), call)

    def _seconds(self, seconds: float) -> float:
        return 0.0 if seconds == GROUP_SECONDS else seconds


@dataclass(slots=True)
class WatchedHistory(MemoryHistory):
    """The history, and a look at each segment as soon as it is durable."""

    see: Callable[[Segment], None]

    async def append(self, segment: Segment, *, due: Due | None = None) -> None:
        """See HistoryStore."""
        await MemoryHistory.append(self, segment, due=due)
        self.see(segment)


@dataclass(slots=True)
class Lanes:
    """The port Lanes: each message goes to whoever takes it."""

    take: Callable[[LaneSend], None]

    def names(self) -> Sequence[str]:
        """See Lanes."""
        return ["critical", "standard", "batch"]

    async def send(self, sends: Sequence[LaneSend]) -> None:
        """See Lanes."""
        for send in sends:
            self.take(send)

    async def depths(self) -> Mapping[str, tuple[int, int]]:
        """See Lanes."""
        return dict.fromkeys(self.names(), (0, 0))


def nobody_takes(send: LaneSend) -> None:
    """What becomes of hints to the peer."""


@dataclass(slots=True, kw_only=True)
class RegionInMemory:
    """The state, and what is shared by all processes. `see` is told of each segment, `take` gets each message."""

    agents: Sequence[Agent]
    see: Callable[[Segment], None]
    take: Callable[[LaneSend], None]
    clock: VirtualClock
    name: str = HERE
    table: MemoryTable = field(default_factory=MemoryTable)
    peer_table: MemoryTable = field(default_factory=MemoryTable)
    buckets: MemoryBuckets = field(default_factory=MemoryBuckets)
    entropy: HashedEntropy = field(default_factory=HashedEntropy)

    @property
    def peer_name(self) -> str:
        """The name of the other one."""
        return PEER if self.name == HERE else HERE

    def process(self, lifetime: Lifetime | None = None) -> "Process":
        """Return a process: one that may be killed, or one that nothing happens to."""
        return Process(self, lifetime)


class Process:
    """The use cases of one process."""

    def __init__(self, region: RegionInMemory, lifetime: Lifetime | None) -> None:
        self._region = region
        self._lifetime = lifetime
        self._history = self._port("history", WatchedHistory(region.table, region.see))
        self._peer = self._port("peer", MemoryHistory(region.peer_table))
        self._projections = self._port("projections", MemoryProjections(region.table))
        self._dead_letters = self._port("dead_letters", MemoryDeadLetters(region.table))
        self._peer_dead_letters = self._port("peer_dead_letters", MemoryDeadLetters(region.peer_table))
        self._lanes = self._port("lanes", Lanes(region.take))
        self._peer_lanes = self._port("peer_lanes", Lanes(nobody_takes))
        own, peer = (MemoryPayloads(region.buckets, name) for name in (region.name, region.peer_name))
        self.payloads = KeepPayloads(
            own=self._port("payloads", own),
            peer=self._port("peer_payloads", peer),
            owed=self._port("owed_copies", MemoryOwedCopies(region.table)),
            clock=region.clock,
        )

    def _port(self, name: str, port: Any) -> Any:
        return port if self._lifetime is None else Mortal(name, port, self._lifetime)

    def submit_job(self) -> SubmitJob:
        """Return the use case."""
        return SubmitJob(
            history=self._history,
            peer=self._peer,
            projections=self._projections,
            lanes=self._lanes,
            payloads=self.payloads,
            agents=Shelf(self._region.agents),
            clock=self._region.clock,
            entropy=self._region.entropy,
            region=self._region.name,
            peer_region=self._region.peer_name,
            stall_seconds=STALL_SECONDS,
        )

    def send_arrival(self) -> SendArrival:
        """Return the use case."""
        return SendArrival(
            history=self._history,
            peer=self._peer,
            lanes=self._lanes,
            peer_lanes=self._peer_lanes,
            clock=self._region.clock,
            region=self._region.name,
            peer_region=self._region.peer_name,
        )

    def call_child(self) -> CallChild:
        """Return the use case."""
        return CallChild(submit=self.submit_job(), send=self.send_arrival(), history=self._history)

    def _note_failure(self) -> NoteFailure:
        return NoteFailure(dead_letters=self._dead_letters, peer=self._peer_dead_letters, region=self._region.name)

    def sweep_jobs(self) -> SweepJobs:
        """Return the use case."""
        return SweepJobs(
            history=self._history,
            projections=self._projections,
            lanes=self._lanes,
            children=self.call_child(),
            failures=self._note_failure(),
            clock=self._region.clock,
            region=self._region.name,
            stall_seconds=STALL_SECONDS,
            turns=AwaitTurn(clock=self._region.clock, region=self._region.name),
        )

    def advance_job(self, agents: Sequence[Agent], model: Model, worker: str) -> AdvanceJob:
        """Return the use case, for these agents as this process runs them."""
        return AdvanceJob(
            history=self._history,
            projections=self._projections,
            lanes=self._lanes,
            agents=Shelf(agents),
            model=model,
            children=self.call_child(),
            payloads=self.payloads,
            failures=self._note_failure(),
            clock=self._region.clock,
            entropy=self._region.entropy,
            region=self._region.name,
            worker=worker,
            stall_seconds=STALL_SECONDS,
        )
