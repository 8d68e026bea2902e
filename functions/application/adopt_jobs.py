"""Take over the unfinished jobs of a lost peer: a new epoch each, then a hint on this Region's lane.

The peer's entries in the due index lead to its jobs. What one pass finds unreadable, because a part of it has not been
replicated yet, the next pass looks at again.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from functions.application.call_child import CallChild
from functions.application.lease_ports import PeerHold
from functions.application.note_failure import NoteFailure
from functions.application.open_epoch import open_epoch
from functions.application.ports import Clock, HistoryStore, Lanes, LaneSend, Projections
from functions.application.read_state import read_state
from functions.application.wake_jobs import WakeJobs
from functions.domain.job.decider import needs_adoption, unheard
from functions.domain.job.events import UnreadableEvent
from functions.domain.job.history import DueEntry
from functions.domain.lanes import DUE_SHARDS
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

    def __add__(self, other: "AdoptReport") -> "AdoptReport":
        """Return what both did."""
        return AdoptReport(self.examined + other.examined, self.adopted + other.adopted)


@dataclass(frozen=True, slots=True)
class _Examined:
    """What came of one job. Settled: it needs nothing until somebody writes a new entry for it."""

    settled: bool
    hint: LaneSend | None = None
    adopted: bool = False


@dataclass(slots=True, kw_only=True)
class AdoptJobs:
    """The use case. A pass may be cut short anywhere and begun again; an instance remembers what needs nothing more.

    `hold` is None where there are no leases: then the verdict alone decides.
    """

    history: HistoryStore
    projections: Projections
    lanes: Lanes
    children: CallChild
    failures: NoteFailure
    clock: Clock
    region: str
    peer_region: str
    stall_seconds: float
    hold: PeerHold | None = None
    _seen_to: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    wake: WakeJobs = field(init=False)

    def __post_init__(self) -> None:
        self.wake = WakeJobs(
            history=self.history,
            projections=self.projections,
            lanes=self.lanes,
            clock=self.clock,
            region=self.region,
            peer_region=self.peer_region,
            stall_seconds=self.stall_seconds,
        )

    async def adopt(self, also: Sequence[str] = ()) -> AdoptReport:
        """Adopt everything that this replica shows as the peer's and unfinished, the most important lane first.

        `also` are jobs to look at whether or not the peer has an entry for them. Raises StateUnavailable,
        LaneUnavailable; what was adopted stays adopted.
        """
        total, _ = await self._adopt_all(also)
        for lane in self.lanes.names():
            for report in await asyncio.gather(*(self._adopt_shard(lane, shard) for shard in range(DUE_SHARDS))):
                total += report
        return total

    async def _adopt_shard(self, lane: str, shard: int) -> AdoptReport:
        position = behind(await self.projections.read_cursor(self.peer_region, lane, shard))
        seen_to = {seen for seen in self._seen_to.get((lane, shard), ()) if seen > position}
        self._seen_to[lane, shard] = seen_to
        total = AdoptReport()
        while True:
            page = await self.projections.due(self.peer_region, lane, shard, after=position, upto=LAST, limit=PAGE)
            fresh = _one_a_job(entry for entry in page if entry.position not in seen_to)
            report, settled = await self._adopt_all([entry.job_id for entry in fresh])
            total += report
            seen_to.update(entry.position for entry in fresh if entry.job_id in settled)
            if len(page) < PAGE:
                return total
            position = page[-1].position

    async def _adopt_all(self, jobs: Sequence[str]) -> tuple[AdoptReport, set[str]]:
        """Return what was done, and which of the jobs need nothing more."""
        outcomes = await asyncio.gather(*(self._adopt_one(job) for job in jobs))
        hints = [outcome.hint for outcome in outcomes if outcome.hint is not None]
        if hints:
            await self.lanes.send(hints)
        settled = {job for job, outcome in zip(jobs, outcomes, strict=True) if outcome.settled}
        return AdoptReport(len(jobs), sum(outcome.adopted for outcome in outcomes)), settled

    async def _adopt_one(self, job_id: str) -> _Examined:
        try:
            record, state = await read_state(self.history, job_id)
        except UnreadableEvent:
            return _Examined(settled=False)  # for a newer version to adopt; it must not keep the others from being so
        if state is None:
            return _Examined(settled=False)  # its first segment is still on its way
        news = unheard(state, record.arrivals, self.region)
        if not needs_adoption(state, news, lost_region=self.peer_region):
            if state.finished and state.owner_region == self.peer_region:
                await self.children.settle_family(job_id, state)  # nobody there will
                await self.failures.settle(job_id, record, state, lost_region=self.peer_region)
            return _Examined(settled=state.complete, hint=await self.wake.woken(job_id, record, state))
        if self.hold is not None and not await self.hold.peer_is_fenced():
            return _Examined(settled=False)
        opened = await open_epoch(
            self.history,
            job_id,
            state,
            region=self.region,
            now=self.clock.now(),
            stall_seconds=self.stall_seconds,
            reason=f"{state.owner_region} is lost",
        )
        return _Examined(settled=opened is not None, hint=opened, adopted=opened is not None)


def behind(cursor: str) -> str:
    """Return the position behind a sweeper's cursor from which on every unfinished job of its Region has an entry."""
    return add_seconds(cursor.partition("#")[0], -BEHIND_CURSOR_SECONDS) if cursor else ""


def _one_a_job(entries: Iterable[DueEntry]) -> list[DueEntry]:
    return list({entry.job_id: entry for entry in entries}.values())
