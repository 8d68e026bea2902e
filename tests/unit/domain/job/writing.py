"""Segments of one job, written down briefly for tests of what is made of them."""

from functions.domain.ids import job_id
from functions.domain.job.arrivals import ArrivalKind, awaited
from functions.domain.job.events import (
    AttemptStarted,
    CancelRequested,
    Event,
    JobAdopted,
    JobPaused,
    JobResumed,
    JobStopped,
    JobSubmitted,
    JobSucceeded,
    JobWaiting,
    Json,
    StepSucceeded,
    SubmissionWithdrawn,
    WaitOpened,
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


def opened(name: str, until: float, signal: str | None = None) -> WaitOpened:
    """Return the beginning of a wait for a signal, or for a time."""
    awaits = None if signal is None else awaited(ArrivalKind.SIGNAL, signal)
    return WaitOpened(
        at=NOON, step=name, step_kind="signal" if signal else "sleep", arguments="a", until=at(until), awaits=awaits
    )


def waiting(until: float, *signals: str) -> JobWaiting:
    """Return that a job has left its worker, until a time or one of these signals."""
    return JobWaiting(at=NOON, until=at(until), awaits=[awaited(ArrivalKind.SIGNAL, signal) for signal in signals])


def paused(name: str = "p") -> JobPaused:
    """Return a pause."""
    return JobPaused(at=NOON, by="ann", arrival=f"pause/{name}")


def resumed(name: str = "r") -> JobResumed:
    """Return a resumption."""
    return JobResumed(at=NOON, by="ann", arrival=f"resume/{name}")


def stopped(code: str = "replay_diverged") -> JobStopped:
    """Return that a job cannot go on."""
    return JobStopped(at=NOON, code=code, detail="mend it")


def cancel_requested(name: str = "c", by: str = "ann") -> CancelRequested:
    """Return a request that a job end."""
    return CancelRequested(at=NOON, by=by, reason="enough", arrival=f"cancel/{name}")


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
