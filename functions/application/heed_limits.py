"""Let an attempt begin only within the limits that its job is under; whoever must wait holds no worker meanwhile.

A job that starts for the first time, or is redriven, reserves its start with each limit on starts, once: it is put off
until then. Then each limit on how many run at once gives it a slot, or a place in the line, in the order in which jobs
could have run. Whoever lets a slot go calls the first in the line by a hint; whoever comes by and finds a slot that is
for others calls them, so a call that is lost costs time, and no more.

If the process dies: after a start was reserved and before it was written down, a start is lost, never doubled; with a
slot, the slot is free again when its lease is over; in the line, the place is gone when it expires. Slots, lines and
starts are this Region's own: no other writes them.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from functions.application.limit_ports import LimitBook, LimitsInForce
from functions.application.ports import Clock, Entropy, Lanes, LaneSend, LaneUnavailable, StateUnavailable
from functions.domain.job.state import JobState
from functions.domain.job.turns import SESSION_AGENT
from functions.domain.lanes import LaneMessage
from functions.domain.limits import (
    CALL_SECONDS,
    LEASE_SECONDS,
    Limit,
    Slot,
    Take,
    Waiter,
    decide_slot,
    milliseconds_between_starts,
)
from functions.domain.moments import add_seconds, seconds_between

#: The status of the head, and the reason of the hint, of a job that does not run because of a limit.
LIMITED = "limited"
#: The reason of the hint by which a job is called to a slot.
CALLED = "called"
#: A job whose start is far off looks so often whether the limit has changed.
RESERVED_LOOK_SECONDS = 300.0
#: One that stands in the line looks after this time at first, and the less often the longer it has waited.
LINE_LOOK_SECONDS = 60.0
LONGEST_LINE_LOOK_SECONDS = 600.0
#: How far the line is read beyond those for whom there are slots: places that have expired may lie there.
LOOK_BEYOND = 20


@dataclass(frozen=True, slots=True)
class NotYet:
    """The job may not begin. It is to be looked at again at this moment, unless it is called before."""

    until: str
    status: str = LIMITED


@dataclass(slots=True, kw_only=True)
class Permit:
    """An attempt may run while this is entered. `lost`: its slots may be somebody else's soon, so it is to stop."""

    limits: "HeedLimits | None" = None
    slots: tuple[tuple[str, Slot], ...] = ()
    lost: bool = False
    _renewing: "asyncio.Task[None] | None" = None

    async def __aenter__(self) -> Self:
        if self.slots and self.limits is not None:
            self._renewing = asyncio.create_task(self._keep_renewing(self.limits))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._renewing is None or self.limits is None:
            return
        self._renewing.cancel()
        await asyncio.gather(self._renewing, return_exceptions=True)
        await self.limits.let_go(self.slots)

    async def _keep_renewing(self, limits: "HeedLimits") -> None:
        while not self.lost:
            await limits.clock.sleep(LEASE_SECONDS / 3)
            self.slots, kept = await limits.renew(self.slots)
            self.lost = not kept


