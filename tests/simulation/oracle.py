"""What a set of segments means, told a second time: written apart from the fold, and only to be compared with it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from functions.domain.job.events import (
    Event,
    JobAdopted,
    JobCancelled,
    JobFailed,
    JobRedriven,
    JobSubmitted,
    JobSucceeded,
    StepFailed,
    StepSucceeded,
    SubmissionWithdrawn,
)
from functions.domain.job.history import Segment

#: Where an event stands: epoch, Region, sequence.
Position = tuple[int, str, int]
End = JobSucceeded | JobFailed | JobCancelled


@dataclass(frozen=True, slots=True)
class Reading:
    """The winning history, as far as it can be read, and whether all of it can."""

    events: tuple[tuple[Position, Event], ...]
    whole: bool

    @property
    def steps(self) -> list[StepSucceeded | StepFailed]:
        """The ends of steps, in order. A failed step that a redrive has had done again counts as it ended then."""
        ends: list[StepSucceeded | StepFailed] = []
        failed_before: list[StepFailed] = []
        for _, event in self.events:
            if isinstance(event, JobRedriven):
                failed_before = [each for each in ends if isinstance(each, StepFailed)]
            elif isinstance(event, StepSucceeded | StepFailed):
                ends = [each for each in ends if each.step != event.step or each not in failed_before]
                ends.append(event)
        return ends

    @property
    def lasting(self) -> list[StepSucceeded | StepFailed]:
        """The ends of steps that no redrive may have done again: successes, and failures since the last redrive.

        Of a job that has failed whoever goes on with it has just taken a redrive in.
        """
        redriven = max((n for n, (_, event) in enumerate(self.events) if isinstance(event, JobRedriven)), default=-1)
        since = set() if isinstance(self.end, JobFailed) else {id(event) for _, event in self.events[redriven + 1 :]}
        return [step for step in self.steps if isinstance(step, StepSucceeded) or id(step) in since]

    @property
    def end(self) -> End | None:
        """The event that ended the job, if it has ended."""
        last = self.events[-1][1]
        return last if isinstance(last, End) else None

    @property
    def submitted(self) -> JobSubmitted:
        """How the job began."""
        first = self.events[0][1]
        assert isinstance(first, JobSubmitted)
        return first


def read(segments: Iterable[Segment]) -> Reading | None:
    """Return the winning history; None when there is no submission that can be read."""
    events = _events(segments)
    if not events:
        return None
    newest = max(epoch for epoch, _, _ in events)
    openings = {place: event for place, event in events.items() if isinstance(event, JobSubmitted | JobAdopted)}
    readings = {place: found for place in openings if (found := _path(place, events)) is not None}
    if not readings:
        return None
    best = min(readings, key=lambda place: (-place[0], _standing(readings[place], events), place[1]))
    path, whole = readings[best]
    ran_on = any(place[:2] == best[:2] and place not in path for place in events)
    history = tuple((place, events[place]) for place in path)
    return Reading(_up_to_the_end(history), whole and best[0] == newest and not ran_on)


def until(segments: Iterable[Segment], place: Position) -> tuple[Segment, ...]:
    """Return those segments, or parts of them, that lead to an event."""
    kept = tuple(segments)
    events = _events(kept)
    opened = [p for p, e in events.items() if p[:2] == place[:2] and isinstance(e, JobSubmitted | JobAdopted)]
    found = _path(opened[0], events) if opened else None
    path = {each for each in found[0] if each[2] <= place[2]} if found else set()
    parts = []
    for segment in kept:
        places = ((segment.epoch, segment.region, segment.first_sequence + n) for n in range(len(segment.events)))
        number = sum(each in path for each in places)
        if number:
            parts.append(segment if number == len(segment.events) else replace(segment, events=segment.events[:number]))
    return tuple(parts)


def _events(segments: Iterable[Segment]) -> dict[Position, Event]:
    return {
        (segment.epoch, segment.region, segment.first_sequence + offset): event
        for segment in segments
        for offset, event in enumerate(segment.events)
    }


def _path(opening: Position, events: dict[Position, Event]) -> tuple[list[Position], bool] | None:
    """Return the places from the submission through this epoch, and whether the links between epochs all hold."""
    epoch, region, first = opening
    event = events[opening]
    before: list[Position] = []
    whole = True
    if isinstance(event, JobAdopted):
        origin = (event.from_epoch, event.from_region)
        opened = [p for p, e in events.items() if p[:2] == origin and isinstance(e, JobSubmitted | JobAdopted)]
        found = _path(opened[0], events) if opened and event.from_epoch < epoch else None
        if found is None:
            return None
        before = [place for place in found[0] if place[2] <= event.from_sequence]
        whole = found[1] and bool(before) and before[-1][2] == event.from_sequence
        if not whole:
            return before, False
    own = []
    sequence = first
    while (epoch, region, sequence) in events:
        own.append((epoch, region, sequence))
        sequence += 1
    return before + own, whole


def _standing(reading: tuple[list[Position], bool], events: dict[Position, Event]) -> tuple[bool, str, str]:
    """Of two submissions: one that stands before one that was withdrawn, then the earlier one, then by name."""
    root = reading[0][0]
    submitted = events[root]
    assert isinstance(submitted, JobSubmitted)
    withdrawn = False
    sequence = root[2]
    while (place := (root[0], root[1], sequence)) in events:
        withdrawn = withdrawn or isinstance(events[place], SubmissionWithdrawn)
        sequence += 1
    return withdrawn, submitted.at, root[1]


def _up_to_the_end(history: tuple[tuple[Position, Event], ...]) -> tuple[tuple[Position, Event], ...]:
    for index, (_, event) in enumerate(history):
        goes_on = isinstance(event, JobFailed) and any(isinstance(each, JobRedriven) for _, each in history[index:])
        if isinstance(event, End) and not goes_on:
            return history[: index + 1]
    return history
