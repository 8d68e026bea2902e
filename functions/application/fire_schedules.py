"""Fire what is due of the schedules: one job a fire, whose id derives from tenant, schedule and moment.

So it does not matter how often, and in which Regions, a fire is carried out. What matters is that none is left out: the
marker moves past a fire only after its job is there. Whether a fire is skipped because the one before has not ended is
decided once: that it is to be fired is written down before its job is submitted. If the process dies at any line, the
schedule stays due, and the next one goes on from the marker.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from functions.application.ports import Clock, HistoryStore, LaneUnavailable, PayloadUnavailable, StateUnavailable
from functions.application.read_state import read_state
from functions.application.record_steps import Say
from functions.application.request_change import ChangeRequest, RequestChange
from functions.application.schedule_ports import DueSchedule, MarkerConflict, Schedules
from functions.application.submit_job import SubmitRequest
from functions.application.submit_turn import SubmitTurn
from functions.domain.errors import CATALOGUE, AntipodeError
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.moments import add_seconds, seconds_between
from functions.domain.schedule import (
    FIRED,
    MISSED,
    REFUSED,
    SKIPPED,
    Fire,
    Marker,
    Schedule,
    ScheduleRecord,
    due_fires,
    fire_job,
    fire_key,
    merged,
    next_fire,
    session_name,
)

#: So many schedules are seen to at once.
AT_ONCE = 20
#: The tags by which the jobs of a schedule are known.
SCHEDULE_TAG, FIRE_TAG = "schedule", "scheduled_for"


class Measure(Protocol):
    """Where a number goes that becomes a metric."""

    def __call__(self, metrics: dict[str, float], /, *, unit: str) -> None:
        """Write them."""


@dataclass(frozen=True, slots=True)
class FireReport:
    """What one look did. `upcoming`: the next moment at which something fires, of what was looked at ahead."""

    examined: int = 0
    fired: int = 0
    upcoming: str | None = None


@dataclass(slots=True, kw_only=True)
class FireSchedules:
    """The use case. An instance remembers which of its peer's entries it has seen to, for nobody takes them away."""

    schedules: Schedules
    peer: Schedules
    history: HistoryStore
    submit: SubmitTurn
    change: RequestChange
    clock: Clock
    region: str
    peer_region: str
    say: Say
    measure: Measure
    _seen_to: set[DueSchedule] = field(default_factory=set)

    async def fire(self, *, for_peer: bool, ahead_seconds: float) -> FireReport:
        """Look once at what is due, and so far ahead. Raises StateUnavailable when the index cannot be read."""
        found = list(await self._due(self.region, ahead_seconds))
        if for_peer:
            of_peer = await self._due(self.peer_region, ahead_seconds)
            self._seen_to &= set(of_peer)
            found += [entry for entry in of_peer if entry not in self._seen_to]
        now = self.clock.now()
        due = [entry for entry in found if entry.due_at <= now]
        named = sorted({(entry.tenant, entry.name) for entry in due})
        fired, seen = 0, set()
        for begin in range(0, len(named), AT_ONCE):
            some = named[begin : begin + AT_ONCE]
            for which, done in zip(
                some, await asyncio.gather(*(self._see_to(*each, for_peer) for each in some)), strict=True
            ):
                fired += done or 0
                if done is not None:
                    seen.add(which)
        if for_peer:
            self._seen_to |= {entry for entry in due if (entry.tenant, entry.name) in seen}
        upcoming = min((entry.due_at for entry in found if entry.due_at > now), default=None)
        return FireReport(len(named), fired, upcoming)

    async def _due(self, region: str, ahead_seconds: float) -> Sequence[DueSchedule]:
        return await self.schedules.due(region, upto=add_seconds(self.clock.now(), ahead_seconds))

    async def _see_to(self, tenant: str, name: str, for_peer: bool) -> int | None:
        """See to one schedule; return how many jobs were fired, or None when it must be looked at again."""
        try:
            return await self._fire_due(tenant, name, for_peer)
        except MarkerConflict:
            return None  # another process of this Region is at it
        except (StateUnavailable, PayloadUnavailable, LaneUnavailable, AntipodeError) as error:
            self.say("schedule_refused", tenant=tenant, schedule=name, error=str(error))
            return None

    async def _fire_due(self, tenant: str, name: str, for_peer: bool) -> int:
        record = await self.schedules.read(tenant, name)
        setting = record.in_force
        if setting is None:
            return 0
        if setting.region != self.region and not for_peer:
            await self._give_back(record)
            return 0
        due = due_fires(setting, record.seen_to, self.clock.now())
        if not for_peer and (due.made_up or due.dropped):
            record = await self._with_peers(record, tenant, name)  # the peer may have fired meanwhile
            setting = record.in_force or setting
            due = due_fires(setting, record.seen_to, self.clock.now())
        if due.dropped is not None:
            missed = Fire(moment=due.dropped, outcome=MISSED, at=self.clock.now(), detail=f"since {record.seen_to}")
            record = await self._note(setting, record, missed)
        fired = 0
        for moment in (*due.made_up, *due.timely):
            record, done = await self._fire_one(setting, record, moment)
            fired += done
        await self._stay_due(setting, record)
        return fired

    async def _with_peers(self, record: ScheduleRecord, tenant: str, name: str) -> ScheduleRecord:
        """Add what the peer's replica holds, if it answers: this Region may have been lost, and the peer at it."""
        try:
            return record.with_more(await self.peer.read(tenant, name))
        except StateUnavailable:
            return record

    async def _fire_one(self, setting: Schedule, record: ScheduleRecord, moment: str) -> tuple[ScheduleRecord, bool]:
        if setting.overlap == "skip":
            before = await self._holding_up(setting, record, moment)
            if before is not None:
                skipped = Fire(moment=moment, outcome=SKIPPED, at=self.clock.now(), detail=f"{before} had not ended")
                return await self._note(setting, record, skipped), False
            record = await self._decide(record, setting, moment)
        elif setting.overlap == "replace":
            await self._end_before(setting, record, moment)
        outcome, detail = FIRED, None
        try:
            await self.submit.submit(_request(setting, moment))
        except AntipodeError as error:
            if CATALOGUE[error.code].retryable:
                raise
            if error.code != "idempotency_conflict":  # else it was fired by settings that held before these
                outcome, detail = REFUSED, f"{error.code}: {error.detail}"[:500]
        job = fire_job(setting, moment) if outcome == FIRED else None
        fire = Fire(moment=moment, outcome=outcome, at=self.clock.now(), job=job, detail=detail)
        lag = seconds_between(moment, fire.at)
        self.say(
            "schedule_fired", tenant=setting.tenant, schedule=setting.name, moment=moment, outcome=outcome, lag=lag
        )
        self.measure({"schedule_lag": lag}, unit="Seconds")
        return await self._note(setting, record, fire), outcome == FIRED

    async def _holding_up(self, setting: Schedule, record: ScheduleRecord, moment: str) -> str | None:
        """Return the job because of which a fire is skipped; None when it is to be fired, or has been decided to be."""
        marker = record.marker_of(self.region)
        if marker is not None and marker.intent == moment:
            return None
        _, already = await read_state(self.history, fire_job(setting, moment))
        return None if already is not None else await self._unfinished(record)

    async def _unfinished(self, record: ScheduleRecord) -> str | None:
        """Return the job of the newest fire that had one, if it has not ended."""
        job = next((fire.job for fire in record.last if fire.job is not None), None)
        if job is None:
            return None
        _, state = await read_state(self.history, job)
        return job if state is not None and not state.finished else None

    async def _end_before(self, setting: Schedule, record: ScheduleRecord, moment: str) -> None:
        """Ask that the job of the fire before end; the new one waits for that in their conversation."""
        before = await self._unfinished(record)
        if before is None or before == fire_job(setting, moment):
            return
        asked = ChangeRequest(
            kind=ArrivalKind.CANCEL,
            by=f"schedule {setting.name}",
            reason=f"replaced by the fire of {moment}",
            key=fire_key(setting.name, moment),
        )
        try:
            await self.change.request(setting.tenant, before, asked)
        except AntipodeError as error:
            if CATALOGUE[error.code].retryable:
                raise

    async def _decide(self, record: ScheduleRecord, setting: Schedule, moment: str) -> ScheduleRecord:
        """Write down that this moment is fired, before it is: whoever goes on must not decide otherwise."""
        known = self._marker(record, setting)
        if known.intent == moment:
            return record
        return await self._put(record, replace(known, intent=moment, due_at=moment))

    async def _note(self, setting: Schedule, record: ScheduleRecord, fire: Fire) -> ScheduleRecord:
        """Move the marker past a fire."""
        known = self._marker(record, setting)
        last = merged((fire, *known.last))
        due_at = next_fire(setting, fire.moment)
        return await self._put(record, replace(known, seen_to=fire.moment, last=last, intent=None, due_at=due_at))

    async def _stay_due(self, setting: Schedule, record: ScheduleRecord) -> None:
        """See to it that the index holds the next fire, by the marker and by nothing else."""
        known = self._marker(record, setting)
        due_at = next_fire(setting, record.seen_to)
        if known.due_at != due_at:
            await self._put(record, replace(known, due_at=due_at))
        if setting.region == self.region:
            await self.schedules.settle(setting)

    async def _give_back(self, record: ScheduleRecord) -> None:
        """Take a schedule that the peer fires off this Region's index."""
        known = record.marker_of(self.region)
        if known is not None and known.due_at is not None:
            await self._put(record, replace(known, due_at=None))
        mine = next((each for each in record.settings if each.region == self.region), None)
        if mine is not None:
            await self.schedules.settle(mine)

    def _marker(self, record: ScheduleRecord, setting: Schedule) -> Marker:
        fresh = Marker(tenant=setting.tenant, name=setting.name, region=self.region)
        return record.marker_of(self.region) or fresh

    async def _put(self, record: ScheduleRecord, marker: Marker) -> ScheduleRecord:
        written = replace(marker, revision=marker.revision + 1)
        await self.schedules.put_marker(written)
        others = tuple(each for each in record.markers if each.region != self.region)
        return replace(record, markers=(*others, written))


def _request(setting: Schedule, moment: str) -> SubmitRequest:
    alone = setting.overlap == "skip"
    return SubmitRequest(
        tenant=setting.tenant,
        agent=setting.agent,
        input=setting.input,
        idempotency_key=fire_key(setting.name, moment),
        lane=setting.lane,
        tags={**(setting.tags or {}), SCHEDULE_TAG: setting.name, FIRE_TAG: moment},
        session=None if alone else {"name": session_name(setting.name), "on_busy": "queue"},
    )
