"""Look whether a Region that comes back knows what has become of its jobs: the peer's replica, asked directly, says so.

What replication still owes cannot be counted: it keeps no order. But each job that this Region holds for its own and
unfinished can be looked up in the peer's replica; where that has a newer epoch, this Region is behind.
"""

import asyncio
from dataclasses import dataclass, field

from functions.application.ports import Clock, HistoryStore, Lanes, Projections
from functions.application.read_state import read_state
from functions.application.walk_due import walk_due
from functions.domain.job.events import UnreadableEvent


@dataclass(slots=True, kw_only=True)
class CatchUp:
    """The use case. `peer` is the peer's replica, reached directly. An instance remembers what it has looked up."""

    history: HistoryStore
    peer: HistoryStore
    projections: Projections
    lanes: Lanes
    clock: Clock
    region: str
    _known: set[str] = field(default_factory=set)

    async def behind(self, seconds: float) -> tuple[int, bool]:
        """Return of how many jobs the peer knows more, and whether all were looked up, in about so many seconds.

        Raises StateUnavailable, also when the peer's replica cannot be reached.
        """
        until = self.clock.monotonic() + seconds
        behind = 0
        async for batch in walk_due(self.projections, self.lanes.names(), self.region):
            if self.clock.monotonic() >= until:
                return behind, False
            jobs = [entry.job_id for entry in batch if entry.job_id not in self._known]
            found = await asyncio.gather(*(self._is_behind(job) for job in jobs))
            behind += sum(found)
            self._known.update(job for job, late in zip(jobs, found, strict=True) if not late)
        return behind, True

    def forget(self) -> None:
        """Begin anew: what was looked up may have changed."""
        self._known.clear()

    async def _is_behind(self, job_id: str) -> bool:
        try:
            _, here = await read_state(self.history, job_id)
            if here is not None and here.complete and (here.finished or here.owner_region != self.region):
                return False
            _, there = await read_state(self.peer, job_id)
        except UnreadableEvent:
            return False  # for a newer version to go on with
        return there is not None and (here is None or there.epoch > here.epoch)
