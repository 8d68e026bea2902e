"""Webhooks that nobody took, on a Region's list of dead letters, and what they can be sent again by."""

from dataclasses import dataclass, field, replace
from typing import Any

from functions.adapters.memory import MemoryTable
from functions.adapters.memory_dead_letters import MemoryDeadLetters
from functions.adapters.memory_webhooks import MemoryDeliveries, MemoryWebhooks
from functions.application.delivery_messages import encode_delivery
from functions.application.resend_webhooks import ResendWebhooks
from functions.application.webhook_ports import Delivery
from functions.domain.dead_letter import DeadLetter, LetterType
from functions.domain.webhooks import Webhook
from tests.unit.application.tellers import DETAIL, HOOK, delivery
from tests.unit.application.two_regions import Fuse, Fused, Region

GIVEN_UP = "2026-11-22T00:00:01.000Z"


@dataclass
class Undelivered:
    """The webhooks and the deliveries' queue of a Region. Its workers have them from now on."""

    region: Region
    webhooks: MemoryWebhooks = field(init=False)
    queue: MemoryDeliveries = field(default_factory=MemoryDeliveries)

    def __post_init__(self) -> None:
        self.webhooks = MemoryWebhooks(MemoryTable())
        self.region.resend = self.resend

    def resend(self, fuse: Fuse | None = None) -> ResendWebhooks:
        """Return the use case; a fuse lies in its ports."""
        fuse = fuse or Fuse()
        webhooks, queue = Fused(self.webhooks, fuse), Fused(self.queue, fuse)
        return ResendWebhooks(webhooks=webhooks, queue=queue, clock=self.region.clock)

    async def have(self, *webhooks: Webhook) -> None:
        """Set webhooks."""
        for webhook in webhooks:
            await self.webhooks.put(webhook)

    async def give_up(self, *letters: DeadLetter) -> None:
        """List what was given up, in the Region's own replica."""
        for letter in letters:
            await MemoryDeadLetters(self.region.table).put(letter)

    def sent(self) -> list[Delivery]:
        """Return what is on the queue."""
        return [each.delivery for each in self.queue.waiting]


def given_up(number: int = 3, **changes: Any) -> DeadLetter:
    """Return the dead letter of a job's event with this sequence; the changes are those of its delivery."""
    of = {**DETAIL, "id": f"{DETAIL['job_id']}/1.us-east-1/{number}", "sequence": number}
    undelivered = delivery(detail=of, attempt=19, **changes)
    return DeadLetter(
        type=LetterType.WEBHOOK,
        id=f"{of['id']}@a",
        tenant=str(of["tenant"]),
        at=GIVEN_UP,
        region="us-east-1",
        code="webhook_undelivered",
        detail="HTTP 500, after 19 tries",
        agent="probe",
        lane="standard",
        job_id=str(of["job_id"]),
        endpoint="a",
        event=str(of["event"]),
        body=encode_delivery(undelivered),
    )


OFF = replace(HOOK, active=False)
DELETED = replace(HOOK, deleted=True)
