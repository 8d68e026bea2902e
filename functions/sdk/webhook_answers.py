"""What the API answers about webhooks, as types: beside the other answers, in a file of their own."""

from typing import Literal

from functions.sdk.answers import Answer, Durability


class Webhook(Answer):
    """A webhook as it holds. `gone`: the receiver has answered 410, and it was switched off."""

    name: str
    url: str
    events: list[str]
    agents: list[str] | None = None
    tags: dict[str, str] | None = None
    active: bool
    at: str
    by: str
    region: str
    gone: bool | None = None


class WebhookSet(Webhook):
    """What a change says. `secret` is there when it was made by this very request, and never again."""

    secret: str | None = None
    deleted: bool | None = None
    durability: Durability


class Webhooks(Answer):
    """A tenant's webhooks."""

    webhooks: list[Webhook]


class BreakerShown(Answer):
    """Whether an endpoint is called: not before `retry_at`, while it is open."""

    standing: Literal["closed", "open", "half-open"]
    failures: int
    since: str | None = None
    retry_at: str | None = None


class DeliveryShown(Answer):
    """How one try went. Without `status` there was no answer."""

    at: str
    event: str
    attempt: int
    status: int | None = None
    detail: str


class EndpointShown(Answer):
    """How an endpoint does, as one Region sees it; the newest deliveries first."""

    region: str
    at: str
    breaker: BreakerShown
    deliveries: list[DeliveryShown]


class WebhookShown(Webhook):
    """A webhook, and how its endpoint does."""

    endpoint: list[EndpointShown]


class TestEvent(Answer):
    """The test event that is on its way."""

    __test__ = False

    id: str
    event: Literal["webhook.test"]
    webhook: str
