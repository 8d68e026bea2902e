"""A job's life in pieces, from its history: where it waited and where it was at work. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

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
from functions.domain.job.state import Recorded
from functions.domain.moments import to_datetime

ENDINGS = JobSucceeded | JobFailed | JobCancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a job's life in one Region: waiting there, or at work there."""

    region: str
    phase: Literal["waiting", "working"]
    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Gone:
    """A Region that was lost, and when: nobody was at its jobs from then on."""

    region: str
    at: float


def stretches_of(history: Iterable[Recorded], *, zero: float, gone: Gone | None) -> Iterator[Stretch]:
    """The job's life, piece by piece; `zero` is the story's beginning in seconds since 1970."""
    begins: float | None = None
    region, working = "", False
    for item in history:
        at = seconds_after(zero, item)
        if begins is not None and _ends_a_piece(item):
            yield from _piece(region, working, begins, at, gone)
            begins = None
        if begins is None and not isinstance(item.event, ENDINGS):
            begins, region, working = at, item.region, isinstance(item.event, AttemptStarted)
    if begins is not None and gone is not None and region == gone.region:
        yield from _piece(region, working, begins, gone.at, gone)


def seconds_after(zero: float, item: Recorded) -> float:
    """When it happened, on the story's clock."""
    return round(to_datetime(item.event.at).timestamp() - zero, 3)


def _ends_a_piece(item: Recorded) -> bool:
    kinds = AttemptStarted | AttemptYielded | AttemptFailed | JobWaiting | JobAdopted | ENDINGS
    return isinstance(item.event, kinds)


def _piece(region: str, working: bool, begins: float, ends: float, gone: Gone | None) -> Iterator[Stretch]:
    if gone is not None and region == gone.region and begins < gone.at:
        ends = min(ends, gone.at)
    yield Stretch(region=region, phase="working" if working else "waiting", begins=begins, ends=ends)
