"""The twins in memory of the ports by which the world is told of jobs' events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from functions.adapters.memory import MemoryTable
from functions.application.webhook_ports import (
    Answer,
    BusEntry,
    EndpointState,
    Post,
    QueueUnavailable,
    Sending,
)
from functions.domain.webhooks import KnownWebhook, Webhook


@dataclass(slots=True)
class MemoryWebhooks:
    """Webhooks beside a MemoryTable, which says whether they refuse."""

    table: MemoryTable
    rows: dict[tuple[str, str, str], Webhook] = field(default_factory=dict)

    async def put(self, webhook: Webhook) -> None:
        """See Webhooks."""
        self.table.check()
        key = (webhook.tenant, webhook.name, webhook.region)
        known = self.rows.get(key)
        if known is None or known.at < webhook.at:
            self.rows[key] = webhook

    async def read(self, tenant: str) -> Sequence[Webhook]:
        """See Webhooks."""
        self.table.check()
        return [webhook for key, webhook in sorted(self.rows.items()) if key[0] == tenant]

    async def known(self, tenant: str) -> Sequence[KnownWebhook]:
        """See KnownWebhooks."""
        return [
            KnownWebhook(name=each.name, region=each.region, at=each.at, standing=each.standing)
            for each in await self.read(tenant)
        ]


@dataclass(slots=True)
class MemoryEndpoints:
    """EndpointStates beside a MemoryTable."""

    table: MemoryTable
    rows: dict[tuple[str, str, str], EndpointState] = field(default_factory=dict)

    async def put(self, state: EndpointState) -> None:
        """See EndpointStates."""
        self.table.check()
        key = (state.tenant, state.endpoint, state.region)
        known = self.rows.get(key)
        if known is None or known.at < state.at:
            self.rows[key] = state

    async def read(self, tenant: str, endpoint: str) -> Sequence[EndpointState]:
        """See EndpointStates."""
        self.table.check()
        return [state for key, state in sorted(self.rows.items()) if key[:2] == (tenant, endpoint)]


@dataclass(slots=True)
class MemoryBus:
    """EventBus: `published` is what it has taken; `refuses` says of each entry whether it is refused this time."""

    published: list[BusEntry] = field(default_factory=list)
    refuses: Callable[[BusEntry], bool] = lambda entry: False

    async def publish(self, entries: Sequence[BusEntry]) -> Sequence[int]:
        """See EventBus."""
        refused = [place for place, entry in enumerate(entries) if self.refuses(entry)]
        self.published.extend(entry for place, entry in enumerate(entries) if place not in refused)
        return refused


@dataclass(slots=True)
class MemoryDeliveries:
    """DeliveryQueue: `waiting` is what lies on it."""

    waiting: list[Sending] = field(default_factory=list)
    refusing: bool = False

    async def send(self, sendings: Sequence[Sending]) -> None:
        """See DeliveryQueue."""
        if self.refusing:
            raise QueueUnavailable("the queue refuses")
        self.waiting.extend(sendings)


@dataclass(slots=True)
class MemoryReceivers:
    """Receivers: `received` is what they got; `answers` says what they answer."""

    received: list[Post] = field(default_factory=list)
    answers: Callable[[Post], Answer] = lambda post: Answer(status=204, detail="HTTP 204")

    async def post(self, post: Post) -> Answer:
        """See Receivers."""
        self.received.append(post)
        return self.answers(post)
