"""What became of one job: its view as the API gives it, and its history, told on the story's clock. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from functions.domain.job.events import (
    AttemptFailed,
    AttemptStarted,
    AttemptYielded,
    JobAdopted,
    JobCancelled,
    JobFailed,
    JobSucceeded,
    JobWaiting,
)
from functions.domain.job.state import JobState, Recorded
from functions.domain.moments import to_datetime
from localstack.demo.observations import Loss, Outcome, Stretch

ENDINGS = JobSucceeded | JobFailed | JobCancelled


def outcome_of(view: Mapping[str, Any], state: JobState, *, zero: float, loss: Loss | None) -> Outcome:
    """`zero` is the story's beginning in seconds since 1970."""
    endings = [item for item in state.history if isinstance(item.event, ENDINGS)]
    adoptions = [item for item in state.history if isinstance(item.event, JobAdopted)]
    return Outcome(
        status=view["status"],
        owner_region=view["owner_region"],
        epoch=view["epoch"],
        attempts=view["attempts"],
        finished_at=_seconds(endings[0], zero) if endings else None,
        adopted_at=_seconds(adoptions[0], zero) if adoptions else None,
        results=len(endings),
        result=view.get("result"),
        error=view.get("error"),
        stretches=tuple(stretches_of(state.history, zero=zero, loss=loss)),
    )


def stretches_of(history: Iterable[Recorded], *, zero: float, loss: Loss | None) -> Iterator[Stretch]:
    """The job's life, piece by piece. A piece in a Region that was killed ends there: afterwards nobody was at it."""
    begins: float | None = None
    region, working = "", False
    for item in history:
        at = _seconds(item, zero)
        if begins is not None and _ends_a_piece(item):
            yield from _piece(region, working, begins, at, loss)
            begins = None
        if begins is None and not isinstance(item.event, ENDINGS):
            begins, region, working = at, item.region, isinstance(item.event, AttemptStarted)
    if begins is not None and loss is not None and region == loss.region:
        yield from _piece(region, working, begins, loss.killed_at, loss)


def _ends_a_piece(item: Recorded) -> bool:
    kinds = AttemptStarted | AttemptYielded | AttemptFailed | JobWaiting | JobAdopted | ENDINGS
    return isinstance(item.event, kinds)


def _piece(region: str, working: bool, begins: float, ends: float, loss: Loss | None) -> Iterator[Stretch]:
    if loss is not None and region == loss.region and begins < loss.killed_at:
        ends = min(ends, loss.killed_at)
    yield Stretch(region=region, phase="working" if working else "waiting", begins=begins, ends=ends)


def _seconds(item: Recorded, zero: float) -> float:
    return round(to_datetime(item.event.at).timestamp() - zero, 3)
