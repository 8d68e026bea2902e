"""Deliver events to those who asked for them: one message an event and endpoint, tried again until it is taken.

An event comes off the bus once; it is then split into a delivery for each endpoint, so that the trouble of one is no
other's. A delivery that fails goes back on the queue with a pause; one whose endpoint is left alone for now waits
without being tried. If the process dies after an endpoint has taken an event and before the queue knows, the endpoint
gets it again, under the same id.
"""

import asyncio
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from functions.application.dead_letter_ports import DeadLetters
from functions.application.delivery_messages import encode_delivery
from functions.application.guard_endpoints import GuardEndpoints
from functions.application.ports import Clock, Entropy, StateUnavailable
from functions.application.record_steps import Say
from functions.application.webhook_ports import (
    Answer,
    Delivery,
    DeliveryQueue,
    Detail,
    EndpointStates,
    Post,
    Receivers,
    Result,
    Sending,
    Webhooks,
)
from functions.domain.dead_letter import DeadLetter, LetterType
from functions.domain.job.public_events import ENDS
from functions.domain.last_word import said_after
from functions.domain.moments import add_seconds, seconds_between
from functions.domain.redelivery import (
    ASK_FOR_PATIENCE,
    LONGEST_HOP_SECONDS,
    asked_pause,
    is_given_up,
    pause_seconds,
)
from functions.domain.webhooks import CALLBACKS, Webhook, in_force

