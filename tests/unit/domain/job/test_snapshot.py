"""Snapshots: what is folded from one is what is folded from the whole history."""

import random
from dataclasses import fields
from itertools import pairwise

import pytest

from functions.domain.job.events import (
    AttemptStarted,
    CancelRequested,
    Event,
    JobAdopted,
    JobPaused,
    JobSubmitted,
    JobWaiting,
    ProgressReported,
    StepAttemptFailed,
    StepFailed,
    StepSucceeded,
    UnreadableEvent,
    WaitOpened,
)
from functions.domain.job.history import Segment, first_key_after, newest_snapshot, segment_key
from functions.domain.job.progress import Progress
from functions.domain.job.snapshot import Snapshot
from functions.domain.job.state import JobState, NeedsWhole, fold, snapshot_of

EAST, WEST = "us-east-1", "us-west-2"
NOON = "2026-11-21T12:00:00.000Z"
LATER = "2026-11-22T12:00:00.000Z"

OPENING = JobSubmitted(
    at=NOON, tenant="acme", agent="a", agent_version="1", lane="batch", input={"n": 1}, body_digest="d"
)
STORY: tuple[Event, ...] = (
    AttemptStarted(at=NOON, worker="w", reason="submitted", delivery=1),
    StepSucceeded(at=NOON, step="one", step_kind="tool", arguments="d", result=[1], input_tokens=3, output_tokens=4),
    StepFailed(at=NOON, step="two", step_kind="tool", arguments="d", code="step_raised", detail="no"),
    StepAttemptFailed(at=NOON, step="three", code="c", detail="later", attempt=2, retry_at=LATER),
    WaitOpened(at=NOON, step="four", step_kind="signal", arguments="d", until=LATER, awaits="signal/go"),
    ProgressReported(at=NOON, step="progress", note={"done": 1}),
    JobWaiting(at=NOON, until=LATER),
    AttemptStarted(at=NOON, worker="w", reason="due", delivery=1),
    StepSucceeded(at=NOON, step="four", step_kind="signal", arguments="d", result=None, arrival="signal/go/1"),
    JobPaused(at=NOON, by="ann", arrival="pause/1"),
    CancelRequested(at=NOON, by="bob", reason="enough", arrival="cancel/1"),
)


def history(*events: Event, size: int = 1) -> list[Segment]:
    """Return a job's segments of `size` events each."""
    opening = Segment("job", 1, EAST, 1, (OPENING,))
    rest = [Segment("job", 1, EAST, 2 + start, events[start : start + size]) for start in range(0, len(events), size)]
    return [opening, *rest]


def state_of(segments: list[Segment], snapshot: Snapshot | None = None) -> JobState:
    state = fold(segments, snapshot)
    assert state is not None
    return state


def same_but_for_events(left: JobState, right: JobState) -> bool:
    names = [each.name for each in fields(JobState) if each.name not in ("history", "superseded")]
    return all(getattr(left, name) == getattr(right, name) for name in names)


@pytest.mark.parametrize("cut", range(1, len(STORY) + 2))
def test_wherever_a_snapshot_is_taken_the_rest_of_the_story_leads_to_the_same_state(cut: int) -> None:
    segments = history(*STORY)
    snapshot = snapshot_of("job", state_of(segments[:cut]), EAST)
    rest = segments[cut:]
    random.Random(cut).shuffle(rest)
    read = state_of(rest, snapshot)
    assert same_but_for_events(read, state_of(segments))
    assert [item.sequence for item in read.history] == list(range(cut + 1, len(segments) + 1))


def test_a_snapshot_is_read_back_as_it_was_written() -> None:
    snapshot = snapshot_of("job", state_of(history(*STORY)), WEST)
    place = (snapshot.epoch, snapshot.region, snapshot.sequence)
    read = Snapshot.unpacked("job", WEST, *place, snapshot.packed())
    assert read == snapshot
    assert Progress.from_written(read.progress) == Progress.from_written(snapshot.progress)


def test_segments_that_a_snapshot_covers_change_nothing() -> None:
    segments = history(*STORY)
    snapshot = snapshot_of("job", state_of(segments[:6]), EAST)
    assert same_but_for_events(state_of(segments[3:], snapshot), state_of(segments))


def test_beyond_a_gap_after_a_snapshot_nothing_is_read() -> None:
    segments = history(*STORY)
    snapshot = snapshot_of("job", state_of(segments[:4]), EAST)
    read = state_of(segments[5:], snapshot)
    assert (read.last_sequence, read.complete) == (4, False)


def test_an_adoption_goes_on_from_a_snapshot_or_from_what_came_after_it() -> None:
    segments = history(*STORY[:6])
    snapshot = snapshot_of("job", state_of(segments[:5]), EAST)
    for last, tail in ((5, []), (6, segments[5:6])):
        adopted = JobAdopted(at=LATER, from_epoch=1, from_region=EAST, from_sequence=last, reason="lost")
        new = Segment("job", 2, WEST, last + 1, (adopted,))
        read = state_of([*tail, new], snapshot)
        assert same_but_for_events(read, state_of([*segments, new]))
        assert (read.owner_region, read.epoch, read.complete) == (WEST, 2, True)


def test_a_history_that_leaves_a_snapshot_aside_is_not_read_by_it() -> None:
    segments = history(*STORY[:6])
    snapshot = snapshot_of("job", state_of(segments), EAST)
    adopted = JobAdopted(at=LATER, from_epoch=1, from_region=EAST, from_sequence=3, reason="lost")
    with pytest.raises(NeedsWhole):
        fold([Segment("job", 2, WEST, 4, (adopted,))], snapshot)


def test_an_epoch_that_continues_one_older_than_the_snapshots_needs_the_whole_history() -> None:
    segments = history(*STORY[:3])
    second = JobAdopted(at=LATER, from_epoch=1, from_region=EAST, from_sequence=4, reason="lost")
    third = JobAdopted(at=LATER, from_epoch=1, from_region=EAST, from_sequence=3, reason="lost again")
    snapshot = snapshot_of("job", state_of([*segments, Segment("job", 2, WEST, 5, (second,))]), WEST)
    with pytest.raises(NeedsWhole):
        fold([Segment("job", 3, EAST, 4, (third,))], snapshot)


def test_the_keys_after_a_snapshot_are_those_of_what_it_does_not_cover() -> None:
    segments = history(*STORY, size=2)
    keys = [segment_key(each.epoch, each.region, each.place) for each in segments]
    assert all(left < right for left, right in pairwise(keys))
    snapshot = snapshot_of("job", state_of(segments[:3]), EAST)
    assert [key >= first_key_after(snapshot) for key in keys] == [place >= 3 for place in range(len(keys))]


def test_of_several_snapshots_the_one_that_goes_furthest_counts() -> None:
    segments = history(*STORY)
    near, far = (snapshot_of("job", state_of(segments[:cut]), writer) for cut, writer in ((3, WEST), (5, EAST)))
    assert newest_snapshot([near, far]) == newest_snapshot([far, near]) == far
    assert newest_snapshot([]) is None


def test_what_a_newer_version_wrote_into_a_snapshot_is_not_guessed_at() -> None:
    progress = {
        **snapshot_of("job", state_of(history(*STORY)), EAST).progress,
        "steps": [{"kind": "dreamt", "at": NOON}],
    }
    with pytest.raises(UnreadableEvent):
        Progress.from_written(progress)
