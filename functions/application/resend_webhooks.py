"""Send undelivered webhooks again: the delivery that a dead letter holds goes back on this Region's queue, as if new.

The event keeps its id, so receivers can tell duplicates. Whoever calls this takes the letters off the list afterwards:
if the process dies in between, the letter stands, and the event is sent twice under the one id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from functions.application.delivery_messages import decode_message
from functions.application.ports import Clock
from functions.application.webhook_ports import Delivery, DeliveryQueue, KnownWebhooks, Sending
from functions.domain.dead_letter import DeadLetter
from functions.domain.webhooks import KnownWebhook, WebhookStanding, in_force


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendWebhooks:
    """The use case, for the worker that runs a redrive. `webhooks` are known without their secrets."""

    webhooks: KnownWebhooks
    queue: DeliveryQueue
    clock: Clock

    async def send(self, tenant: str, letters: Sequence[DeadLetter]) -> dict[str, str]:
        """Put deliveries on the queue, and return by id the code of the refusal of each letter that could not be sent.

        Raises StateUnavailable, and QueueUnavailable: some may be on the queue then.
        """
        if not letters:
            return {}
        now, known = self.clock.now(), in_force(await self.webhooks.known(tenant))
        refused: dict[str, str] = {}
        sendings: list[Sending] = []
        for letter in letters:
            delivery = _delivery_in(letter)
            code = "message_unreadable" if delivery is None else _refusal(delivery, known)
            if delivery is None or code is not None:
                refused[letter.id] = str(code)
            else:
                sendings.append(Sending(replace(delivery, attempt=0, first_at=now, due=now)))
        if sendings:
            await self.queue.send(sendings)
        return refused


def _delivery_in(letter: DeadLetter) -> Delivery | None:
    """Return the delivery that a letter holds, if it can be read and is of the letter's own tenant."""
    try:
        found = decode_message(letter.body or "")
    except ValueError:
        return None
    return found if isinstance(found, Delivery) and found.detail.get("tenant") == letter.tenant else None


def _refusal(delivery: Delivery, known: Mapping[str, KnownWebhook]) -> str | None:
    """Say why nobody would be told. The address that a job was submitted with is always there."""
    if delivery.callback_url is not None:
        return None
    webhook = known.get(delivery.webhook or "")
    match WebhookStanding.NOT_THERE if webhook is None else webhook.standing:
        case WebhookStanding.LISTENS:
            return None
        case WebhookStanding.OFF:
            return "webhook_inactive"
        case WebhookStanding.NOT_THERE:
            return "webhook_not_found"
