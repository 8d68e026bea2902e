"""Two Regions in memory for tests of single use cases: nothing goes wrong by itself, but anything can be made to.

A fuse burns at a chosen port call: just before or just after it the process dies, or the call fails.
"""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.adapters.memory import (
    CountingEntropy,
    MemoryHistory,
    MemoryLanes,
    MemoryProjections,
    MemoryRegister,
    MemoryTable,
    ScriptedModel,
    SegmentRow,
)
from functions.adapters.memory_dead_letters import MemoryDeadLetters
from functions.adapters.memory_limits import MemoryLimits
from functions.adapters.memory_payloads import MemoryBuckets, MemoryOwedCopies, MemoryPayloads
from functions.application.adopt_jobs import AdoptJobs
from functions.application.advance_job import AdvanceJob
from functions.application.agent_ports import Agent
from functions.application.await_turn import AwaitTurn
from functions.application.call_child import CallChild
from functions.application.change_hands import ChangeHands
from functions.application.heed_limits import HeedLimits
from functions.application.keep_payloads import KeepPayloads
from functions.application.limit_ports import LimitsInForce
from functions.application.note_failure import NoteFailure
from functions.application.ports import Due, LaneSend, ModelAnswer
from functions.application.redrive_job import RedriveJob
from functions.application.resend_webhooks import ResendWebhooks
from functions.application.send_arrival import SendArrival
from functions.application.submit_job import SubmitJob, SubmitRequest
from functions.application.submit_turn import SubmitTurn
from functions.application.sweep_jobs import SweepJobs
from functions.application.switch_ports import Pauses
from functions.domain.ids import job_id
from functions.domain.job.events import JobSubmitted, UnreadableEvent
from functions.domain.job.history import Head, JobRecord, Segment
from functions.domain.job.state import JobState, fold
from functions.domain.lanes import LaneMessage
from functions.domain.moments import add_seconds
from tests.simulation.virtual_time import VirtualClock

EAST, WEST = "us-east-1", "us-west-2"
TENANT = "acme"
JOB = job_id(TENANT, "one")
STALL_SECONDS = 30.0


class Crash(BaseException):
    """The process is gone, at this very line."""


@dataclass(slots=True)
class Fuse:
    """Counts port calls, each twice: before and after. At number `at` it raises what it is told to.

    With `gives_way`, other tasks come between any two calls.
    """

    at: int | None = None
    error: Callable[[], BaseException] = Crash
    burned: list[str] = field(default_factory=list)
    gives_way: bool = False

    async def burn(self, what: str) -> None:
        """Come by."""
        if self.gives_way:
            await asyncio.sleep(0)
        self.burned.append(what)
        if len(self.burned) - 1 == self.at:
            raise self.error()

    @property
    def blown(self) -> bool:
        """Whether it has come to that."""
        return self.at is not None and len(self.burned) > self.at


class Fused:
    """A port whose every call comes by a fuse."""

    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._fuse.burn(f"before {name}")
            result = await method(*args, **kwargs)
            await self._fuse.burn(f"after {name}")
            return result

        return call


class NewerHistory(MemoryHistory):
    """A replica in which a newer version has written into the one job."""

    async def read(self, job_id: str) -> JobRecord:
        """See HistoryStore."""
        if job_id == JOB:
            raise UnreadableEvent("a newer version of Antipode wrote this history")
        return await MemoryHistory.read(self, job_id)


@dataclass(slots=True)
class Shelf:
    """The port Agents: these agents, by name."""

    agents: Sequence[Agent] = ()

    def names(self) -> Sequence[str]:
        """See Agents."""
        return sorted(agent.name for agent in self.agents)

    def versions(self, name: str) -> Sequence[str]:
        """See Agents."""
        return [agent.version for agent in self.agents if agent.name == name]

    def find(self, name: str, version: str | None = None) -> Agent | None:
        """See Agents."""
        named = (agent for agent in self.agents if agent.name == name)
        return next((agent for agent in named if version in (None, agent.version)), None)