#: Of a job that is under no limit on how many run at once.
NO_LIMIT = Permit()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeedLimits:
    """The use case."""

    rules: LimitsInForce
    book: LimitBook
    lanes: Lanes
    clock: Clock
    entropy: Entropy

    async def ask(self, job_id: str, state: JobState) -> Permit | NotYet:
        """Return the permit to begin an attempt, or when to ask again. Raises StateUnavailable."""
        job = state.job
        limits = await self.rules.limiting(job.tenant, job.agent, [str(key) for key in job.limit_keys or ()])
        if not limits or job.agent == SESSION_AGENT:  # a session's own work is what its turns wait for
            return NO_LIMIT
        if state.attempts == 0 or state.redrives:
            now, name = self.clock.now(), f"{job_id}/{state.redrives}"
            start = max([now, *[await self._start(name, limit, now) for limit in limits]])
            if start > now:
                return NotYet(min(start, add_seconds(now, RESERVED_LOOK_SECONDS)))
        return await self._take_all(job_id, state, limits)

    async def _start(self, name: str, limit: Limit, now: str) -> str:
        if limit.starts_per_minute is None:
            return now
        place = _place(limit)
        reserved = await self.book.reservation(place, name)
        if reserved is None:
            interval = milliseconds_between_starts(limit.starts_per_minute)
            reserved = await self.book.reserve(place, name, await self.book.next_start(place, now, interval))
        return reserved

    async def _take_all(self, job_id: str, state: JobState, limits: Sequence[Limit]) -> Permit | NotYet:
        """All slots or none: whoever lacks one keeps no other from others."""
        holder, taken = self.entropy.token()[:16], list[tuple[str, Slot]]()
        for limit in limits:
            if limit.concurrency is None:
                continue
            found = await self._take(job_id, state, limit, limit.concurrency, holder)
            if isinstance(found, NotYet):
                await self.let_go(taken)
                return found
            taken.append((_place(limit), found))
        return Permit(limits=self, slots=tuple(taken)) if taken else NO_LIMIT

    async def _take(self, job_id: str, state: JobState, limit: Limit, concurrency: int, holder: str) -> Slot | NotYet:
        """Take a slot, or stand in the line and look once more: a slot may have come free in between."""
        since, place = state.job.run_at or state.job.at, _place(limit)
        look = self._look_seconds(since, self.clock.now())
        for standing in (False, True):
            now = self.clock.now()
            slots = await self.book.slots(place)
            mine = [slot for slot in slots if slot.job_id == job_id and slot.expires > now]
            if mine:  # another worker is at this very job, or was when it died
                return NotYet(add_seconds(mine[0].expires, 1 + self.entropy.fraction()))
            slot = await self._take_in_turn(place, slots, (since, job_id), concurrency, holder)
            if slot is not None:
                return slot
            if not standing:
                expires = add_seconds(now, look + LEASE_SECONDS)
                await self.book.stand(
                    place, Waiter(since, job_id, state.job.lane, state.job.tenant, state.epoch, expires)
                )
        return NotYet(add_seconds(self.clock.now(), look))

    async def _take_in_turn(
        self, place: str, slots: Sequence[Slot], mine: tuple[str, str], concurrency: int, holder: str
    ) -> Slot | None:
        line, gone = await self._line(place, concurrency)
        while True:
            now = self.clock.now()
            decision = decide_slot(slots, line, mine, concurrency, now)
            await self._call(place, decision.called)
            if not isinstance(decision, Take):
                return None
            slot = Slot(decision.number, holder, mine[1], add_seconds(now, LEASE_SECONDS))
            if await self.book.take(place, slot, now):
                for waiter in (*gone, *line):
                    if waiter.place == mine or waiter in gone:
                        await self.book.leave(place, waiter)
                return slot
            slots = await self.book.slots(place)  # somebody was quicker

    async def _line(self, place: str, concurrency: int) -> tuple[Sequence[Waiter], Sequence[Waiter]]:
        """Return those who stand in the line, as far as there can be slots for them, and whose place has expired."""
        found, now = await self.book.line(place, concurrency + LOOK_BEYOND), self.clock.now()
        return [each for each in found if each.expires > now], [each for each in found if each.expires <= now]

    async def _call(self, place: str, called: Sequence[Waiter]) -> None:
        """Give each of them a while to come. The hint is sent last: what is lost is made good by whoever comes by."""
        until = add_seconds(self.clock.now(), CALL_SECONDS)
        for waiter in called:
            there = Waiter(waiter.since, waiter.job_id, waiter.lane, waiter.tenant, waiter.epoch, until, called=True)
            await self.book.stand(place, there)
            message = LaneMessage(waiter.job_id, waiter.epoch, CALLED)
            with contextlib.suppress(LaneUnavailable):
                await self.lanes.send([LaneSend(waiter.lane, message, waiter.tenant)])

    async def let_go(self, slots: Sequence[tuple[str, Slot]]) -> None:
        """Let slots go and call the first in each line. What cannot be written now is free when its lease is over."""
        for place, slot in slots:
            with contextlib.suppress(StateUnavailable):
                await self.book.release(place, slot)
                line, _ = await self._line(place, 1)
                await self._call(place, [waiter for waiter in line if not waiter.called][:1])

    async def renew(self, held: Sequence[tuple[str, Slot]]) -> tuple[tuple[tuple[str, Slot], ...], bool]:
        """Return the slots as they are held now, and whether all are, for at least another third of their lease."""
        kept, sure = [], True
        for place, slot in held:
            now = self.clock.now()
            longer = Slot(slot.number, slot.holder, slot.job_id, add_seconds(now, LEASE_SECONDS))
            try:
                renewed = await self.book.renew(place, longer)
            except StateUnavailable:
                sure = sure and seconds_between(now, slot.expires) > LEASE_SECONDS / 3
                kept.append((place, slot))
                continue
            sure = sure and renewed
            kept.append((place, longer if renewed else slot))
        return tuple(kept), sure

    def _look_seconds(self, since: str, now: str) -> float:
        """The longer a job has waited the longer the line: it looks less often. Chance spreads the looks of many."""
        waited = max(0.0, seconds_between(since, now))
        seconds = min(max(LINE_LOOK_SECONDS, waited / 5), LONGEST_LINE_LOOK_SECONDS)
        return seconds * (0.8 + 0.2 * self.entropy.fraction())


def _place(limit: Limit) -> str:
    return f"{limit.tenant}#{limit.scope}"
