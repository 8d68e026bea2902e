"""See to what the peer did meanwhile for jobs of this Region, when it has been lost, or has just come back.

When the peer is back, both Regions may have run a job, each holding it for its own, and only one of the two goes on
with it. What had come to the other one is due in the other one's partition, and has been seen to there: so each Region
looks back at what came to its peer. A pass may be cut short anywhere and begun again.

The history that does not count may have called others, too, of which the one that counts knows nothing. Once the job
that called them has ended, they are asked to end (seed 7408).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.application.call_child import CallChild
from functions.application.ports import Clock, HistoryStore, Lanes, LaneSend, Projections, hint
from functions.application.read_state import read_state
from functions.domain.job.decider import ARRIVED, unheard, wakes_now
from functions.domain.job.events import UnreadableEvent
from functions.domain.job.history import DueEntry, JobRecord
from functions.domain.job.state import JobState, head_of
from functions.domain.lanes import DUE_SHARDS
from functions.domain.moments import add_seconds

PAGE = 100
#: What came to the peer so long before it was taken for lost, and so long after it was back, is looked at again then.
MARGIN_SECONDS = 120.0
#: So many of the jobs that the peer accepted meanwhile are read in a pass: the Region's own are not to wait for that.
MOST_CHILDREN = 500


@dataclass(slots=True, kw_only=True)
class WakeJobs:
    """The use case. An instance remembers what needs no further look."""

    history: HistoryStore
    projections: Projections
    lanes: Lanes
    children: CallChild
    clock: Clock
    region: str
    peer_region: str
    stall_seconds: float
    _seen_to: set[tuple[str, str | None, str | None]] = field(default_factory=set)
    _left: int = MOST_CHILDREN

    async def look_back(self, parted_at: str, back_at: str) -> None:
        """Wake the jobs for which something came to the peer while each Region may have held them for its own.

        End those that were called for the sake of such a job, in vain. Raises StateUnavailable, LaneUnavailable; what
        was done stays done.
        """
        self._left = MOST_CHILDREN
        after, upto = add_seconds(parted_at, -MARGIN_SECONDS), add_seconds(back_at, MARGIN_SECONDS)
        self._seen_to = {seen for seen in self._seen_to if seen[0] > after}
        for lane in self.lanes.names():
            await asyncio.gather(*(self._look_back(lane, shard, after, upto) for shard in range(DUE_SHARDS)))

    async def _look_back(self, lane: str, shard: int, position: str, upto: str) -> None:
        while True:
            page = await self.projections.due(self.peer_region, lane, shard, after=position, upto=upto, limit=PAGE)
            come = [each for each in page if each.arrival is not None and each.identity not in self._seen_to]
            jobs = list(dict.fromkeys(each.job_id for each in come))
            outcomes = dict(zip(jobs, await asyncio.gather(*map(self._look_at, jobs)), strict=True))
            if hints := [each for _, each in outcomes.values() if each is not None]:
                await self.lanes.send(hints)
            self._seen_to.update(each.identity for each in come if outcomes[each.job_id][0])
            await self._end_the_abandoned(page)
            if len(page) < PAGE:
                return
            position = page[-1].position

    async def _end_the_abandoned(self, page: Sequence[DueEntry]) -> None:
        begun = [each for each in page if each.submission and each.identity not in self._seen_to][: self._left]
        self._left -= len(begun)
        settled = await asyncio.gather(*(self._is_settled(each.job_id) for each in begun))
        self._seen_to.update(each.identity for each, done in zip(begun, settled, strict=True) if done)

    async def _is_settled(self, job_id: str) -> bool:
        try:
            _, state = await read_state(self.history, job_id)
            return state is not None and (state.finished or await self.children.end_abandoned(job_id, state))
        except UnreadableEvent:
            return False

    async def _look_at(self, job_id: str) -> tuple[bool, LaneSend | None]:
        """Return whether the job needs no further look, and its hint if something wakes it here.

        What is the peer's today may turn out to be this Region's as soon as more of its history arrives.
        """
        try:
            record, state = await read_state(self.history, job_id)
        except UnreadableEvent:
            return False, None
        if state is None or not state.complete:
            return False, None
        return state.owner_region == self.region, await self.woken(job_id, record, state)

    async def woken(self, job_id: str, record: JobRecord, state: JobState) -> LaneSend | None:
        """Return the hint for a job of this Region for which something arrived that was meant for its owner before.

        Its head is due soon, too: if the hint is lost, the sweeper sends another.
        """
        now = self.clock.now()
        if state.owner_region != self.region or not state.complete:
            return None
        if not wakes_now(state, unheard(state, record.arrivals, self.region), now):
            return None
        due_at = add_seconds(now, self.stall_seconds)
        await self.projections.put_head(head_of(job_id, state, self.region, record.head_of(self.region), due_at))
        return hint(job_id, state.epoch, state.job, ARRIVED)
