"""Histories that no run in one Region gives: adopted, paused and redriven ones, and those of older versions."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from functions.domain.job.events import (
    AttemptFailed,
    AttemptStarted,
    Event,
    JobAdopted,
    JobFailed,
    JobPaused,
    JobRedriven,
    JobResumed,
)
from functions.domain.job.history import Segment
from functions.domain.moments import add_seconds
from functions.sdk.testing.region_in_memory import HERE, PEER

Rewrite: TypeAlias = Callable[[Sequence[Segment]], list[Segment]]


def adopted_after(number: int) -> Rewrite:
    """Return what makes of a history one that the peer has taken over after that event.

    The two events that the lost Region wrote beyond it arrive late, and are superseded.
    """

    def rewrite(segments: Sequence[Segment]) -> list[Segment]:
        job, events = segments[0].job_id, _events(segments)
        adoption = JobAdopted(
            at=events[number - 1].at, from_epoch=1, from_region=HERE, from_sequence=number, reason=f"{HERE} is lost"
        )
        return [
            Segment(job, 1, HERE, 1, tuple(events[:number])),
            Segment(job, 1, HERE, number + 1, tuple(events[number : number + 2])),
            Segment(job, 2, PEER, number + 1, (adoption,)),
            Segment(job, 2, PEER, number + 2, tuple(events[number:])),
        ]

    return rewrite


def paused_after(number: int) -> Rewrite:
    """Return what makes of a history one in which somebody paused the job after that event, and resumed it."""

    def rewrite(segments: Sequence[Segment]) -> list[Segment]:
        events = _events(segments)
        at = events[number - 1].at
        pause = JobPaused(at=at, by="ann", arrival="pause/1")
        resume = JobResumed(at=at, by="bob", arrival="resume/1")
        started = AttemptStarted(at=at, worker="worker-1", reason="arrived", delivery=1)
        return _whole(segments, [*events[:number], pause, resume, started, *events[number:]])

    return rewrite


def redriven_after(number: int) -> Rewrite:
    """Return what makes of a history one in which the job failed after that event, and somebody had it go on."""

    def rewrite(segments: Sequence[Segment]) -> list[Segment]:
        events = _events(segments)
        at = events[number - 1].at
        failed = JobFailed(at=at, code="attempts_exhausted", detail="8 attempts in a row recorded no step and no end")
        redriven = JobRedriven(at=add_seconds(at, 60.0), by="ann", arrival="redrive/1")
        started = AttemptStarted(at=add_seconds(at, 60.0), worker="worker-2", reason="arrived", delivery=1)
        return _whole(segments, [*events[:number], failed, redriven, started, *events[number:]])

    return rewrite


def retried_in_the_old_way(segments: Sequence[Segment]) -> list[Segment]:
    """Return a history in which a whole attempt failed and was tried again, as it was before steps had retries."""
    submitted, started, *rest = _events(segments)
    at = started.at
    failed = AttemptFailed(at=at, code="model_unavailable", detail="throttled", retry_at=add_seconds(at, 2.0))
    again = AttemptStarted(at=add_seconds(at, 2.0), worker="worker-2", reason="retry", delivery=1)
    return _whole(segments, [submitted, started, failed, again, *rest])


def _events(segments: Sequence[Segment]) -> list[Event]:
    return [event for segment in segments for event in segment.events]


def _whole(segments: Sequence[Segment], events: Sequence[Event]) -> list[Segment]:
    first = segments[0]
    return [Segment(first.job_id, first.epoch, first.region, 1, tuple(events))]
