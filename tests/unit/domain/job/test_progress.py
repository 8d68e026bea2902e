"""Progress: what events add up to, and that it is written down without loss (see also test_snapshot and test_state)."""

import json

from functions.domain.job.events import AttemptStarted, CancelRequested, JobContinued, StepSucceeded, WaitOpened
from functions.domain.job.progress import Progress

NOON = "2026-11-21T12:00:00.000Z"
STEP = StepSucceeded(at=NOON, step="a", step_kind="tool", arguments="d", result=1, arrival="signal/go/1")


def test_what_is_written_is_plain_json_and_is_read_back_the_same() -> None:
    progress = Progress(1, NOON, {"n": 1})
    progress.read(2, AttemptStarted(at=NOON, worker="w", reason="submitted", delivery=1))
    progress.read(3, STEP)
    progress.read(4, CancelRequested(at=NOON, by="ann", reason="enough", arrival="cancel/1"))
    written = progress.written()
    assert json.loads(json.dumps(written)) == written
    assert Progress.from_written(written) == progress


def test_a_step_that_ended_twice_keeps_its_first_end() -> None:
    progress = Progress(1, NOON, None)
    progress.read(2, STEP)
    progress.read(3, StepSucceeded(at=NOON, step="a", step_kind="tool", arguments="d", result=2))
    assert progress.steps["a"] is STEP
    assert progress.steps_ended == 1


def test_beginning_anew_forgets_the_steps_and_keeps_the_count_of_them_and_what_has_been_taken_in() -> None:
    progress = Progress(1, NOON, "old")
    progress.read(2, STEP)
    progress.read(3, WaitOpened(at=NOON, step="b", step_kind="sleep", arguments="d", until=NOON))
    progress.read(4, JobContinued(at=NOON, input="new"))
    assert (progress.steps, progress.waits, progress.input, progress.round) == ({}, {}, "new", 2)
    assert (progress.steps_ended, progress.taken) == (1, {"signal/go/1"})
