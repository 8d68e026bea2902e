"""A job in the form that clients see."""

from dataclasses import replace

import pytest

from functions.application.view_job import MOST_RETRIES, durability_of, view_job
from functions.domain.job.approvals import approval_id
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.events import (
    AttemptFailed,
    CancelRequested,
    Event,
    JobCancelled,
    JobContinued,
    JobFailed,
    JobResumed,
    JobStopped,
    JobWaiting,
    Json,
    ProgressReported,
    StepAttemptFailed,
    WaitOpened,
)
from functions.domain.job.history import Head, JobRecord
from functions.domain.job.state import JobState, fold
from functions.domain.payload import PayloadReference
from tests.unit.domain.job.writing import EAST, JOB, WEST, at, segment, started, step, submitted, succeeded

ALWAYS = {
    "id",
    "agent",
    "agent_version",
    "status",
    "lane",
    "durability",
    "home_region",
    "owner_region",
    "epoch",
    "attempts",
    "created_at",
    "updated_at",
    "usage",
}


def state_after(*events: Event, tags: dict[str, Json] | None = None) -> JobState:
    state = fold([segment(1, EAST, 1, submitted(tags=tags), *events)])
    assert state is not None
    return state


def view(*events: Event) -> dict[str, Json]:
    return view_job(JOB, state_after(*events), "both")


@pytest.mark.parametrize(("local", "durability"), [(True, "local"), (False, "both")])
def test_a_job_whose_input_only_one_region_keeps_is_durable_in_one_region_only(local: bool, durability: str) -> None:
    kept = PayloadReference("0f" * 32, 1_000_000, local)
    state = fold([segment(1, EAST, 1, replace(submitted(), input=kept.to_json()))])
    assert state is not None
    assert view_job(JOB, state, "both")["durability"] == durability


def test_a_waiting_job_shows_what_every_job_has_and_nothing_else() -> None:
    assert set(view()) == ALWAYS
    assert view()["status"] == "queued"


@pytest.mark.parametrize("result", ["R", None, [], 0])
def test_a_good_end_shows_its_result_also_when_that_is_nothing(result: Json) -> None:
    shown = view(started(), step("a", tokens=7), succeeded(result, seconds=3))
    assert set(shown) == ALWAYS | {"result"}
    assert (shown["result"], shown["updated_at"]) == (result, at(3))
    assert shown["usage"] == {"input_tokens": 7, "output_tokens": 1, "steps": 1}


def test_a_bad_end_shows_its_error_and_that_trying_again_is_of_no_use() -> None:
    shown = view(JobFailed(at=at(1), code="agent_raised", detail="boom"))
    assert set(shown) == ALWAYS | {"error"}
    assert shown["error"] == {"code": "agent_raised", "detail": "boom", "retryable": False}


def test_a_job_that_is_tried_again_shows_why_and_when() -> None:
    shown = view(AttemptFailed(at=at(1), code="model_unavailable", detail="busy", retry_at=at(9)))
    assert shown["error"] == {"code": "model_unavailable", "detail": "busy", "retryable": True}
    assert shown["next_attempt_at"] == at(9)


def test_an_error_code_of_another_version_is_shown_as_not_retryable() -> None:
    shown = view(JobFailed(at=at(1), code="from_the_future", detail="?"))
    assert shown["error"] == {"code": "from_the_future", "detail": "?", "retryable": False}


def test_an_error_that_has_been_overcome_is_not_shown_any_more() -> None:
    failed = StepAttemptFailed(at=at(1), step="a", code="step_raised", detail="busy", attempt=1, retry_at=at(9))
    trying = view(started(), failed)
    assert (trying["next_attempt_at"], trying["error"]) == (
        at(9),
        {"code": "step_raised", "detail": "busy", "retryable": False},
    )
    assert trying["retries"] == [
        {"step": "a", "attempts": 1, "code": "step_raised", "detail": "busy", "next_attempt_at": at(9)}
    ]
    assert set(view(started(), failed, step("a", seconds=2))) == ALWAYS


