"""Find this Region's jobs that are due or stalled and put them back on their lane.

The due index holds an entry for each submission (kept: it is part of an immutable segment) and one for each job that
lives longer than a moment (its head's, removed at the end). A cursor for each partition moves past what has been seen
to; an entry is left behind it only when the job is finished, is the peer's for good, or has a later entry. So the cost
grows with what becomes due. A submission whose job stands in a long queue is not seen to before its turn
(`await_turn.py`): the cursor waits for it, and a process remembers it, so that it is read once.

A Region that lost its data may be given a cursor that speaks of more than it was given. Nothing else tells of that, if
its peer has not missed it; so each process looks once behind the cursor with which it begins (decision 65).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from functions.application.adopt_jobs import behind
from functions.application.await_turn import AwaitTurn
from functions.application.call_child import CallChild
from functions.application.change_hands import ChangeHands
from functions.application.lease_ports import PeerHold
from functions.application.note_failure import NoteFailure
from functions.application.open_epoch import open_epoch
from functions.application.ports import AppendConflict, Clock, HistoryStore, Lanes, Projections, hint
from functions.application.read_state import read_state
from functions.domain.job.decider import (
    ARRIVED,
    DUE,
    LONGEST_UNSEEN_SECONDS,
    is_over,
    look_at_halted,
    start_not_before,
    unheard,
    wakes_now,
)
from functions.domain.job.ended import last_look
from functions.domain.job.events import UnreadableEvent
from functions.domain.job.history import DueEntry, Head, JobRecord
from functions.domain.job.state import JobState, head_of
from functions.domain.lanes import DUE_SHARDS, can_be_hinted, look_at
from functions.domain.moments import add_seconds, seconds_between

#: So many entries are read at once, and so many of them seen to side by side.
READ = 250
PAGE = 100
#: So many entries behind the cursor a process looks at in each round, once it has seen to what is due.
BEHIND = 50
#: The cursor stays this far behind the present: index entries may appear late, and clocks differ between functions.
CURSOR_MARGIN_SECONDS = 120.0
#: A process reads all from the cursor on so often (of one partition a little later than of the next, that they do not
#: come all at once), and in between only what is not older than this: few entries appear later.
READ_AGAIN_SECONDS = 60.0
LATE_SECONDS = 30.0
#: A job that lacks a part of its history here is waited for until so long after its newest event; then what can be read
#: is taken for all there is.
PATIENCE_SECONDS = 900.0
#: A head's status while its job cannot be read in full.
UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What one sweep did. `unclear`: jobs that this Region cannot go on with, as far as it can read them."""

    examined: int = 0
    put_back: int = 0
    unclear: tuple[str, ...] = ()

    def __add__(self, other: "SweepReport") -> "SweepReport":
        """Return what both did."""
        return SweepReport(self.examined + other.examined, self.put_back + other.put_back, self.unclear + other.unclear)


_Identity = tuple[str, str | None, str | None]


@dataclass(slots=True)
class _Known:
    """What a process remembers of one partition.

    It has read everything up to `read_to`, and has seen to `seen_to` behind the cursor; `standing` are the submissions
    behind it whose jobs have not had their turn. At `read_again_at` (of a monotonic clock) it reads all of them again.
    It began at the cursor `begun`, and what lies behind that it has looked at up to `looked_to`.
    """

    begun: str
    looked_to: str
    read_to: str = ""
    read_again_at: float = 0.0
    seen_to: set[_Identity] = field(default_factory=set)
    standing: dict[_Identity, DueEntry] = field(default_factory=dict)

    def is_new(self, entry: DueEntry) -> bool:
        """Whether this has neither been seen to nor left standing."""
        return entry.identity not in self.seen_to and entry.identity not in self.standing

    def note(self, seen: Sequence[DueEntry]) -> None:
        """Remember what has been seen to."""
        for entry in seen:
            self.standing.pop(entry.identity, None)
            self.seen_to.add(entry.identity)

    def settled(self) -> str:
        """Return up to where nothing is left to see to."""
        return min([self.read_to, *(entry.due_at for entry in self.standing.values())])


