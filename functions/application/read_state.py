"""Read a job and fold it: from its newest snapshot on, or from the whole history where that does not fit.

Whoever has read a job that has become long writes such a snapshot.
"""

import contextlib

from functions.application.ports import HistoryStore, Projections, StateUnavailable
from functions.domain.job.history import JobRecord
from functions.domain.job.snapshot import SNAPSHOT_EVENTS
from functions.domain.job.state import JobState, NeedsWhole, fold, snapshot_of


async def read_state(history: HistoryStore, job_id: str) -> tuple[JobRecord, JobState | None]:
    """Return what this replica holds of a job, and its state. Raises StateUnavailable, UnreadableEvent."""
    record = await history.read(job_id)
    try:
        return record, fold(record.segments, record.snapshot)
    except NeedsWhole:
        return await read_whole_state(history, job_id)


async def read_whole_state(history: HistoryStore, job_id: str) -> tuple[JobRecord, JobState | None]:
    """The same, with every event. Raises StateUnavailable, UnreadableEvent."""
    record = await history.read_whole(job_id)
    return record, fold(record.segments)


async def write_down(projections: Projections, job_id: str, record: JobRecord, state: JobState, region: str) -> None:
    """From time to time write a long job's state down, so that reading it does not take ever longer."""
    if state.finished or not state.complete or state.last_sequence - record.snapshot_sequence < SNAPSHOT_EVENTS:
        return
    with contextlib.suppress(StateUnavailable):
        await projections.put_snapshot(snapshot_of(job_id, state, region))
