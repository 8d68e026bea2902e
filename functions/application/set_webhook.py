"""Set, delete, rotate and test a tenant's webhooks: in this Region, copied to the peer at once.

The secret is shown when it is made and never again. If the process dies between, nobody knows it: `rotate` makes a new
one. Two Regions that make the same new webhook at once make two secrets, and the one made last signs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from functions.application.ports import Clock, Entropy
from functions.application.tell_both import tell_both
from functions.application.webhook_ports import Delivery, DeliveryQueue, EndpointStates, Result, Sending, Webhooks
from functions.domain.breaker import Breaker
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.last_word import said_after
from functions.domain.webhooks import CALLBACKS, MOST, TEST, SigningSecret, Webhook, in_force, rotated, view


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a client wants a webhook to be."""

    url: str
    events: tuple[str, ...]
    agents: tuple[str, ...] | None = None
    tags: Mapping[str, str] | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWebhook:
    """The use case. `peer` is the peer Region's replica, reached directly."""

    webhooks: Webhooks
    peer: Webhooks
    queue: DeliveryQueue
    clock: Clock
    entropy: Entropy
    region: str

    async def set(self, tenant: str, name: str, wanted: Wanted, by: str) -> dict[str, Json]:
        """Return the webhook as clients see it, with its `secret` if it is new.

        Raises AntipodeError too_many_webhooks, StateUnavailable.
        """
        found = in_force(await self.webhooks.read(tenant))
        known = found.get(name)
        is_new = known is None or known.deleted
        if is_new and sum(not each.deleted for each in found.values()) >= MOST:
            raise AntipodeError("too_many_webhooks", f"a tenant has {MOST} webhooks at most")
        secrets = (SigningSecret(self._secret()),) if known is None or known.deleted else known.secrets
        webhook = Webhook(
            tenant=tenant,
            name=name,
            region=self.region,
            url=wanted.url,
            events=wanted.events,
            agents=wanted.agents,
            tags=wanted.tags,
            active=wanted.active,
            at=said_after(self.clock.now(), known),
            by=by,
            secrets=secrets,
        )
        return await self._put(webhook, show_secret=is_new)

    async def delete(self, tenant: str, name: str, by: str) -> dict[str, Json]:
        """Return what is left: a webhook that says it is deleted. Raises AntipodeError webhook_not_found."""
        known = await self._known(tenant, name)
        gone = replace(
            known,
            region=self.region,
            at=said_after(self.clock.now(), known),
            by=by,
            active=False,
            deleted=True,
            secrets=(),
            url="",
        )
        return {**await self._put(gone), "deleted": True}

    async def rotate(self, tenant: str, name: str, by: str) -> dict[str, Json]:
        """Return the webhook with its new `secret`; the one before it signs beside it for a day.

        That of jobs' callbacks is made here the first time. Raises AntipodeError webhook_not_found, StateUnavailable.
        """
        if name == CALLBACKS:
            known = in_force(await self.webhooks.read(tenant)).get(name) or self._keeper(tenant, by)
        else:
            known = await self._known(tenant, name)
        at = said_after(self.clock.now(), known)
        secrets = rotated(known.secrets, self._secret(), at)
        new = replace(known, region=self.region, at=at, by=by, secrets=secrets, deleted=False)
        return await self._put(new, show_secret=True)

    async def test(self, tenant: str, name: str) -> dict[str, Json]:
        """Send a test event, whatever the webhook listens to, and return its id.

        Raises AntipodeError webhook_not_found, webhook_inactive, StateUnavailable, QueueUnavailable.
        """
        known = await self._known(tenant, name)
        if not known.listens:
            raise AntipodeError("webhook_inactive", f"the webhook {name!r} is not active")
        now = self.clock.now()
        event_id = f"test/{self.region}/{self.entropy.token()}"
        detail: dict[str, Json] = {
            "id": event_id,
            "event": TEST,
            "tenant": tenant,
            "webhook": name,
            "region": self.region,
            "at": now,
        }
        await self.queue.send([Sending(Delivery(detail=detail, webhook=name, first_at=now, due=now))])
        return {"id": event_id, "event": TEST, "webhook": name}

    async def _known(self, tenant: str, name: str) -> Webhook:
        return known_webhook(in_force(await self.webhooks.read(tenant)), name)

    async def _put(self, webhook: Webhook, *, show_secret: bool = False) -> dict[str, Json]:
        durability = await tell_both(self.webhooks, self.peer, lambda replica: replica.put(webhook))
        answer = {**view(webhook), "durability": durability}
        return {**answer, "secret": webhook.secrets[0].text} if show_secret else answer

    def _keeper(self, tenant: str, by: str) -> Webhook:
        """Return what keeps the secret for callbacks: a webhook without an address."""
        return Webhook(
            tenant=tenant,
            name=CALLBACKS,
            region=self.region,
            url="",
            events=(),
            active=True,
            at=self.clock.now(),
            by=by,
            secrets=(),
        )

    def _secret(self) -> str:
        """Return 32 random bytes as Standard Webhooks writes them."""
        return "whsec_" + self.entropy.token().replace("-", "+").replace("_", "/") + "="


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowWebhooks:
    """The use case that reads them."""

    webhooks: Webhooks
    endpoints: EndpointStates

    async def list(self, tenant: str) -> dict[str, Json]:
        """Return {"webhooks": [...]} without their secrets. Raises StateUnavailable."""
        found = in_force(await self.webhooks.read(tenant)).values()
        shown: list[Json] = [view(webhook) for webhook in found if not webhook.deleted]
        return {"webhooks": shown}

    async def show(self, tenant: str, name: str) -> dict[str, Json]:
        """Return a webhook, and how its endpoint does as each Region that called it sees it.

        Raises AntipodeError webhook_not_found, StateUnavailable.
        """
        webhook = known_webhook(in_force(await self.webhooks.read(tenant)), name)
        states = sorted(await self.endpoints.read(tenant, name), key=lambda state: state.region)
        endpoint: list[Json] = [
            {
                "region": state.region,
                "at": state.at,
                "breaker": view_breaker(state.breaker),
                "deliveries": [view_result(result) for result in state.results],
            }
            for state in states
        ]
        return {**view(webhook), "endpoint": endpoint}


def known_webhook(found: Mapping[str, Webhook], name: str) -> Webhook:
    """Return the webhook of that name. Raises AntipodeError webhook_not_found."""
    webhook = found.get(name)
    if webhook is None or webhook.deleted:
        raise AntipodeError("webhook_not_found", f"no webhook is named {name!r}", field="name")
    return webhook


def view_result(result: Result) -> dict[str, Json]:
    """Return how a try went as clients see it."""
    shown: dict[str, Json] = {"at": result.at, "event": result.event, "attempt": result.attempt}
    if result.status is not None:
        shown["status"] = result.status
    return {**shown, "detail": result.detail}


def view_breaker(breaker: Breaker) -> dict[str, Json]:
    """Return a breaker as clients see it."""
    shown: dict[str, Json] = {"standing": breaker.standing.value, "failures": breaker.failures}
    if breaker.since is not None:
        shown["since"] = breaker.since
    if breaker.retry_at is not None:
        shown["retry_at"] = breaker.retry_at
    return shown
