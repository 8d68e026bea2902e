"""What jobs cost, counted where requests leave for AWS: how many there are, and the write units that they are billed.

The use cases run on the real adapters, in virtual time, on tables in moto. A write unit is 1 KB of an item; an entry in
an index is a write of its own, and moving it is two.
"""

import asyncio
import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.dynamodb_dead_letters import DynamodbDeadLetters
from functions.adapters.dynamodb_history import DynamodbHistory
from functions.adapters.dynamodb_owed_copies import DynamodbOwedCopies
from functions.adapters.dynamodb_projections import DynamodbProjections
from functions.adapters.dynamodb_table import DynamodbTable
from functions.adapters.memory import CountingEntropy, MemoryLanes, ScriptedModel
from functions.adapters.memory_payloads import MemoryBuckets, MemoryPayloads
from functions.application.advance_job import AdvanceJob
from functions.application.agent_ports import Agent
from functions.application.call_child import CallChild
from functions.application.keep_payloads import KeepPayloads
from functions.application.note_failure import NoteFailure
from functions.application.ports import LaneSend, ModelAnswer
from functions.application.send_arrival import SendArrival
from functions.application.submit_job import SubmitJob, SubmitRequest
from functions.domain.job.events import Json
from functions.domain.job.state import JobState, fold
from tests.contract.checked_clients import CheckedClients
from tests.contract.worlds import EAST, WEST, say
from tests.simulation.virtual_time import VirtualClock, pass_time
from tests.state_table import create_state_table
from tests.unit.application.two_regions import STALL_SECONDS, TENANT, Shelf

INDEXES = ("due", "list")
_numbers = itertools.count()

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

Item = Mapping[str, Mapping[str, Any]]


