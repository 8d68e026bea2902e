"""Open a new epoch of a job in this Region, after the last event of it that can be read here.

Adoption does this, and the sweeper for a job of which a part is gone. If the process dies after the append, the new
epoch's due entry lets this Region's sweeper find the job. Of two who do it at once in this Region one wins the append.

The epoch after one whose owner has handed the job over is the peer's, whether or not the peer has opened it. So an
owner that takes such a job back, because the peer is lost, opens the one after that: else both Regions would have
opened the same epoch, and the names of the Regions would say which of the two histories counts.
"""

from functions.application.ports import AppendConflict, Due, HistoryStore, LaneSend, hint
from functions.domain.job.events import JobAdopted
from functions.domain.job.history import Segment
from functions.domain.job.state import JobState
from functions.domain.moments import add_seconds


async def open_epoch(
    history: HistoryStore, job_id: str, state: JobState, *, region: str, now: str, stall_seconds: float, reason: str
) -> LaneSend | None:
    """Return the hint to send now that the job is this Region's; None when another was quicker."""
    last = state.last
    adopted = JobAdopted(
        at=now, from_epoch=last.epoch, from_region=last.region, from_sequence=last.sequence, reason=reason
    )
    takes_back = state.owner_region == region and state.handed_to is not None
    segment = Segment(job_id, state.epoch + (2 if takes_back else 1), region, last.sequence + 1, (adopted,))
    try:
        await history.append(segment, due=Due(add_seconds(now, stall_seconds), state.job.lane))
    except AppendConflict:
        return None
    return hint(job_id, segment.epoch, state.job, "adopted")
