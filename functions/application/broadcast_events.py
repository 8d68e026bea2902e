"""Tell the bus what this Region wrote into the histories: each event once, however often it is replicated.

A replica's stream shows everything that is put there: what this Region wrote, what it got from the peer, and the copy
of a submission that the peer put here directly. Only the first is told, and only where it is new: the copy that comes
back from the peer finds its item there and is no insertion. What is told twice all the same (a batch that was tried
again) has the same id.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from functions.application.ports import Clock, HistoryStore, StateUnavailable
from functions.application.record_steps import Say
from functions.application.webhook_ports import BusEntry, EventBus, Webhooks
from functions.domain.job.events import JobSubmitted
from functions.domain.job.history import Segment
from functions.domain.job.public_events import JobFacts, PublicEvent, facts_of, is_told, public_events
from functions.domain.moments import seconds_between
from functions.domain.webhooks import Webhook, in_force

#: What the bus refuses is offered so often, with these pauses between.
PAUSES_SECONDS = (0.1, 0.5, 1.0)
#: A segment is written when its events happen. One that comes so much later was restored: into an empty replica.
RESTORED_AFTER_SECONDS = 900.0
#: So many jobs' facts are kept in memory.
KNOWN_JOBS = 10_000


class Broadcast(StrEnum):
    """Which events are put on the bus: all, those that a webhook asks for, the ends of jobs, or none."""

    ON = "on"
    ASKED = "asked"
    ENDS_ONLY = "ends-only"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class NewSegment:
    """A segment that the stream shows: who wrote it, when it came into this replica, and its place in the batch."""

    segment: Segment
    writer: str
    arrived_at: str
    place: int


@dataclass(slots=True, kw_only=True)
class BroadcastEvents:
    """The use case. `peer` is the peer's replica, where the first event of a job may lie that this one lacks still."""

    history: HistoryStore
    bus: EventBus
    webhooks: Webhooks
    clock: Clock
    say: Say
    region: str
    peer_region: str
    mode: Broadcast
    own_only: bool = True
    _known: dict[str, JobFacts] = field(default_factory=dict)

    async def tell(self, news: Sequence[NewSegment]) -> int | None:
        """Tell of segments in their order. Return the place of the first that is not wholly told, or None."""
        told = [new for new in news if self._is_ours(new)]
        events: list[tuple[int, PublicEvent]] = []
        upto = None
        for new in told:
            try:
                events.extend((new.place, event) for event in await self._public(new.segment))
            except StateUnavailable as error:
                self.say("not_told", level="WARNING", job_id=new.segment.job_id, error=str(error))
                upto = new.place
                break
        entries = await self._entries(events)
        refused = await self._publish([entry for _, entry in entries])
        failed = [entries[place][0] for place in refused]
        self.say("told", segments=len(told), events=len(entries), refused=len(failed))
        return min([*failed, *([] if upto is None else [upto])], default=None)

    def _is_ours(self, new: NewSegment) -> bool:
        if self.mode is Broadcast.OFF or (self.own_only and new.writer != self.region):
            return False
        if not any(is_told(event) for event in new.segment.events):
            return False
        return seconds_between(new.segment.events[-1].at, new.arrived_at) < RESTORED_AFTER_SECONDS

    async def _public(self, segment: Segment) -> Sequence[PublicEvent]:
        facts = await self._facts(segment)
        if facts is None:
            self.say("not_told", level="ERROR", job_id=segment.job_id, error="the job's first event is nowhere")
            return ()
        return public_events(segment, facts)

    async def _facts(self, segment: Segment) -> JobFacts | None:
        """Return what the job's first event says: it is the segment's own, was seen before, or is read once."""
        job_id, first = segment.job_id, segment.events[0]
        if isinstance(first, JobSubmitted):
            self._know(job_id, facts_of(first))
        if job_id not in self._known:
            for region in (self.region, self.peer_region):
                opening = await self.history.read_opening(job_id, region)
                if opening is not None and isinstance(opening.events[0], JobSubmitted):
                    self._know(job_id, facts_of(opening.events[0]))
                    break
        return self._known.get(job_id)

    def _know(self, job_id: str, facts: JobFacts) -> None:
        while len(self._known) >= KNOWN_JOBS:
            del self._known[next(iter(self._known))]
        self._known[job_id] = facts

    async def _entries(self, events: Sequence[tuple[int, PublicEvent]]) -> Sequence[tuple[int, BusEntry]]:
        """Return what goes on the bus. `asked` in a detail says that a webhook, or the job itself, asks for it."""
        webhooks = await self._webhooks({event.facts.tenant for _, event in events})
        entries = []
        for place, event in events:
            detail: dict[str, Any] = event.detail()
            callback = event.facts.callback_url if event.ends_job else None
            asked = callback is not None or _is_asked(webhooks.get(event.facts.tenant), detail)
            if self._is_published(event, asked):
                named = {} if callback is None else {"callback_url": callback}
                entries.append((place, BusEntry(name=event.name, detail={**detail, **named, "asked": asked})))
        return entries

    def _is_published(self, event: PublicEvent, asked: bool) -> bool:
        match self.mode:
            case Broadcast.ON:
                return True
            case Broadcast.ASKED:
                return asked
            case Broadcast.ENDS_ONLY:
                return event.ends_job
            case Broadcast.OFF:
                return False

    async def _webhooks(self, tenants: set[str]) -> Mapping[str, Sequence[Webhook] | None]:
        """Return each tenant's webhooks, read once a batch; None where they cannot be read."""

        async def read(tenant: str) -> Sequence[Webhook] | None:
            try:
                return list(in_force(await self.webhooks.read(tenant)).values())
            except StateUnavailable:
                return None

        found = await asyncio.gather(*(read(tenant) for tenant in tenants))
        return dict(zip(tenants, found, strict=True))

    async def _publish(self, entries: Sequence[BusEntry]) -> Sequence[int]:
        """Publish, and offer what was refused again. Return the places of what the bus does not take."""
        places: Sequence[int] = range(len(entries))
        for pause in (*PAUSES_SECONDS, None):
            refused = await self.bus.publish([entries[place] for place in places]) if places else ()
            places = [places[each] for each in refused]
            if not places or pause is None:
                break
            await self.clock.sleep(pause)
        return list(places)


def _is_asked(webhooks: Sequence[Webhook] | None, detail: Mapping[str, Any]) -> bool:
    """Say whether a webhook wants it; where nobody knows, whoever delivers finds out."""
    return webhooks is None or any(webhook.wants(detail) for webhook in webhooks)
