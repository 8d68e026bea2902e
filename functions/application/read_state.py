"""Read a job and fold it: from its newest snapshot on, or from the whole history where that does not fit."""

from functions.application.ports import HistoryStore
from functions.domain.job.history import JobRecord
from functions.domain.job.state import JobState, NeedsWhole, fold


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
