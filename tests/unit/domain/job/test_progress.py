"""Progress: what events add up to, and that it is written down without loss (see also test_snapshot and test_state)."""

import json

import pytest

from functions.domain.job.events import (
    AttemptStarted,
    CancelRequested,
    Event,
    JobCancelled,
    JobContinued,
    ProgressReported,
    StepAttemptFailed,
    StepFailed,
    StepSucceeded,
    WaitOpened,
)
from functions.domain.job.progress import Progress
from tests.unit.domain.job.writing import (
    adopted,
    at,
    cancel_requested,
    opened,
    paused,
    resumed,
    started,
    step,
    stopped,
    waiting,
)

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


def after(*events: Event) -> Progress:
    """What is known after a submission and these events."""
    progress = Progress(1, NOON, {})
    for sequence, event in enumerate(events, start=2):
        progress.read(sequence, event)
    return progress


@pytest.mark.parametrize(
    ("events", "status", "halted"),
    [
        ([started(), waiting(60)], "waiting", False),
        ([started(), waiting(60), started()], "running", False),
        ([paused()], "waiting", True),
        ([started(), paused(), resumed()], "queued", False),
        ([started(), waiting(60), paused(), resumed()], "waiting", False),
        ([started(), resumed()], "running", False),
        ([started(), stopped()], "waiting", True),
        ([started(), stopped(), resumed()], "queued", False),
        ([started(), stopped(), adopted(1, "us-east-1", 3)], "waiting", True),
        ([started(), waiting(60), adopted(1, "us-east-1", 3)], "waiting", False),
        ([cancel_requested()], "queued", False),
        ([started(), cancel_requested()], "running", False),
        ([started(), waiting(60), cancel_requested()], "queued", False),
        ([started(), waiting(60), paused(), cancel_requested()], "queued", False),
        ([cancel_requested("one"), started(), waiting(60), cancel_requested("two")], "waiting", False),
        ([started(), JobContinued(at=NOON, input={})], "queued", False),
        ([started(), JobCancelled(at=NOON, by="ann", reason="enough")], "cancelled", False),
    ],
)
def test_the_status_follows_what_the_job_waits_for_and_what_people_asked(
    events: list[Event], status: str, halted: bool
) -> None:
    progress = after(*events)
    assert (progress.status, progress.halted) == (status, halted)


def test_a_waiting_job_is_woken_by_what_its_branches_wait_for_and_not_by_what_one_had_begun_to_wait_for() -> None:
    progress = after(started(), opened("a", 60, "go"), opened("b", 90, "stop"), waiting(60, "go"))
    assert (progress.waiting_until, progress.waiting_for) == (at(60), {"signal/go"})
    assert set(progress.waits) == {"a", "b"}
    assert after(started(), waiting(60), started()).waiting_until is None


def test_a_wait_is_open_until_its_step_has_ended() -> None:
    assert set(after(started(), opened("a", 60), opened("b", 90), step("a")).waits) == {"b"}


def test_what_a_job_has_taken_in_is_known_whatever_became_of_it() -> None:
    taken = StepFailed(
        at=NOON, step="a", step_kind="signal", arguments="a", code="signal_invalid", detail="", arrival="signal/go/1"
    )
    progress = after(paused("1"), resumed("2"), cancel_requested("3"), cancel_requested("4"), taken)
    assert progress.taken == {"pause/1", "resume/2", "cancel/3", "cancel/4", "signal/go/1"}


def test_of_several_requests_to_end_the_first_counts_with_the_waits_that_it_cut_short() -> None:
    progress = after(
        started(), opened("a", 60), cancel_requested("1", by="ann"), opened("b", 90), cancel_requested("2", by="bob")
    )
    assert progress.cancel == cancel_requested("1", by="ann")
    assert progress.cut == {"a"}


def test_a_failed_try_is_remembered_until_its_step_has_ended() -> None:
    failed = StepAttemptFailed(at=NOON, step="a", code="model_unavailable", detail="busy", attempt=1, retry_at=at(9))
    progress = after(started(), failed)
    assert progress.tries == {"a": failed}
    assert progress.error == {"code": "model_unavailable", "detail": "busy"}
    assert after(started(), failed, step("a")).tries == {}


def test_an_error_that_stopped_a_job_is_shown_until_it_is_resumed() -> None:
    assert after(started(), stopped()).error == {"code": "replay_diverged", "detail": "mend it"}
    assert after(started(), stopped(), resumed()).error is None
    assert after(started(), stopped(), cancel_requested()).error == {"code": "replay_diverged", "detail": "mend it"}


def test_waiting_and_steps_that_fail_are_no_attempts_in_vain() -> None:
    assert after(started(), started(), waiting(60)).attempts_in_vain == 0
    failed = StepFailed(at=NOON, step="a", step_kind="tool", arguments="a", code="step_raised", detail="no")
    assert after(started(), started(), failed).attempts_in_vain == 0
    assert after(*[started()] * 5, stopped(), resumed()).attempts_in_vain == 0


def test_the_last_note_is_how_far_the_job_is() -> None:
    notes = [ProgressReported(at=NOON, step=f"progress#{number}", note=number) for number in (1, 2)]
    assert after(started(), *notes).progress == 2
    assert list(after(started(), *notes).reported) == ["progress#1", "progress#2"]


def test_everything_that_is_known_is_in_what_is_written_down() -> None:
    progress = after(
        started(),
        step("s"),
        opened("a", 60, "go"),
        StepAttemptFailed(at=NOON, step="t", code="step_raised", detail="no", attempt=2, retry_at=at(5)),
        ProgressReported(at=NOON, step="progress", note=[1]),
        cancel_requested(),
        waiting(60, "go", "stop"),
        paused(),
    )
    assert Progress.from_written(json.loads(json.dumps(progress.written()))) == progress


def test_what_was_written_down_before_a_field_was_added_is_read() -> None:
    written = after(started(), waiting(60, "go")).written()
    del written["waiting_for"], written["cut"]
    assert Progress.from_written(written).waiting_for == set()