@dataclass(slots=True, kw_only=True)
class SweepJobs:
    """The use case. An instance remembers what it has seen to, so that entries within the margin are read once only."""

    history: HistoryStore
    projections: Projections
    lanes: Lanes
    children: CallChild
    failures: NoteFailure
    clock: Clock
    region: str
    stall_seconds: float
    turns: AwaitTurn
    hold: PeerHold | None = None
    hands: ChangeHands | None = None
    _known: dict[tuple[str, int], _Known] = field(default_factory=dict)

    async def sweep(self) -> SweepReport:
        """Look once at everything that is due. Raises StateUnavailable, LaneUnavailable; what was done stays done."""
        total = SweepReport()
        for lane in self.lanes.names():
            turn = await self.turns.had_by(lane, self.stall_seconds)
            for report in await asyncio.gather(*(self._sweep_shard(lane, shard, turn) for shard in range(DUE_SHARDS))):
                total += report
        return total

    async def _sweep_shard(self, lane: str, shard: int, turn: str) -> SweepReport:
        now = self.clock.now()
        start = await self.projections.read_cursor(self.region, lane, shard)
        known = self._known.setdefault((lane, shard), _Known(start, behind(start)))
        position = max(start, known.read_to)
        if self.clock.monotonic() >= known.read_again_at:
            after = READ_AGAIN_SECONDS * (1 - shard / DUE_SHARDS / 2)
            position, known.read_again_at = start, self.clock.monotonic() + after
        known.seen_to = {seen for seen in known.seen_to if seen[0] > start}
        total = await self._see_to([entry for entry in known.standing.values() if entry.due_at <= turn], known, lane)
        while True:
            page = await self.projections.due(self.region, lane, shard, after=position, upto=now, limit=READ)
            fresh = [entry for entry in page if known.is_new(entry)]
            standing = {entry.identity: entry for entry in fresh if entry.submission and entry.due_at > turn}
            total += await self._see_to([entry for entry in fresh if entry.identity not in standing], known, lane)
            known.standing |= standing
            if page:
                position = page[-1].position
            if len(page) < READ:
                break
        known.read_to = max(known.read_to, min(position, add_seconds(now, -LATE_SECONDS)))
        settled = min(known.settled(), add_seconds(now, -CURSOR_MARGIN_SECONDS))
        if settled > start:
            await self.projections.put_cursor(self.region, lane, shard, settled)
        return total + await self._look_behind(lane, shard, known)

    async def _look_behind(self, lane: str, shard: int, known: _Known) -> SweepReport:
        """Look at some of what lay behind the cursor as this process began: a head then tells of what is stranded.

        It is done once: what is left of it when the process ends, the next one looks at behind its own cursor.
        """
        if known.looked_to >= known.begun:
            return SweepReport()
        after, upto = known.looked_to, known.begun
        page = await self.projections.due(self.region, lane, shard, after=after, upto=upto, limit=BEHIND)
        entries = list({entry.job_id: entry for entry in page if entry.position <= upto}.values())
        found = await asyncio.gather(*(self._is_stranded(entry.job_id, known.begun) for entry in entries))
        stranded = [entry for entry, alone in zip(entries, found, strict=True) if alone]
        total = await self._see_to(stranded, known, lane)
        known.looked_to = page[-1].position if len(page) == BEHIND else known.begun
        return total

    async def _is_stranded(self, job_id: str, cursor: str) -> bool:
        """Whether a job needs something of this Region, and no entry beyond the cursor can be trusted to lead to it."""
        try:
            record, state = await read_state(self.history, job_id)
        except UnreadableEvent:
            return True
        if state is not None and await self._needs_nothing(job_id, record, state):
            return False
        head = record.head_of(self.region)
        if head is None or head.due_at is None or head.due_at <= cursor:
            return True
        return self._is_baseless(head, state, self.clock.now())

    async def _see_to(self, entries: Sequence[DueEntry], known: _Known, lane: str) -> SweepReport:
        """Examine entries, a page at a time."""
        total = SweepReport()
        for place in range(0, len(entries), PAGE):
            some = entries[place : place + PAGE]
            for report in await asyncio.gather(*(self._examine(entry, lane) for entry in some)):
                total += report
            known.note(some)
        return total

    async def _examine(self, entry: DueEntry, lane: str) -> SweepReport:
        """See to one entry. Afterwards the job needs nothing from this Region, or has a later entry."""
        try:
            record, state = await read_state(self.history, entry.job_id)
        except UnreadableEvent:  # it must not keep the others from being swept
            return await self._hold(entry.job_id, lane, JobRecord((), ()), None, self.clock.now())
        if state is not None and await self.settle_if_over(entry, record, state):
            return SweepReport(1)
        if state is not None and state.owner_region == self.region and state.handed_to is not None:
            return await self._see_to_handed_over(entry.job_id, record, state)
        now = self.clock.now()
        head = record.head_of(self.region)
        if self._woken(record, state, now):
            assert state is not None
            timely = start_not_before(state) or now
            return await self._put_back(entry, state, head, ARRIVED if timely > now else DUE, now)
        current = head is not None and (state is None or head.epoch >= state.epoch)  # else of before it was adopted
        later = head is not None and current and head.due_at is not None and head.due_at > now
        if head is not None and later and not self._is_baseless(head, state, now):
            return SweepReport(1)  # it is alive, or waits: a later entry stands for it
        if not current and state is not None and self._opening_due(record, state) > now:
            return SweepReport(1)  # the entry of its submission or adoption will stand for it
        if state is None or not state.complete or state.owner_region != self.region:
            return await self._hold(entry.job_id, lane, record, state, now)
        start = look_at_halted(state, now) if state.halted else start_not_before(state)
        if start is not None and start > now:
            if await self.children.outlives_parent(entry.job_id, state):
                return SweepReport(1)  # what asks it to end is due itself
            await self._note_for(start, entry, state, head, now)
            return SweepReport(1)
        stalled = state.attempts > 0 and state.waiting_until is None
        return await self._put_back(entry, state, head, "stalled" if stalled else DUE, now)

    async def settle_if_over(self, entry: DueEntry, record: JobRecord, state: JobState) -> bool:
        """Settle a job that needs nothing more from this Region, and say whether that is so."""
        if not await self._needs_nothing(entry.job_id, record, state):
            return False
        await self._settle(entry, record, state)
        news = unheard(state, record.arrivals, state.owner_region)
        if entry.arrival is not None and news and not is_over(state, news):
            # it was meant for this Region, which owns the job no more
            await self.children.send.remind(entry.job_id, state)
        return True

    async def _see_to_handed_over(self, job_id: str, record: JobRecord, state: JobState) -> SweepReport:
        """Tell the peer once more of a job that it has not begun with; take it back when the peer is lost."""
        if self.hands is not None:
            if await self.hands.peer_lost():
                why = f"{state.handed_to}, to which it was left, is lost"
                try:
                    taken = await self.hands.take_over(job_id, state, why)
                except AppendConflict:
                    return SweepReport(1)  # whoever was quicker has left an entry of its own
                await self.lanes.send([hint(job_id, taken.epoch, state.job, taken.reason)])
                return SweepReport(1, put_back=1)
            await self.hands.tell(job_id, state)
        due_at = add_seconds(self.clock.now(), self.stall_seconds)
        await self.projections.put_head(head_of(job_id, state, self.region, record.head_of(self.region), due_at))
        return SweepReport(1)

    def _is_baseless(self, head: Head, state: JobState | None, now: str) -> bool:
        """Whether a head that names a later time speaks of what the history does not hold: of what was lost.

        A Region that was lost and came back may have been given its newest head, but not the segments before that.
        """
        if state is not None and not state.complete:
            return head.status != UNCLEAR
        if state is None or head.status != "waiting" or state.halted or head.due_at is None:
            return False
        start = max(now, start_not_before(state) or now)
        return head.due_at > add_seconds(start, 2 * self.stall_seconds)

    def _woken(self, record: JobRecord, state: JobState | None, now: str) -> bool:
        """Whether something has arrived that the job must be put on its lane for, whatever time it was noted for."""
        if state is None or not state.complete or state.owner_region != self.region:
            return False
        return wakes_now(state, unheard(state, record.arrivals, self.region), now)

    async def _put_back(
        self, entry: DueEntry, state: JobState, head: Head | None, reason: str, now: str
    ) -> SweepReport:
        """Send the hint, then note when to look again: a sweeper that dies in between leaves the job due.

        A job whose turn in its queue has not come gets no hint: `await_turn.py`.
        """
        turn = await self.turns.of(state)
        if turn.is_hinted:
            await self.lanes.send([hint(entry.job_id, state.epoch, state.job, reason)])
        due_at = add_seconds(now, max(self.stall_seconds, turn.spared_seconds))
        await self.projections.put_head(head_of(entry.job_id, state, self.region, head, due_at))
        return SweepReport(1, put_back=int(turn.is_hinted))

    async def _note_for(self, start: str, entry: DueEntry, state: JobState, head: Head | None, now: str) -> None:
        """See to it that the job is worked on at `start`, to the second: by a hint, if one can be sent already."""
        if can_be_hinted(now, start):
            delay = seconds_between(now, start)
            await self.lanes.send([hint(entry.job_id, state.epoch, state.job, DUE, delay)])
        due_at = look_at(now, start, self.stall_seconds)
        if state.waiting_until is not None:
            due_at = min(due_at, add_seconds(now, LONGEST_UNSEEN_SECONDS))
        await self.projections.put_head(head_of(entry.job_id, state, self.region, head, due_at))

    def _opening_due(self, record: JobRecord, state: JobState) -> str:
        """Return the moment of the due entry with which this Region opened the job's epoch; '' where it did not."""
        place = (state.epoch, self.region)
        opening = (item for item in record.segments if item.opens_epoch and (item.epoch, item.region) == place)
        return max((add_seconds(item.events[0].at, self.stall_seconds) for item in opening), default="")

    async def _needs_nothing(self, job_id: str, record: JobRecord, state: JobState) -> bool:
        """Whether the job is over, or the peer's by an epoch that no entry of this Region can lead back to.

        Not so when the peer merely accepted the same submission: it may withdraw yet, and the job would be ours. Nor
        before the epoch's first segment is here, for the peer's entry is on that: a snapshot may come without it, and
        with the peer's data lost nothing else would lead to the job.
        """
        if state.complete and is_over(state, unheard(state, record.arrivals, state.owner_region)):
            return True
        ours = max((segment.epoch for segment in record.segments if segment.region == self.region), default=0)
        newest = (state.epoch, state.owner_region)
        if (snapshot := record.snapshot) is not None and snapshot.region == self.region:
            ours = max(ours, snapshot.epoch)
        if state.owner_region == self.region or state.epoch <= ours:
            return False
        if snapshot is not None and (snapshot.epoch, snapshot.region) == newest:
            record = await self.history.read_whole(job_id)
        return any(item.opens_epoch and (item.epoch, item.region) == newest for item in record.segments)

    async def _hold(self, job_id: str, lane: str, record: JobRecord, state: JobState | None, now: str) -> SweepReport:
        """Look again later at what cannot be gone on with, and stop waiting for what does not arrive."""
        head = record.head_of(self.region)
        given_up = state is not None and not state.complete and _given_up(record, state, head, now)
        if state is not None and given_up and await self._may_open(record):
            reason = "a part of its history has not arrived"
            opened = await open_epoch(
                self.history,
                job_id,
                state,
                region=self.region,
                now=now,
                stall_seconds=self.stall_seconds,
                reason=reason,
            )
            if opened is not None:
                await self.lanes.send([opened])
            return SweepReport(1, put_back=1)
        known = head or Head(job_id, self.region, 1, 0, UNCLEAR, lane)
        epoch, sequence = (state.epoch, state.last_sequence) if state else (known.epoch, 0)
        due_at = add_seconds(now, self.stall_seconds)
        await self.projections.put_head(replace(known, status=UNCLEAR, epoch=epoch, sequence=sequence, due_at=due_at))
        return SweepReport(1, unclear=(job_id,))

    async def _may_open(self, record: JobRecord) -> bool:
        """Where there are leases, a job that is the peer's as far as can be seen is left to it while it may work."""
        newest = max(record.segments, key=lambda segment: segment.epoch)
        return self.hold is None or newest.region == self.region or await self.hold.peer_is_fenced()

    async def _settle(self, entry: DueEntry, record: JobRecord, state: JobState) -> None:
        """Take a job that needs nothing more from this Region off the index, if it is there by this Region's head.

        Whoever ended it may have died before its family was told.
        """
        if state.finished and state.owner_region == self.region:
            await self.children.settle_family(entry.job_id, state)
        elif state.finished and state.complete:
            await self.children.tell_own_parent(entry.job_id, state)
        if state.finished:
            await self.failures.settle(entry.job_id, record, state)
        head, look = record.head_of(self.region), None
        if state.owner_region == self.region:
            look = last_look(state, head, state.status, state.updated_at, self.clock.now())
        if look != (None if head is None else head.due_at):
            noted = head or head_of(entry.job_id, state, self.region, None, None)
            await self.projections.put_head(replace(noted, due_at=look, status=state.status))


def _given_up(record: JobRecord, state: JobState, head: Head | None, now: str) -> bool:
    """Whether nothing more is to be expected: all there is has grown old, and no more of it is read than last time."""
    if head is None or head.status != UNCLEAR or head.sequence != state.last_sequence:
        return False
    newest = max(event.at for segment in record.segments for event in segment.events)
    return seconds_between(newest, now) >= PATIENCE_SECONDS