def test_of_many_steps_that_are_tried_again_twenty_are_shown_and_the_first_moment() -> None:
    tries = [
        StepAttemptFailed(at=at(1), step=f"s{n}", code="step_raised", detail="busy", attempt=2, retry_at=at(99 - n))
        for n in range(30)
    ]
    shown = view(started(), *tries)
    assert shown["next_attempt_at"] == at(70)
    assert isinstance(shown["retries"], list)
    assert len(shown["retries"]) == MOST_RETRIES


def test_a_job_that_is_not_due_yet_shows_when_it_will_be() -> None:
    state = fold([segment(1, EAST, 1, replace(submitted(), run_at=at(500)))])
    assert state is not None
    assert view_job(JOB, state, "both")["next_attempt_at"] == at(500)


def test_a_waiting_job_shows_what_it_waits_for_and_until_when() -> None:
    about: dict[str, Json] = {"group": "legal", "question": "may we?"}
    shown = view(
        started(),
        WaitOpened(at=at(1), step="sleep", step_kind="sleep", arguments="d", until=at(50)),
        WaitOpened(at=at(1), step="approval", step_kind="approval", arguments="d", until=at(90), about=about),
        JobWaiting(at=at(1), until=at(50)),
    )
    assert (shown["status"], shown["next_attempt_at"]) == ("waiting", at(50))
    assert shown["waits"] == [
        {"step": "sleep", "kind": "sleep", "until": at(50), "about": None},
        {
            "step": "approval",
            "kind": "approval",
            "until": at(90),
            "about": about,
            "approval": approval_id(JOB, "approval"),
        },
    ]


def test_a_job_that_is_halted_says_so_and_why_until_it_is_resumed() -> None:
    stopped = JobStopped(at=at(1), code="replay_diverged", detail="step 3")
    shown = view(started(), stopped)
    assert (shown["status"], shown["paused"]) == ("waiting", True)
    assert shown["error"] == {"code": "replay_diverged", "detail": "step 3", "retryable": False}
    resumed = view(started(), stopped, JobResumed(at=at(2), by="ann", arrival="resume/1"))
    assert set(resumed) == ALWAYS


def test_a_request_to_cancel_is_shown_whether_or_not_its_owner_has_taken_it_in() -> None:
    asked = {"at": at(2), "by": "ann"}
    arrival = Arrival(job_id=JOB, region=WEST, kind=ArrivalKind.CANCEL, name="1", at=at(2), by="ann", body="enough")
    assert view_job(JOB, state_after(started()), "both", [arrival])["cancel_requested"] == asked
    heard = CancelRequested(at=at(2), by="ann", reason="enough", arrival="cancel/1")
    assert view(started(), heard)["cancel_requested"] == asked
    assert "cancel_requested" not in view(started(), heard, JobCancelled(at=at(3), by="ann", reason="enough"))


def test_progress_is_shown_to_the_end_and_so_is_the_parent() -> None:
    reported = ProgressReported(at=at(1), step="progress", note={"done": 3})
    assert view(started(), reported)["progress"] == {"done": 3}
    assert view(started(), reported, succeeded())["progress"] == {"done": 3}
    link: dict[str, Json] = {"job_id": "job_" + "p" * 32, "step": "call#2", "chain": []}
    state = fold([segment(1, EAST, 1, replace(submitted(), parent=link))])
    assert state is not None
    assert view_job(JOB, state, "both")["parent"] == {"job": "job_" + "p" * 32, "step": "call#2"}


def test_steps_are_counted_over_all_rounds_of_a_job_that_began_anew() -> None:
    usage = view(started(), step("a"), step("b"), JobContinued(at=at(1), input=2), step("r2:a"))["usage"]
    assert usage == {"input_tokens": 0, "output_tokens": 3, "steps": 3}


def test_tags_are_shown_when_there_are_any() -> None:
    assert view_job(JOB, state_after(tags={"team": "blue"}), "both")["tags"] == {"team": "blue"}
    assert "tags" not in view_job(JOB, state_after(tags={}), "both")


@pytest.mark.parametrize(
    ("region", "noted", "durability"), [(EAST, "local", "local"), (EAST, None, "both"), (WEST, "local", "both")]
)
def test_only_the_home_region_can_be_alone_with_a_job(region: str, noted: str | None, durability: str) -> None:
    state = state_after()
    record = JobRecord((), (Head(JOB, EAST, 1, 1, "queued", "standard", durability=noted),))
    assert durability_of(record, state, region) == durability
