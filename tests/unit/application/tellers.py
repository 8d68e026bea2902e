"""What tests of telling and delivering share: a broadcaster and a deliverer in memory, and time that they set."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from functions.adapters.memory import CountingEntropy, MemoryHistory, MemoryTable
from functions.adapters.memory_dead_letters import MemoryDeadLetters
from functions.adapters.memory_webhooks import (
    MemoryBus,
    MemoryDeliveries,
    MemoryEndpoints,
    MemoryReceivers,
    MemoryWebhooks,
)
from functions.application.broadcast_events import Broadcast, BroadcastEvents, NewSegment
from functions.application.deliver_webhooks import DeliverWebhooks
from functions.application.ports import Alarm
from functions.application.webhook_ports import Delivery, Detail
from functions.domain.job.events import Event, JobSubmitted
from functions.domain.job.history import Segment
from functions.domain.moments import add_seconds
from functions.domain.webhooks import SigningSecret, Webhook

EAST, WEST = "us-east-1", "us-west-2"
NOON = "2026-11-21T12:00:00.000Z"
JOB = "job_" + "a" * 32
OPENING = JobSubmitted(
    at=NOON, tenant="acme", agent="probe", agent_version="1", lane="standard", input=None, body_digest="d"
)
HOOK = Webhook(
    tenant="acme",
    name="a",
    region=EAST,
    url="https://example.com/a",
    events=("*",),
    active=True,
    at=NOON,
    by="ann",
    secrets=(SigningSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),),
)


@dataclass
class SetClock:
    """Time that passes when somebody waits, or when a test says so."""

    moment: str = NOON

    def now(self) -> str:
        return self.moment

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.moment = add_seconds(self.moment, seconds)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Alarm:
        raise AssertionError("nobody sets an alarm here")


def segment(*events: Event, region: str = EAST, first: int = 1, epoch: int = 1, job: str = JOB) -> Segment:
    """A segment of a job."""
    return Segment(job, epoch, region, first, events)


def news(*segments: Segment, writer: str | None = None) -> list[NewSegment]:
    """What a stream shows when these segments are put, by their own Regions or by `writer`."""
    return [NewSegment(each, writer or each.region, each.events[-1].at, place) for place, each in enumerate(segments)]


@dataclass
class Telling:
    """One Region's broadcaster and deliverer, with all that they reach in memory."""

    region: str = EAST
    mode: Broadcast = Broadcast.ON
    own_only: bool = True
    table: MemoryTable = field(default_factory=MemoryTable)
    clock: SetClock = field(default_factory=SetClock)
    bus: MemoryBus = field(default_factory=MemoryBus)
    queue: MemoryDeliveries = field(default_factory=MemoryDeliveries)
    receivers: MemoryReceivers = field(default_factory=MemoryReceivers)
    entropy: CountingEntropy = field(default_factory=CountingEntropy)
    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.history = MemoryHistory(self.table)
        self.webhooks = MemoryWebhooks(self.table)
        self.peer_webhooks = MemoryWebhooks(MemoryTable())
        self.endpoints = MemoryEndpoints(self.table)
        self.dead_letters = MemoryDeadLetters(self.table)
        self.broadcaster = BroadcastEvents(
            history=self.history,
            bus=self.bus,
            webhooks=self.webhooks,
            clock=self.clock,
            say=self.say,
            region=self.region,
            peer_region=WEST if self.region == EAST else EAST,
            mode=self.mode,
            own_only=self.own_only,
        )
        self.deliverer = DeliverWebhooks(
            webhooks=self.webhooks,
            peer_webhooks=self.peer_webhooks,
            endpoints=self.endpoints,
            queue=self.queue,
            receivers=self.receivers,
            dead_letters=self.dead_letters,
            clock=self.clock,
            entropy=self.entropy,
            say=self.say,
            region=self.region,
            first_range=5.0,
        )

    def say(self, event: str, **fields: object) -> None:
        self.said.append((event, fields))

    def put(self, *hooks: Webhook) -> None:
        """Set webhooks."""
        for hook in hooks:
            asyncio.run(self.webhooks.put(hook))

    def append(self, *segments: Segment) -> None:
        """Write segments into the history."""
        for each in segments:
            asyncio.run(self.history.append(each))

    def tell(self, *new: NewSegment) -> int | None:
        """Hand the broadcaster a batch."""
        return asyncio.run(self.broadcaster.tell(new))

    def told(self) -> list[Detail]:
        """What the bus has."""
        return [entry.detail for entry in self.bus.published]

    def names(self) -> list[str]:
        return [str(detail["event"]) for detail in self.told()]

    def work_on(self, *messages: Detail | Delivery) -> Sequence[BaseException | None]:
        """Hand the deliverer a batch."""
        return asyncio.run(self.deliverer.work_on(messages))

    def next_round(self, upto: Callable[[Delivery], bool] = lambda delivery: True) -> list[Delivery]:
        """Work on all that lies on the queue, at the moment when the latest of it comes out."""
        waiting, self.queue.waiting = self.queue.waiting, []
        taken = [each for each in waiting if upto(each.delivery)]
        self.queue.waiting = [each for each in waiting if not upto(each.delivery)]
        if taken:
            self.clock.moment = add_seconds(self.clock.moment, max(each.delay_seconds for each in taken))
        outcomes = self.work_on(*(each.delivery for each in taken))
        assert not any(outcomes), outcomes
        return [each.delivery for each in taken]


def delivery(**changes: Any) -> Delivery:
    """A delivery of a job's success to webhook `a`."""
    made = Delivery(detail=DETAIL, webhook="a", first_at=NOON, due=NOON)
    return replace(made, **changes)


DETAIL: Detail = {
    "id": f"{JOB}/1.us-east-1/3",
    "event": "job.succeeded",
    "job_id": JOB,
    "tenant": "acme",
    "agent": "probe",
    "lane": "standard",
    "tags": {},
    "at": NOON,
    "result": 7,
}
