"""Segments of one job, written down briefly for tests of what is made of them."""

from functions.domain.ids import job_id
from functions.domain.job.events import (
    AttemptStarted,
    Event,
    JobAdopted,
    JobSubmitted,
    JobSucceeded,
    Json,
    StepSucceeded,
    SubmissionWithdrawn,
)
from functions.domain.job.history import Segment
from functions.domain.moments import add_seconds

EAST, WEST = "us-east-1", "us-west-2"
JOB = job_id("acme", "one")
NOON = "2026-11-21T12:00:00.000Z"


def at(seconds: float) -> str:
    """Return the moment so many seconds after noon."""
    return add_seconds(NOON, seconds)


def submitted(seconds: float = 0, **fields: object) -> JobSubmitted:
    """Return a submission with these fields."""
    known: dict[str, object] = {
        "at": at(seconds),
        "tenant": "acme",
        "agent": "probe",
        "agent_version": "1",
        "lane": "standard",
        "input": {},
        "body_digest": "d",
    }
    return JobSubmitted(**{**known, **fields})  # type: ignore[arg-type]  # a test may leave out or add any field


def withdrawn(seconds: float = 0) -> SubmissionWithdrawn:
    """Return a withdrawal."""
    return SubmissionWithdrawn(at=at(seconds))


def started(seconds: float = 0, worker: str = "w") -> AttemptStarted:
    """Return the beginning of an attempt."""
    return AttemptStarted(at=at(seconds), worker=worker, reason="submitted", delivery=1)


def step(name: str, result: Json = "done", seconds: float = 0, tokens: int = 0) -> StepSucceeded:
    """Return a recorded step."""
    return StepSucceeded(
        at=at(seconds), step=name, step_kind="tool", arguments="a", result=result, input_tokens=tokens, output_tokens=1
    )


def succeeded(result: Json = "result", seconds: float = 0) -> JobSucceeded:
    """Return a good end."""
    return JobSucceeded(at=at(seconds), result=result)


def adopted(from_epoch: int, from_region: str, from_sequence: int, seconds: float = 0) -> JobAdopted:
    """Return the beginning of an epoch that continues another."""
    return JobAdopted(
        at=at(seconds),
        from_epoch=from_epoch,
        from_region=from_region,
        from_sequence=from_sequence,
        reason=f"{from_region} is lost",
    )


def segment(epoch: int, region: str, first: int, *events: Event) -> Segment:
    """Return a segment of the one job."""
    return Segment(JOB, epoch, region, first, events)
