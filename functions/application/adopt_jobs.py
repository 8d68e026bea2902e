"""Take over the unfinished jobs of a lost peer: a new epoch each, then a hint on this Region's lane.

The peer's entries in the due index lead to its jobs. Those come first that were most likely in flight: what was due
when the peer was last heard of, or later; of them the most important lane, in all shards at once. What is older the
peer's own sweeper had seen to, and it is looked at for what replication has brought out of order.

Few jobs are adopted here. Of many the sweeper would be the bottleneck, with two calls a job from a small part of a
core: it sends `orphaned` hints instead, ten a request, and the workers of the lanes, as many as there are, adopt what
they then run. After a while the sweeper looks at those jobs itself, so nothing depends on a hint.

Batches are bounded, so that a round of the sweeper stays short, and so is their rate; a lane on which new work would
wait too long is left alone for a while, or the survivor would turn its own clients away. Where adoption stands is not
written down: what this Region has adopted lies in its own partitions of the due index, so a new process reads there, a
hundred jobs a query, what it need not look at before all else is seen to. What one pass finds unreadable, because a
part of it has not been replicated yet, the next pass looks at again.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from functions.application.call_child import CallChild
from functions.application.hear_peer import HearPeer
from functions.application.keep_pace import Pace
from functions.application.lease_ports import PeerHold
from functions.application.note_failure import NoteFailure
from functions.application.open_epoch import open_epoch
from functions.application.ports import Clock, HistoryStore, Lanes, LaneSend, Projections
from functions.application.read_state import read_state
from functions.application.wake_jobs import WakeJobs
from functions.application.watch_flow import WatchFlow
from functions.domain.admission import full
from functions.domain.job.decider import ORPHANED, needs_adoption, unheard
from functions.domain.job.events import UnreadableEvent
from functions.domain.job.history import DueEntry, JobRecord
from functions.domain.lane_flow import flow_of
from functions.domain.lanes import DUE_SHARDS, LaneMessage
from functions.domain.moments import add_seconds

PAGE = 100
#: So many jobs of a shard are adopted at once: with four shards as many calls as a process has threads for, and a few
#: more that wait for one. Ten hints go in one request.
BATCH = 20
#: How far behind the lost Region's cursor adoption begins: replication keeps no order across items, so the cursor may
#: have arrived here before what it speaks of.
BEHIND_CURSOR_SECONDS = 900.0
#: What was due so long before the peer was last heard of, its own sweeper has seen to: it looks every five seconds.
SEEN_TO_SECONDS = 15.0
#: Up to so many jobs are adopted here, one read and one write each; more are left to the workers.
DIRECTLY = 200
#: So many hints go at once: ten requests.
HINTS = 100
#: The fair queue's group of these hints: they are one crowd, which the Region's own tenants need not wait behind.
GROUP = "adopted"
#: A lane is left alone while what is put on it would wait for longer than this part of the lane's bound.
PART_OF_BOUND = 0.5
LAST = "9999-12-31T23:59:59.999Z"


@dataclass(frozen=True, slots=True)
class AdoptReport:
    """What one pass did. `left`: there is more to look at, for which there was no time, or no room on its lane."""

    examined: int = 0
    adopted: int = 0
    left: bool = False

    def __add__(self, other: "AdoptReport") -> "AdoptReport":
        """Return what both did."""
        return AdoptReport(self.examined + other.examined, self.adopted + other.adopted, self.left or other.left)


@dataclass(frozen=True, slots=True)
class _Examined:
    """What came of one job. Settled: it needs nothing until somebody writes a new entry for it."""

    settled: bool
    hint: LaneSend | None = None
    adopted: bool = False


@dataclass(slots=True, kw_only=True)
class AdoptJobs:
    """The use case. A pass may be cut short anywhere and begun again; an instance remembers what needs nothing more.

    `hold` is None where there are no leases: then the verdict alone decides. `hears` says whether the peer is silent.
    `bounds` says for each lane how many seconds new work may wait there, `flow` how it flows.
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
    hears: HearPeer | None = None
    per_second: float = 400.0
    flow: WatchFlow | None = None
    bounds: Mapping[str, float] = field(default_factory=dict)
    directly: int = DIRECTLY
    _seen_to: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    _taken: dict[str, set[str]] = field(default_factory=dict)
    _taken_since: str | None = None
    _hinted: dict[str, float] = field(default_factory=dict)
    _to_hint: dict[str, list[str]] = field(default_factory=dict)
    pace: Pace = field(init=False)
    wake: WakeJobs = field(init=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.clock, self.per_second)
        self.wake = WakeJobs(
            history=self.history,
            projections=self.projections,
            lanes=self.lanes,
            children=self.children,
            clock=self.clock,
            region=self.region,
            peer_region=self.peer_region,
            stall_seconds=self.stall_seconds,
        )

    async def adopt(
        self, also: Sequence[str] = (), *, lost_since: str = "", heard_at: str = "", seconds: float | None = None
    ) -> AdoptReport:
        """Adopt what this replica shows as the peer's and unfinished, for about `seconds` (None: until all is seen to).

        `also` are jobs to look at whether or not the peer has an entry for them; `lost_since` and `heard_at` are when
        the peer was declared lost and when it was last heard of. Raises StateUnavailable, LaneUnavailable; what was
        adopted stays adopted.
        """
        if self.hears is not None and not await self.hears.is_silent():
            if lost_since:  # nothing is taken over, but what came to the peer for jobs of this Region wakes them
                await self.wake.look_back(lost_since, self.clock.now())
            return AdoptReport()
        until = None if seconds is None else self.clock.monotonic() + seconds
        await self._learn_what_is_taken(lost_since)
        total, _ = await self._adopt_all(also)
        likely = add_seconds(heard_at, -SEEN_TO_SECONDS) if heard_at else ""
        if likely:
            total += await self._hint_many(likely, until)
            if total.left:
                return total
        for after, upto in ((likely, LAST), ("", likely)) if likely else (("", LAST),):
            for lane in self.lanes.names():
                if self._is_over(until):
                    return total + AdoptReport(left=True)
                shards = (self._adopt_shard(lane, shard, after, upto, until) for shard in range(DUE_SHARDS))
                for report in await asyncio.gather(*shards):
                    total += report
        if not total.left:
            self._taken.clear()  # from now on those are looked at, too
        return total

    def _is_over(self, until: float | None) -> bool:
        return until is not None and self.clock.monotonic() >= until

    async def _hint_many(self, likely: str, until: float | None) -> AdoptReport:
        """Have the workers adopt what was most likely in flight, if that is much. Each job is hinted once."""
        if not await self._may_take_over():
            return AdoptReport(left=True)
        if not any(self._to_hint.values()):
            for lane in self.lanes.names():
                shards = await asyncio.gather(*(self._unseen(lane, shard, likely) for shard in range(DUE_SHARDS)))
                self._to_hint[lane] = [job for job in _soonest_first(shards) if job not in self._hinted]
            if not self._hinted and sum(map(len, self._to_hint.values())) <= self.directly:
                self._to_hint.clear()
        total = AdoptReport()
        full_lanes: set[str] = set()
        while lanes := [lane for lane, jobs in self._to_hint.items() if jobs and lane not in full_lanes]:
            for lane in _turns(lanes):
                if self._is_over(until):
                    return total + AdoptReport(left=True)
                if await self._has_room(lane):
                    total += await self._hint_some(lane)
                else:
                    full_lanes.add(lane)
        return total + AdoptReport(left=bool(full_lanes))

    async def _hint_some(self, lane: str) -> AdoptReport:
        jobs = self._to_hint[lane]
        batch = jobs[:HINTS]
        await self.pace.take(len(batch))
        await self.lanes.send([LaneSend(lane, LaneMessage(job, 0, ORPHANED), GROUP) for job in batch])
        del jobs[:HINTS]
        self._hinted.update((job, self.clock.monotonic()) for job in batch)
        return AdoptReport(len(batch))

    async def _unseen(self, lane: str, shard: int, position: str) -> dict[str, str]:
        """Return the jobs of a shard that nobody has seen to since the peer was lost, each with its last entry."""
        seen_to, taken = self._seen_to.get((lane, shard), set()), self._taken.get(lane, set())
        jobs: dict[str, str] = {}
        while True:
            page = await self.projections.due(self.peer_region, lane, shard, after=position, upto=LAST, limit=PAGE)
            jobs.update((entry.job_id, entry.position) for entry in page if entry.position not in seen_to)
            if len(page) < PAGE:
                return {job: at for job, at in jobs.items() if job not in taken}
            position = page[-1].position

    def _is_given_time(self, hinted_at: float) -> bool:
        """Whether a worker may yet adopt a job for which it was sent a hint then."""
        return self.clock.monotonic() < hinted_at + self.stall_seconds

    async def _learn_what_is_taken(self, lost_since: str) -> None:
        """Read which jobs a process before this one has adopted since then: their epochs' entries are this Region's."""
        if not lost_since or lost_since == self._taken_since:
            return
        self._hinted.clear()
        self._to_hint.clear()
        taken: dict[str, set[str]] = {}
        for lane in self.lanes.names():
            taken[lane] = set()
            await asyncio.gather(
                *(self._read_taken(lane, shard, lost_since, taken[lane]) for shard in range(DUE_SHARDS))
            )
        self._taken, self._taken_since = taken, lost_since

    async def _read_taken(self, lane: str, shard: int, position: str, taken: set[str]) -> None:
        while True:
            page = await self.projections.due(self.region, lane, shard, after=position, upto=LAST, limit=PAGE)
            taken.update(entry.job_id for entry in page if entry.arrival is None)
            if len(page) < PAGE:
                return
            position = page[-1].position

    async def _adopt_shard(self, lane: str, shard: int, after: str, upto: str, until: float | None) -> AdoptReport:
        begin = behind(await self.projections.read_cursor(self.peer_region, lane, shard))
        position = max(after, begin)
        seen_to = {seen for seen in self._seen_to.get((lane, shard), ()) if seen > begin}
        self._seen_to[lane, shard] = seen_to
        taken = self._taken.get(lane, set())
        total = AdoptReport()
        while True:
            page = await self.projections.due(self.peer_region, lane, shard, after=position, upto=upto, limit=PAGE)
            fresh = _one_a_job(entry for entry in page if entry.position not in seen_to)
            fresh = [each for each in fresh if each.job_id not in taken and not self._is_at_a_worker(each.job_id)]
            for start in range(0, len(fresh), BATCH):
                batch = fresh[start : start + BATCH]
                if self._is_over(until) or not await self._has_room(lane):
                    return total + AdoptReport(left=True)
                await self.pace.take(len(batch))
                report, settled = await self._adopt_all([entry.job_id for entry in batch])
                total += report
                seen_to.update(entry.position for entry in batch if entry.job_id in settled)
            if len(page) < PAGE:
                return total
            position = page[-1].position

    def _is_at_a_worker(self, job: str) -> bool:
        hinted_at = self._hinted.get(job)
        return hinted_at is not None and self._is_given_time(hinted_at)

    async def _has_room(self, lane: str) -> bool:
        """Whether a job that is put on the lane now would be started soon: else the Region's own clients would wait."""
        if self.flow is None or lane not in self.bounds:
            return True
        flow = flow_of(lane, await self.flow.of(self.region), self.clock.now())
        return full(lane, flow, self.bounds[lane] * PART_OF_BOUND) is None

    async def _adopt_all(self, jobs: Sequence[str]) -> tuple[AdoptReport, set[str]]:
        """Return what was done, and which of the jobs need nothing more."""
        outcomes = await asyncio.gather(*(self._adopt_one(job) for job in jobs))
        hints = [outcome.hint for outcome in outcomes if outcome.hint is not None]
        if hints:
            await self.lanes.send(hints)
        settled = {job for job, outcome in zip(jobs, outcomes, strict=True) if outcome.settled}
        return AdoptReport(len(jobs), sum(outcome.adopted for outcome in outcomes)), settled

    async def _may_take_over(self, record: JobRecord | None = None) -> bool:
        """Whether the peer is silent, in this job too, and, where there are leases, fenced: looked at last."""
        if self.hears is not None:
            silent = self.hears.is_silent() if record is None else self.hears.leaves(record)
            if not await silent:
                return False
        return self.hold is None or await self.hold.peer_is_fenced()

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
        if not await self._may_take_over(record):
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


def _soonest_first(shards: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the jobs of a lane's shards by their last entries: those that ran before those that sleep for long.

    So those that ran come to a few workers, which they occupy, and the others to workers that soon take more.
    """
    last_entries = {job: position for shard in shards for job, position in shard.items()}
    return sorted(last_entries, key=last_entries.__getitem__)


def _turns(lanes: Sequence[str]) -> list[str]:
    """Return in which order lanes are served: the most important one as often as all the others together.

    Each lane has workers of its own, whose number grows only while there is work, so none is kept waiting for its
    first.
    """
    first, *others = lanes
    return [lane for other in others for lane in (first, other)] or [first]
