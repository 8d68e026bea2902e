"""Take a job over from the peer, or hand it over: what a worker does when a Region is lost or evacuated.

To hand a job over is one append, after which this Region writes nothing more of it; the append is the fence, as ever,
so no step can be recorded here after it. Then what the peer may lack is copied to it and a hint goes on its lane. If
the process dies after the append, this Region's sweeper finds the job by its due entry and tells the peer again, until
it sees the peer's epoch; if this Region dies, the peer adopts the job like any other.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from functions.application.hear_peer import HearPeer
from functions.application.lease_ports import PeerHold
from functions.application.open_epoch import open_epoch
from functions.application.ports import (
    AppendConflict,
    Clock,
    HistoryStore,
    Lanes,
    LaneUnavailable,
    Projections,
    StateUnavailable,
    hint,
)
from functions.application.record_steps import Journal
from functions.application.standing_ports import Outlook
from functions.domain.job.decider import HANDED_OVER
from functions.domain.job.events import JobHandedOver
from functions.domain.job.history import JobRecord, Segment
from functions.domain.job.state import JobState, head_of
from functions.domain.lanes import LaneMessage
from functions.domain.moments import add_seconds

#: So many of a job's newest segments are copied: what is older has long been replicated. Nothing depends on it.
COPIED_SEGMENTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeHands:
    """The use case. `peer` is the peer's replica, `peer_lanes` its queues, both reached directly.

    `hold` is None where there are no leases: then the verdict alone decides. `hears` says whether the peer is silent.
    """

    outlook: Outlook
    history: HistoryStore
    peer: HistoryStore
    projections: Projections
    peer_lanes: Lanes
    clock: Clock
    region: str
    peer_region: str
    stall_seconds: float
    hold: PeerHold | None = None
    hears: HearPeer | None = None

    async def peer_lost(self) -> bool:
        """Say whether this Region takes over the jobs of its peer, which begins nothing any more. Never raises.

        `outlook` may be seconds old, and the sweeper sends its hints as soon as the verdict is there: a worker that was
        busy just before would drop them, and each such job would wait until the sweeper looks at it again.
        """
        if not await self._peer_is_silent():
            return False
        return self.hold is None or await self.hold.peer_is_fenced()

    async def _peer_is_silent(self) -> bool:
        try:
            return await (self.outlook.peer_lost() if self.hears is None else self.hears.is_silent())
        except StateUnavailable:
            return False  # the sweeper looks again

    async def take_over(self, job_id: str, state: JobState, why: str) -> LaneMessage:
        """Open an epoch of the job here, and return by what to go on with it.

        Raises AppendConflict when another process was quicker.
        """
        opened = await open_epoch(
            self.history,
            job_id,
            state,
            region=self.region,
            now=self.clock.now(),
            stall_seconds=self.stall_seconds,
            reason=why,
        )
        if opened is None:
            raise AppendConflict(f"{job_id} has been taken over by another process")
        return opened.message

    async def leave(self, job_id: str, record: JobRecord, state: JobState, journal: Journal) -> None:
        """Hand a job over that is not to run here now; while the Region is only returning, leave it to its sweeper.

        One that runs is left to the worker that has it, which stops before its next step: handed over by somebody else,
        who has a message of it twice, it would be worked on in both Regions until then (seed 5557 with leases). If that
        worker is dead, the sweeper hands it over. Raises AppendConflict, StateUnavailable.
        """
        if state.status != "running" and await self.outlook.hands_over():
            await self.hand_over(job_id, record, state, journal)

    async def hand_over(self, job_id: str, record: JobRecord, state: JobState, journal: Journal) -> None:
        """Record that the job is the peer's, and tell the peer. Raises AppendConflict, StateUnavailable."""
        now, head = self.clock.now(), record.head_of(self.region)
        told_again_at = add_seconds(now, self.stall_seconds)
        noted = state.job.run_at if head is None else head.due_at
        if noted is not None and noted > told_again_at:  # else its due entry is early enough
            await self.projections.put_head(head_of(job_id, state, self.region, head, told_again_at))
        journal.record(JobHandedOver(at=now, to_region=self.peer_region, reason=f"{self.region} is evacuated"))
        await journal.finish()
        await self.tell(job_id, state)

    async def tell(self, job_id: str, state: JobState) -> None:
        """Have the peer know of a job that is handed over: copy what it may lack, then send the hint.

        What cannot be reached is left: the sweeper tells it again. Raises StateUnavailable of the own replica.
        """
        record = await self.history.read(job_id)
        own = [each for each in record.segments if each.region == self.region and not each.opens_epoch]
        with contextlib.suppress(StateUnavailable, LaneUnavailable):
            await self._copy(own[-COPIED_SEGMENTS:])
            await self.peer_lanes.send([hint(job_id, state.epoch, state.job, HANDED_OVER)])

    async def _copy(self, segments: Sequence[Segment]) -> None:
        """Copy segments as submits do: the very same items, so whichever copy arrives later changes nothing."""
        copies = await asyncio.gather(*(self.peer.append(each) for each in segments), return_exceptions=True)
        for failure in copies:
            if isinstance(failure, BaseException) and not isinstance(failure, AppendConflict):
                raise failure
