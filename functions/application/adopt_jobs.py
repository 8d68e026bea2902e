"""Take over the unfinished jobs of a lost peer: a new epoch each, then a hint on this Region's lane.

If the process dies after an append and before the hint, the new epoch's due entry lets this Region's sweeper find
the job. Two adopters in this Region meet at the append: one wins.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from functions.application.ports import AppendConflict, Clock, Due, HistoryStore, Lanes, LaneSend, Projections
from functions.domain.job.decider import needs_adoption
from functions.domain.job.events import JobAdopted
from functions.domain.job.history import DueEntry, Segment
from functions.domain.job.state import JobState, fold
from functions.domain.lanes import DUE_SHARDS, LaneMessage
from functions.domain.moments import add_seconds

PAGE = 100
#: How far behind the lost Region's cursor adoption begins: replication keeps no order across items, so the cursor may
#: have arrived here before what it speaks of.
BEHIND_CURSOR_SECONDS = 900.0
LAST = "9999-12-31T23:59:59.999Z"


@dataclass(frozen=True, slots=True)
class AdoptReport:
    """What one pass did."""

    examined: int = 0
    adopted: int = 0


@dataclass(slots=True, kw_only=True)
class AdoptJobs:
    """The use case. A pass may be cut short anywhere and begun again; an instance remembers what needs nothing more."""

    history: HistoryStore
    projections: Projections
    lanes: Lanes
    clock: Clock
    region: str
    peer_region: str
    stall_seconds: float
    _seen_to: set[str] = field(default_factory=set)

    async def adopt(self) -> AdoptReport:
        """Adopt everything that this replica shows as the peer's and unfinished, the most important lane first.

        Raises StateUnavailable, LaneUnavailable; what was adopted stays adopted.
        """
        total = AdoptReport()
        for lane in self.lanes.names():
            reports = await asyncio.gather(*(self._adopt_shard(lane, shard) for shard in range(DUE_SHARDS)))
            for report in reports:
                total = AdoptReport(total.examined + report.examined, total.adopted + report.adopted)
        return total

    async def _adopt_shard(self, lane: str, shard: int) -> AdoptReport:
        cursor = await self.projections.read_cursor(self.peer_region, lane, shard)
        position = add_seconds(cursor.partition("#")[0], -BEHIND_CURSOR_SECONDS) if cursor else ""
        examined = adopted = 0
        while True:
            page = await self.projections.due(self.peer_region, lane, shard, after=position, upto=LAST, limit=PAGE)
            fresh = _one_a_job(entry for entry in page if entry.job_id not in self._seen_to)
            outcomes = await asyncio.gather(*(self._adopt_one(entry) for entry in fresh))
            won = [send for send in outcomes if send is not None]
            if won:
                await self.lanes.send(won)
            examined += len(fresh)
            adopted += len(won)
            self._seen_to.update(entry.job_id for entry in fresh)
            if len(page) < PAGE:
                return AdoptReport(examined, adopted)
            position = page[-1].position

    async def _adopt_one(self, entry: DueEntry) -> LaneSend | None:
        record = await self.history.read(entry.job_id)
        state = fold(record.segments)
        if state is None or not needs_adoption(state, lost_region=self.peer_region):
            return None
        now = self.clock.now()
        segment = _opening(entry.job_id, state, self.region, now)
        try:
            await self.history.append(segment, due=Due(add_seconds(now, self.stall_seconds), state.job.lane))
        except AppendConflict:
            return None
        return LaneSend(state.job.lane, LaneMessage(entry.job_id, segment.epoch, "adopted"), state.job.tenant)


def _one_a_job(entries: Iterable[DueEntry]) -> list[DueEntry]:
    return list({entry.job_id: entry for entry in entries}.values())


def _opening(job_id: str, state: JobState, region: str, now: str) -> Segment:
    """Return the segment that opens this Region's epoch after the last event that can be read here."""
    last = state.history[-1]
    adopted = JobAdopted(
        at=now,
        from_epoch=last.epoch,
        from_region=last.region,
        from_sequence=last.sequence,
        reason=f"{state.owner_region} is lost",
    )
    return Segment(job_id, state.epoch + 1, region, last.sequence + 1, (adopted,))