GONE = 410
#: What is in a detail for us alone, and not in what endpoints get.
_OURS = frozenset({"asked", "callback_url"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverWebhooks:
    """The use case. `first_range` is the range, in seconds, from which the first pause is drawn."""

    webhooks: Webhooks
    peer_webhooks: Webhooks
    endpoints: EndpointStates
    queue: DeliveryQueue
    receivers: Receivers
    dead_letters: DeadLetters
    clock: Clock
    entropy: Entropy
    say: Say
    region: str
    first_range: float

    async def work_on(self, messages: Sequence[Detail | Delivery]) -> Sequence[BaseException | None]:
        """Work on a batch at once. Return for each message None, or why it is to come again."""
        guard = GuardEndpoints(states=self.endpoints, clock=self.clock, say=self.say, region=self.region)
        batch = _Batch(self, guard)
        outcomes = await asyncio.gather(*(batch.work_on(each) for each in messages), return_exceptions=True)
        await guard.write_down()
        return outcomes


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a delivery goes: `endpoint` names the breaker."""

    endpoint: str
    url: str
    secrets: tuple[str, ...]
    webhook: Webhook | None = None


@dataclass(slots=True)
class _Batch:
    """One batch: a tenant's webhooks are read once for all of it."""

    parts: DeliverWebhooks
    guard: GuardEndpoints
    _reading: dict[str, asyncio.Task[Mapping[str, Webhook]]] = field(default_factory=dict)

    async def work_on(self, message: Detail | Delivery) -> None:
        if isinstance(message, Delivery):
            await self._deliver(message)
        else:
            await self._split(message)

    async def _split(self, detail: Detail) -> None:
        now = self.parts.clock.now()
        webhooks = await self._webhooks(str(detail["tenant"]))
        plain = {name: value for name, value in detail.items() if name not in _OURS}
        deliveries = [
            Delivery(detail=plain, webhook=name, first_at=now, due=now)
            for name, webhook in webhooks.items()
            if webhook.wants(detail)
        ]
        callback = detail.get("callback_url")
        if isinstance(callback, str) and detail.get("event") in ENDS:
            deliveries.append(Delivery(detail=plain, callback_url=callback, first_at=now, due=now))
        if deliveries:
            await self.parts.queue.send([Sending(delivery) for delivery in deliveries])

    async def _deliver(self, delivery: Delivery) -> None:
        target = await self._target(delivery)
        if target is None:
            self._say("delivery_dropped", delivery, reason="nobody asks for it any more")
            return
        now = self.parts.clock.now()
        if is_given_up(delivery.first_at, now) and delivery.attempt > 0:
            await self._give_up(delivery, "the endpoint has not taken it in time")
            return
        if now < delivery.due:
            await self._put_back(delivery)
            return
        tenant = str(delivery.detail["tenant"])
        seconds = await self.guard.pause(tenant, target.endpoint)
        if seconds > 0:
            if is_given_up(delivery.first_at, now):
                await self._give_up(delivery, "the endpoint was left alone for all of its time")
                return
            await self._put_back(replace(delivery, due=add_seconds(now, seconds + self.parts.entropy.fraction())))
            return
        await self._try(delivery, target)

    async def _try(self, delivery: Delivery, target: _Target) -> None:
        tenant, attempt = str(delivery.detail["tenant"]), delivery.attempt + 1
        post = Post(
            url=target.url,
            id=str(delivery.detail["id"]),
            at=self.parts.clock.now(),
            body=body_of(delivery.detail),
            secrets=target.secrets,
        )
        answer = await self.parts.receivers.post(post)
        now = self.parts.clock.now()
        result = Result(at=now, event=post.id, attempt=attempt, status=answer.status, detail=answer.detail)
        self.guard.note(tenant, target.endpoint, result, accepted=answer.accepted or answer.status == GONE)
        self._say("delivered" if answer.accepted else "not_delivered", delivery, status=answer.status, tried=attempt)
        if answer.accepted:
            return
        if answer.status == GONE:
            await self._stop(target)
            return
        tried = replace(delivery, attempt=attempt)
        pause = self._pause(attempt, answer, now)
        if is_given_up(delivery.first_at, add_seconds(now, pause)):
            await self._give_up(tried, answer.detail)
        else:
            await self._put_back(replace(tried, due=add_seconds(now, pause)))

    def _pause(self, attempt: int, answer: Answer, now: str) -> float:
        asked = asked_pause(answer.retry_after, now) if answer.status in ASK_FOR_PATIENCE else None
        return pause_seconds(attempt, self.parts.entropy.fraction(), asked, self.parts.first_range)

    async def _put_back(self, delivery: Delivery) -> None:
        """Send it again, to come out when it is due, or as late as the queue can."""
        seconds = max(0.0, seconds_between(self.parts.clock.now(), delivery.due))
        await self.parts.queue.send([Sending(delivery, math.ceil(min(seconds, LONGEST_HOP_SECONDS)))])

    async def _give_up(self, delivery: Delivery, detail: str) -> None:
        """Put it on the tenant's list of dead letters. Sent again from there, it begins anew."""
        self._say("given_up", delivery, level="WARNING", detail=detail)
        event, now = delivery.detail, self.parts.clock.now()
        endpoint = endpoint_of(delivery)
        letter = DeadLetter(
            type=LetterType.WEBHOOK,
            id=f"{event['id']}@{endpoint}",
            tenant=str(event["tenant"]),
            at=now,
            region=self.parts.region,
            code="webhook_undelivered",
            detail=f"{detail}, after {delivery.attempt} tries",
            agent=event.get("agent"),
            lane=event.get("lane"),
            job_id=event.get("job_id"),
            endpoint=endpoint,
            event=str(event["event"]),
            body=encode_delivery(replace(delivery, attempt=0, first_at=now, due=now)),
        )
        await self.parts.dead_letters.put(letter)

    async def _stop(self, target: _Target) -> None:
        """The receiver says that it is gone for good: its webhook is switched off, in both Regions."""
        known = target.webhook
        if known is None:
            return
        at = said_after(self.parts.clock.now(), known)
        off = replace(known, region=self.parts.region, active=False, gone=True, at=at, by="antipode")
        await self.parts.webhooks.put(off)
        try:
            await self.parts.peer_webhooks.put(off)
        except StateUnavailable as error:
            self.parts.say("webhook_off_here_only", level="WARNING", webhook=known.name, error=str(error))

    async def _target(self, delivery: Delivery) -> _Target | None:
        webhooks = await self._webhooks(str(delivery.detail["tenant"]))
        now = self.parts.clock.now()
        if delivery.callback_url is not None:
            keeper = webhooks.get(CALLBACKS)
            secrets = () if keeper is None or keeper.deleted else keeper.signing(now)
            return _Target(callback_endpoint(delivery.callback_url), delivery.callback_url, secrets)
        webhook = webhooks.get(delivery.webhook or "")
        if webhook is None or not webhook.listens:
            return None
        return _Target(webhook.name, webhook.url, webhook.signing(now), webhook)

    async def _webhooks(self, tenant: str) -> Mapping[str, Webhook]:
        if tenant not in self._reading:
            self._reading[tenant] = asyncio.ensure_future(self._read(tenant))
        return await asyncio.shield(self._reading[tenant])

    async def _read(self, tenant: str) -> Mapping[str, Webhook]:
        return in_force(await self.parts.webhooks.read(tenant))

    def _say(self, event: str, delivery: Delivery, *, level: str = "INFO", **fields: object) -> None:
        about = {"id": delivery.detail["id"], "tenant": delivery.detail["tenant"], "endpoint": endpoint_of(delivery)}
        self.parts.say(event, level=level, **about, **fields)


def body_of(detail: Mapping[str, Any]) -> str:
    """Return what an endpoint gets, in the form that Standard Webhooks recommends; the same text each time."""
    body = {"type": detail["event"], "timestamp": detail["at"], "data": detail}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def endpoint_of(delivery: Delivery) -> str:
    """Return the name of the endpoint that a delivery goes to."""
    return delivery.webhook or callback_endpoint(delivery.callback_url or "")


def callback_endpoint(url: str) -> str:
    """Return the name of the endpoint behind a job's callback address: one for each host, whatever the path."""
    parts = urlsplit(url)
    return "callback/" + hashlib.sha256(f"{parts.scheme}://{parts.netloc}".encode()).hexdigest()[:16]