@dataclass(slots=True)
class Region:
    """One Region's state and lanes, and its use cases as one process has them."""

    name: str
    agents: Shelf
    table: MemoryTable = field(default_factory=MemoryTable)
    lanes: MemoryLanes = field(default_factory=MemoryLanes)
    clock: VirtualClock = field(default_factory=VirtualClock)
    entropy: CountingEntropy = field(default_factory=CountingEntropy)
    model: ScriptedModel = field(default_factory=lambda: ScriptedModel([ModelAnswer("{}", 1, 1)]))
    peer: "Region" = field(init=False)
    payloads: MemoryPayloads = field(init=False)
    pauses: Pauses | None = None
    rules: LimitsInForce | None = None
    limit_book: MemoryLimits = field(init=False)
    resend: Callable[[Fuse], ResendWebhooks] | None = None
    hands: Callable[[Fuse], ChangeHands] | None = None

    def __post_init__(self) -> None:
        self.payloads = MemoryPayloads(MemoryBuckets(), self.name)
        self.limit_book = MemoryLimits(self.table)

    @property
    def keep_payloads(self) -> KeepPayloads:
        """The use case."""
        owed = MemoryOwedCopies(self.table)
        return KeepPayloads(own=self.payloads, peer=self.peer.payloads, owed=owed, clock=self.clock)

    def submit_job(self, fuse: Fuse | None = None) -> SubmitJob:
        """Return the use case; a fuse lies in all of its ports."""
        fuse = fuse or Fuse()
        return SubmitJob(
            history=Fused(MemoryHistory(self.table), fuse),
            peer=Fused(MemoryHistory(self.peer.table), fuse),
            projections=Fused(MemoryProjections(self.table), fuse),
            lanes=Fused(self.lanes, fuse),
            payloads=self.keep_payloads,
            agents=self.agents,
            clock=self.clock,
            entropy=self.entropy,
            region=self.name,
            peer_region=self.peer.name,
            stall_seconds=STALL_SECONDS,
        )

    def advance_job(self, fuse: Fuse | None = None, worker: str = "worker") -> AdvanceJob:
        """Return the use case."""
        fuse = fuse or Fuse()
        return AdvanceJob(
            history=Fused(MemoryHistory(self.table), fuse),
            projections=Fused(MemoryProjections(self.table), fuse),
            lanes=Fused(self.lanes, fuse),
            agents=self.agents,
            model=self.model,
            children=self.call_child(fuse),
            payloads=self.keep_payloads,
            failures=self.note_failure(fuse),
            clock=self.clock,
            entropy=self.entropy,
            region=self.name,
            worker=worker,
            stall_seconds=STALL_SECONDS,
            pauses=self.pauses,
            limits=self.heed_limits(fuse),
            webhooks=None if self.resend is None else self.resend(fuse),
            hands=None if self.hands is None else self.hands(fuse),
        )

    def heed_limits(self, fuse: Fuse) -> HeedLimits | None:
        """Return the use case, if there are limits."""
        if self.rules is None:
            return None
        book, lanes = Fused(self.limit_book, fuse), Fused(self.lanes, fuse)
        return HeedLimits(rules=self.rules, book=book, lanes=lanes, clock=self.clock, entropy=self.entropy)

    def sweep_jobs(self, fuse: Fuse | None = None) -> SweepJobs:
        """Return the use case."""
        fuse = fuse or Fuse()
        return SweepJobs(
            history=Fused(MemoryHistory(self.table), fuse),
            projections=Fused(MemoryProjections(self.table), fuse),
            lanes=Fused(self.lanes, fuse),
            children=self.call_child(fuse),
            failures=self.note_failure(fuse),
            clock=self.clock,
            region=self.name,
            stall_seconds=STALL_SECONDS,
            turns=AwaitTurn(clock=self.clock, region=self.name),
        )

    def note_failure(self, fuse: Fuse | None = None) -> NoteFailure:
        """Return the use case."""
        fuse = fuse or Fuse()
        own, peer = (Fused(MemoryDeadLetters(table), fuse) for table in (self.table, self.peer.table))
        return NoteFailure(dead_letters=own, peer=peer, region=self.name)

    def redrive_job(self, fuse: Fuse | None = None) -> RedriveJob:
        """Return the use case."""
        send = self.send_arrival(fuse)
        return RedriveJob(history=send.history, send=send, agents=self.agents, failures=self.note_failure(fuse))

    def send_arrival(self, fuse: Fuse | None = None) -> SendArrival:
        """Return the use case."""
        fuse = fuse or Fuse()
        return SendArrival(
            history=Fused(MemoryHistory(self.table), fuse),
            peer=Fused(MemoryHistory(self.peer.table), fuse),
            lanes=Fused(self.lanes, fuse),
            peer_lanes=Fused(self.peer.lanes, fuse),
            clock=self.clock,
            region=self.name,
            peer_region=self.peer.name,
        )

    def call_child(self, fuse: Fuse | None = None) -> CallChild:
        """Return the use case."""
        fuse = fuse or Fuse()
        history = Fused(MemoryHistory(self.table), fuse)
        return CallChild(submit=self.submit_job(fuse), send=self.send_arrival(fuse), history=history)

    def submit_turn(self, fuse: Fuse | None = None) -> SubmitTurn:
        """Return the use case."""
        children = self.call_child(fuse)
        return SubmitTurn(submit_job=children.submit, turns=children.turns)

    def adopt_jobs(self, fuse: Fuse | None = None) -> AdoptJobs:
        """Return the use case."""
        fuse = fuse or Fuse()
        return AdoptJobs(
            history=Fused(MemoryHistory(self.table), fuse),
            projections=Fused(MemoryProjections(self.table), fuse),
            lanes=Fused(self.lanes, fuse),
            children=self.call_child(fuse),
            failures=self.note_failure(fuse),
            clock=self.clock,
            region=self.name,
            peer_region=self.peer.name,
            stall_seconds=STALL_SECONDS,
        )

    @property
    def register(self) -> MemoryRegister:
        """What this replica says of both Regions."""
        return MemoryRegister(self.table)

    def waiting(self) -> list[LaneSend]:
        """Take everything off the lanes."""
        sends = [send for queue in self.lanes.queues.values() for send in queue]
        for queue in self.lanes.queues.values():
            queue.clear()
        return sends

    def segments(self, job_id: str) -> list[Segment]:
        """Return what this replica holds of a job."""
        return [row.segment for row in self.table.segments.values() if row.segment.job_id == job_id]

    def state(self, job_id: str) -> JobState:
        """Return a job's state by this replica."""
        state = fold(self.segments(job_id))
        assert state is not None, f"{self.name} does not have {job_id}"
        return state

    def head(self, job_id: str) -> Head | None:
        """Return the head that this Region wrote."""
        return self.table.heads.get((job_id, self.name))

    def kinds(self) -> list[str]:
        """Return what happened to the one job, as this replica reads it."""
        return [item.event.kind for item in self.state(JOB).history]

    def error_code(self) -> str:
        """Return the code of the one job's error."""
        error = self.state(JOB).error
        assert error is not None
        return error["code"]

    def put(self, *segments: Segment) -> None:
        """Have these segments in the replica, as replication brings them."""
        for segment in segments:
            place = (segment.job_id, segment.epoch, segment.region, segment.place)
            assert self.table.segments.setdefault(place, _row(segment)).segment == segment

    async def work(self, fuse: Fuse | None = None, seconds: float = 110.0) -> None:
        """Work off what waits on the lanes, without regard to delays, until nothing does."""
        while sends := self.waiting():
            for send in sends:
                stop_at = self.clock.monotonic() + seconds
                await self.advance_job(fuse).advance(send.message, delivery=1, stop_at=stop_at)


