"""Whether a job that no worker has begun with still has its turn to come, or needs another look and another hint.

A hint that is sent again goes to the end of its lane's queue, and costs a worker a look when it gets there. So it helps
only a job whose first hint was lost, and makes the queue longer for all others. A look costs a read and a write; as
long as it can only find that the job stands in its queue, nobody looks.
"""

from dataclasses import dataclass

from functions.application.ports import Clock
from functions.application.watch_flow import WatchFlow
from functions.domain.job.decider import start_not_before
from functions.domain.job.state import JobState
from functions.domain.lane_flow import flow_of
from functions.domain.moments import add_seconds, seconds_between

#: A job that no worker has begun with gets another hint this often at least, if its queue is shorter than this.
LONGEST_PAUSE_SECONDS = 300.0
#: And this often at least, however long its queue is.
LONGEST_SPARED_SECONDS = 900.0
#: It is looked at after this at the latest. The entry of one that is to run later is spared likewise, and must be seen
#: to in time for its moment: see HINT_AHEAD_SECONDS.
LONGEST_UNSEEN_IN_QUEUE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether a job needs another hint now, and for how many seconds from then on it is left to its hints at least."""

    is_hinted: bool
    spared_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitTurn:
    """Goes by what the Region's lanes are known to have waiting; `flow` is None where nobody knows."""

    clock: Clock
    region: str
    flow: WatchFlow | None = None

    async def of(self, state: JobState) -> Turn:
        """Return a job's turn. Never raises.

        It gets a hint when it has waited for as long as its queue takes; it is then spared for as long again as it has
        waited, or the queue takes, for every look costs what a step does. One that was begun with is put back at once.
        """
        if state.attempts or state.waiting_until is not None:
            return Turn(True, 0.0)
        waited = seconds_between(max(state.updated_at, start_not_before(state) or ""), self.clock.now())
        queue = min(LONGEST_SPARED_SECONDS, await self._queue_of(state.job.lane))
        if waited < queue:
            return Turn(False, queue - waited)
        return Turn(True, max(queue, min(LONGEST_PAUSE_SECONDS, waited)))

    async def had_by(self, lane: str, stall_seconds: float) -> str:
        """Return up to which moment the submissions of a lane that were due by then have had their turn. Never raises.

        A submission is due `stall_seconds` after its job could have run. The jobs of later ones stand in the queue.
        """
        queue = min(LONGEST_UNSEEN_IN_QUEUE_SECONDS, await self._queue_of(lane))
        return add_seconds(self.clock.now(), min(0.0, stall_seconds - queue))

    async def _queue_of(self, lane: str) -> float:
        """For how many seconds a lane's workers have messages; 0 where nobody knows."""
        if self.flow is None:
            return 0.0
        return flow_of(lane, await self.flow.of(self.region), self.clock.now()).estimated_wait_seconds or 0.0