class InlineCalls(BlockingCalls):
    """Calls that are made here and now: virtual time has one thread."""

    async def run(
        self, call: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """See BlockingCalls."""
        return call(*args, **kwargs)


def size_of(item: Item) -> int:
    """Return an item's size in bytes as DynamoDB counts it."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 2
        case "B":
            return len(content)
        case _:
            return 1


def units_of(item: Item, before: Item | None) -> int:
    """Return the write units of putting an item where `before` was, its index entries included."""
    units = math.ceil(max(size_of(item), size_of(before or {})) / 1024)
    for index in INDEXES:
        old, new = (None if each is None else each.get(f"{index}_sk") for each in (before, item))
        if old != new:
            units += (old is not None) + (new is not None)
    return units


@dataclass(slots=True)
class Ledger:
    """Requests and write units by where they went, since the last look."""

    requests: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    _items: dict[tuple[str, str, str], Item] = field(default_factory=dict)

    def watch(self, place: str, client: Any) -> None:
        """Count what a client sends."""

        def count(params: dict[str, Any], model: Any, **_: object) -> None:
            self.requests[f"{place} {model.name}"] += 1
            if model.name == "PutItem":
                self._put(place, params["Item"], conditional="ConditionExpression" in params)

        client.meta.events.register_first("provide-client-params.dynamodb.*", count)

    def _put(self, place: str, item: Item, *, conditional: bool) -> None:
        key = (place, item["pk"]["S"], item["sk"]["S"])
        before = self._items.get(key)
        if before is not None and conditional:
            self.units[place] += math.ceil(size_of(before) / 1024)  # a refused write is billed, too
            return
        self.units[place] += units_of(item, before)
        self._items[key] = item

    def taken(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return the requests and the write units since the last look."""
        taken = dict(self.requests), dict(self.units)
        self.requests.clear()
        self.units.clear()
        return taken


@dataclass(slots=True)
class CountedLanes(MemoryLanes):
    """Lanes in memory whose batches are counted."""

    place: str = "lanes"
    ledger: Ledger = field(default_factory=Ledger)

    async def send(self, sends: Sequence[LaneSend]) -> None:
        """See Lanes."""
        self.ledger.requests[f"{self.place} SendMessageBatch"] += 1
        await MemoryLanes.send(self, sends)


class CountedRegion:
    """One Region's use cases on both Regions' tables, and a worker that takes messages when they are due."""

    def __init__(self, *agents: Agent) -> None:
        number = next(_numbers)
        self.ledger = Ledger()
        self.clock, self.entropy, self._agents = VirtualClock(), CountingEntropy(), Shelf(agents)
        made = [self._table(f"ledger-{number}-{place}", place) for place in ("state", "peer")]
        self.history, self.peer = (DynamodbHistory(table) for table in made)
        self.projections = DynamodbProjections(made[0])
        self.dead_letters, self.peer_dead_letters = (DynamodbDeadLetters(table) for table in made)
        self.lanes, self.peer_lanes = (
            CountedLanes(ledger=self.ledger),
            CountedLanes(place="peer lanes", ledger=self.ledger),
        )
        buckets = MemoryBuckets()
        own, peer = (MemoryPayloads(buckets, name) for name in (EAST, WEST))
        self.payloads = KeepPayloads(own=own, peer=peer, owed=DynamodbOwedCopies(made[0], EAST), clock=self.clock)

    def _table(self, name: str, place: str) -> DynamodbTable:
        client = CheckedClients(EAST, WEST, None).state()
        create_state_table(client, name)
        self.ledger.watch(place, client)
        return DynamodbTable(name, lambda: client, InlineCalls(place, 1), say)

    def submit_job(self) -> SubmitJob:
        """Return the use case."""
        return SubmitJob(
            history=self.history,
            peer=self.peer,
            projections=self.projections,
            lanes=self.lanes,
            payloads=self.payloads,
            agents=self._agents,
            clock=self.clock,
            entropy=self.entropy,
            region=EAST,
            peer_region=WEST,
            stall_seconds=STALL_SECONDS,
        )

    def send_arrival(self) -> SendArrival:
        """Return the use case."""
        return SendArrival(
            history=self.history,
            peer=self.peer,
            lanes=self.lanes,
            peer_lanes=self.peer_lanes,
            clock=self.clock,
            region=EAST,
            peer_region=WEST,
        )

    def advance_job(self) -> AdvanceJob:
        """Return the use case."""
        return AdvanceJob(
            history=self.history,
            projections=self.projections,
            lanes=self.lanes,
            agents=self._agents,
            model=ScriptedModel([ModelAnswer("{}", 1, 1)]),
            children=CallChild(submit=self.submit_job(), send=self.send_arrival(), history=self.history),
            payloads=self.payloads,
            failures=NoteFailure(dead_letters=self.dead_letters, peer=self.peer_dead_letters, region=EAST),
            clock=self.clock,
            entropy=self.entropy,
            region=EAST,
            worker=f"{EAST}/0123456789ab",
            stall_seconds=STALL_SECONDS,
        )

    async def submit(self, agent: str, value: Json) -> str:
        """Submit a job and return its id."""
        view = await self.submit_job().submit(
            SubmitRequest(tenant=TENANT, agent=agent, input=value, idempotency_key="k")
        )
        return str(view["id"])

    async def state(self, job: str) -> JobState:
        """Return a job's state; this is not counted."""
        requests, units = self.ledger.requests.copy(), self.ledger.units.copy()
        state = fold((await self.history.read_whole(job)).segments)
        self.ledger.requests, self.ledger.units = requests, units
        assert state is not None
        return state

    async def work(self) -> None:
        """Work off what is on the lanes, each message when it is due, until nothing is there."""
        while sends := [send for queue in self.lanes.queues.values() for send in queue]:
            for queue in self.lanes.queues.values():
                queue.clear()
            for send in sorted(sends, key=lambda each: each.delay_seconds):
                await pass_time(send.delay_seconds)
                stop_at = self.clock.monotonic() + 110
                await self.advance_job().advance(send.message, delivery=1, stop_at=stop_at)
            await asyncio.sleep(0)