@dataclass(slots=True)
class Log:
    """What was said."""

    said: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def __call__(self, event: str, **fields: object) -> None:
        """Say something."""
        self.said.append((event, fields))

    def count(self, event: str) -> int:
        """Return how often that was said."""
        return sum(name == event for name, _ in self.said)


def two_regions(*agents: Agent) -> tuple[Region, Region]:
    """Return us-east-1 and us-west-2, each other's peers."""
    east, west = Region(EAST, Shelf(agents)), Region(WEST, Shelf(agents))
    east.peer, west.peer = west, east
    west.payloads.buckets = east.payloads.buckets
    return east, west


def replicate(source: Region, target: Region) -> None:
    """Bring everything that a Region wrote to its peer; what both hold must be the same."""
    for place, row in source.table.segments.items():
        assert target.table.segments.setdefault(place, row).segment == row.segment
    target.table.arrivals.update(source.table.arrivals)
    target.table.heads.update({key: head for key, head in source.table.heads.items() if head.region == source.name})
    target.table.dead.update({key: each for key, each in source.table.dead.items() if each.region == source.name})
    target.table.cursors.update({key: at for key, at in source.table.cursors.items() if key[0] == source.name})


def refuse_table(region: Region) -> None:
    """From now on the table refuses every call."""
    region.table.refusing = True


def refuse_lanes(region: Region) -> None:
    """From now on the lanes refuse every call."""
    region.lanes.refusing = True


def request(agent: str = "probe", **fields: Any) -> SubmitRequest:
    """Return what a client asks for; by default three steps of a tenth of a second."""
    asked: dict[str, Any] = {"input": {"steps": 3, "milliseconds": 100}, "idempotency_key": "one", **fields}
    return SubmitRequest(agent=agent, **{"tenant": TENANT, **asked})


async def submitted(region: Region, name: str, **fields: Any) -> LaneMessage:
    """Submit a job, and return the message that came of it."""
    await region.submit_job().submit(request(name, input={}, **fields))
    (send,) = region.waiting()
    return send.message


async def advance(
    region: Region, message: LaneMessage, fuse: Fuse | None = None, *, delivery: int = 1, seconds: float = 110.0
) -> None:
    """Do what a worker does with a message."""
    await region.advance_job(fuse).advance(message, delivery=delivery, stop_at=region.clock.monotonic() + seconds)


def _row(segment: Segment) -> SegmentRow:
    first = segment.events[0]
    lane = first.lane if isinstance(first, JobSubmitted) else "standard"
    due = Due(add_seconds(first.at, STALL_SECONDS), lane) if segment.opens_epoch else None
    return SegmentRow(segment, due)
