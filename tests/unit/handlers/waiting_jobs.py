"""A job of acme that waits, made by its events alone: for tests of what people do to jobs."""

from functions.adapters.memory import SegmentRow
from functions.domain.ids import job_id
from functions.domain.job.events import AttemptStarted, Event, JobSubmitted, JobSucceeded, JobWaiting, WaitOpened
from functions.domain.job.history import Ask, Segment
from tests.unit.handlers.conftest import Process

JOB = job_id("acme", "waits")
NOON = "2026-11-21T12:00:00.000Z"
UNTIL = "2026-11-22T12:00:00.000Z"


def put_waiting_job(process: Process, *further: Event) -> str:
    """Have a job of acme in both Regions that asks the group legal and waits, or what has happened since."""
    about = {"group": "legal", "question": "may we?"}
    events: tuple[Event, ...] = (
        JobSubmitted(
            at=NOON, tenant="acme", agent="probe", agent_version="1", lane="batch", input={}, body_digest="0" * 16
        ),
        AttemptStarted(at=NOON, worker="w", reason="submitted", delivery=1),
        WaitOpened(
            at=NOON,
            step="approval",
            step_kind="approval",
            arguments="d",
            until=UNTIL,
            awaits="decision/approval",
            about=dict(about),
        ),
        JobWaiting(at=NOON, until=UNTIL, awaits=["decision/approval"]),
        *further,
    )
    segment = Segment(JOB, 1, "us-east-1", 1, events)
    for table in (process.table, process.peer_table):
        table.segments[JOB, 1, "us-east-1", 1] = SegmentRow(segment, None)
    ask = Ask(JOB, "us-east-1", "approval", "acme", "legal", NOON)
    process.table.asks[JOB, "us-east-1", "approval"] = ask
    return JOB


def put_finished_job(process: Process) -> str:
    """Have a job of acme in both Regions that has succeeded."""
    return put_waiting_job(process, JobSucceeded(at=NOON, result=None))
