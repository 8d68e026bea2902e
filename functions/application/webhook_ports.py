"""What telling the world of jobs' events needs of it: bus, subscriptions, deliveries and those who receive them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from functions.application.ports import LaneUnavailable
from functions.domain.breaker import Breaker
from functions.domain.webhooks import KnownWebhook, Webhook

Detail = Mapping[str, Any]


class QueueUnavailable(LaneUnavailable):
    """The queue of deliveries refuses or does not answer. What was to be sent may or may not have been."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusEntry:
    """One event for the bus: its name and its detail."""

    name: str
    detail: Detail


class EventBus(Protocol):
    """This Region's event bus."""

    async def publish(self, entries: Sequence[BusEntry]) -> Sequence[int]:
        """Publish in order and return the places of those that the bus may not have. Never raises for them."""


class KnownWebhooks(Protocol):
    """One replica's webhooks without their secrets. Raises StateUnavailable."""

    async def known(self, tenant: str) -> Sequence[KnownWebhook]:
        """Return how a tenant's webhooks stand, of both Regions, deleted ones too."""


class Webhooks(KnownWebhooks, Protocol):
    """One replica's webhooks. Every method raises StateUnavailable."""

    async def put(self, webhook: Webhook) -> None:
        """Write a Region's webhook, unless what lies there was set later."""

    async def read(self, tenant: str) -> Sequence[Webhook]:
        """Return a tenant's webhooks, of both Regions, deleted ones too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one try to deliver went: `status` is None when there was no answer."""

    at: str
    event: str
    attempt: int
    status: int | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState:
    """How an endpoint does, as `region` sees it: its breaker and the newest results, the newest first."""

    tenant: str
    endpoint: str
    region: str
    at: str
    breaker: Breaker
    results: tuple[Result, ...] = ()


class EndpointStates(Protocol):
    """One replica's book of endpoints. Every method raises StateUnavailable."""

    async def put(self, state: EndpointState) -> None:
        """Write what a Region sees, unless what lies there was seen later."""

    async def read(self, tenant: str, endpoint: str) -> Sequence[EndpointState]:
        """Return what the Regions see of an endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one endpoint: a webhook by its name, or the address that a job was submitted with.

    `attempt` is how often it was tried, `first_at` when first; before `due` it is not tried again.
    """

    detail: Detail
    webhook: str | None = None
    callback_url: str | None = None
    attempt: int = 0
    first_at: str
    due: str


@dataclass(frozen=True, slots=True)
class Sending:
    """A delivery that is put on the queue, to come out again after `delay_seconds`."""

    delivery: Delivery
    delay_seconds: int = 0


class DeliveryQueue(Protocol):
    """This Region's queue of deliveries. Raises QueueUnavailable."""

    async def send(self, sendings: Sequence[Sending]) -> None:
        """Put deliveries on the queue; if it raises, some may be on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One signed request: `secrets` sign it, the newest first; without any it is not signed."""

    url: str
    id: str
    at: str
    body: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a receiver said. Without `status` there was no answer, and `detail` says why."""

    status: int | None
    detail: str
    retry_after: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the receiver has taken the event."""
        return self.status is not None and 200 <= self.status < 300


class Receivers(Protocol):
    """Those who are told, wherever they are."""

    async def post(self, post: Post) -> Answer:
        """Send a request and return the answer; never raises for what the receiver does or is."""
