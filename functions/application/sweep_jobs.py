"""Find this Region's jobs that are due or stalled and put them back on their lane.

The due index holds an entry for each submission (kept: it is part of an immutable segment) and one for each job that
lives longer than a moment (its head's, removed at the end). A cursor for each partition moves past what has been seen
to; an entry is left behind it only when the job is finished or has a later entry. So the cost grows with what is due.
"""

import asyncio
from dataclasses import dataclass, field, replace

from functions.application.ports import Clock, HistoryStore, Lanes, LaneSend, Projections
from functions.domain.job.decider import start_not_before
from functions.domain.job.history import DueEntry, Head, JobRecord
from functions.domain.job.state import JobState, fold
from functions.domain.lanes import DUE_SHARDS, LaneMessage
from functions.domain.moments import add_seconds

PAGE = 100
#: The cursor stays this far behind the present: index entries may appear late, and clocks differ between functions.
CURSOR_MARGIN_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What one sweep did."""

    examined: int = 0
    put_back: int = 0


@dataclass(slots=True, kw_only=True)
class SweepJobs:
    """The use case. An instance remembers what it has seen to, so that entries within the margin are read once only."""

    history: HistoryStore
    projections: Projections
    lanes: Lanes
    clock: Clock
    region: str
    stall_seconds: float
    _seen_to: set[tuple[str, str | None]] = field(default_factory=set)

    async def sweep(self) -> SweepReport:
        """Look once at everything that is due. Raises StateUnavailable, LaneUnavailable; what was done stays done."""
        total = SweepReport()
        for lane in self.lanes.names():
            reports = await asyncio.gather(*(self._sweep_shard(lane, shard) for shard in range(DUE_SHARDS)))
            for report in reports:
                total = SweepReport(total.examined + report.examined, total.put_back + report.put_back)
        return total

    async def _sweep_shard(self, lane: str, shard: int) -> SweepReport:
        now = self.clock.now()
        start = position = await self.projections.read_cursor(self.region, lane, shard)
        examined = put_back = 0
        while True:
            page = await self.projections.due(self.region, lane, shard, after=position, upto=now, limit=PAGE)
            fresh = [entry for entry in page if (entry.position, entry.head_region) not in self._seen_to]
            outcomes = await asyncio.gather(*(self._examine(entry) for entry in fresh))
            examined += len(fresh)
            put_back += sum(outcomes)
            self._seen_to.update((entry.position, entry.head_region) for entry in fresh)
            if page:
                position = page[-1].position
            if len(page) < PAGE:
                break
        settled = min(position, add_seconds(now, -CURSOR_MARGIN_SECONDS))
        if settled > start:
            await self.projections.put_cursor(self.region, lane, shard, settled)
        return SweepReport(examined, put_back)

    async def _examine(self, entry: DueEntry) -> bool:
        """See to one entry; say whether its job was put back on its lane."""
        record = await self.history.read(entry.job_id)
        state = fold(record.segments)
        if state is None or state.finished or state.owner_region != self.region:
            await self._settle(entry, record, state)
            return False
        now = self.clock.now()
        head = record.head_of(self.region)
        if head is not None and head.due_at is not None and head.due_at > now:
            return False  # it is alive, or waits: a later entry stands for it
        start = start_not_before(state)
        early = start is not None and start > now
        due_at = start if early and start is not None else add_seconds(now, self.stall_seconds)
        await self.projections.put_head(self._head(entry.job_id, state, head, due_at))
        if not early:
            message = LaneMessage(entry.job_id, state.epoch, "stalled" if state.attempts else "due")
            await self.lanes.send([LaneSend(state.job.lane, message, state.job.tenant)])
        return not early

    def _head(self, job_id: str, state: JobState, known: Head | None, due_at: str) -> Head:
        fresh = Head(job_id, self.region, state.epoch, state.last_sequence, state.status, state.job.lane, due_at)
        return replace(fresh, durability=known.durability) if known else fresh

    async def _settle(self, entry: DueEntry, record: JobRecord, state: JobState | None) -> None:
        """Take a job that needs nothing more from this Region off the index, if it is there by this Region's head."""
        head = record.head_of(self.region)
        if entry.head_region == self.region and head is not None:
            status = state.status if state else head.status
            await self.projections.put_head(replace(head, due_at=None, status=status))
