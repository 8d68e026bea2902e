"""A job in the form that clients see."""

from dataclasses import replace

import pytest

from functions.application.view_job import durability_of, view_job
from functions.domain.job.events import AttemptFailed, Event, JobFailed, Json
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
