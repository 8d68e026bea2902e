"""Public events: names, ids, what is told of each, and what is left out."""

from dataclasses import fields, replace
from typing import get_args

import pytest

from functions.domain.job.events import (
    AttemptFailed,
    AttemptStarted,
    Event,
    JobAdopted,
    JobCancelled,
    JobFailed,
    JobPaused,
    JobRedriven,
    JobStopped,
    JobSubmitted,
    JobSucceeded,
    JobWaiting,
    Json,
    ProgressReported,
    StepFailed,
    StepSucceeded,
    WaitOpened,
)
from functions.domain.job.history import Segment
from functions.domain.job.public_events import (
    LARGEST_DETAIL_BYTES,
    NAMES,
    JobFacts,
    facts_of,
    is_detail,
    is_told,
    public_events,
)
from functions.domain.payload import PayloadReference, as_inline

NOON = "2026-11-21T12:00:00.000Z"
JOB = "job_" + "a" * 32
FACTS = JobFacts(tenant="acme", agent="probe", agent_version="1", lane="standard", tags={"team": "x"})
OPENING = JobSubmitted(
    at=NOON,
    tenant="acme",
    agent="probe",
    agent_version="1",
    lane="standard",
    input={"secret": "of the client"},
    body_digest="d",
    callback_url="https://example.com/c",
    tags={"team": "x"},
)


def told(*events: Event, first: int = 1, epoch: int = 1) -> list[dict[str, Json]]:
    """What is told of a segment."""
    segment = Segment(JOB, epoch, "us-east-1", first, events)
    return [each.detail() for each in public_events(segment, FACTS)]


def one(event: Event) -> dict[str, Json]:
    (detail,) = told(event)
    return detail


def test_a_detail_says_of_what_job_it_is_and_where_it_stands_in_its_history() -> None:
    detail = one(OPENING)
    assert detail == {
        "id": f"{JOB}/1.us-east-1/1",
        "event": "job.submitted",
        "job_id": JOB,
        "tenant": "acme",
        "agent": "probe",
        "agent_version": "1",
        "lane": "standard",
        "tags": {"team": "x"},
        "status": "queued",
        "region": "us-east-1",
        "epoch": 1,
        "sequence": 1,
        "at": NOON,
    }
    assert is_detail(detail)
    assert facts_of(OPENING) == replace(FACTS, callback_url="https://example.com/c")


def test_ids_count_the_events_that_are_not_told_too() -> None:
    adopted = JobAdopted(at=NOON, from_epoch=1, from_region="us-west-2", from_sequence=6, reason="lost")
    started = AttemptStarted(at=NOON, worker="w", reason="adopted", delivery=1)
    (detail,) = told(adopted, started, first=7, epoch=2)
    assert (detail["id"], detail["sequence"]) == (f"{JOB}/2.us-east-1/8", 8)


@pytest.mark.parametrize(
    ("event", "name", "status", "more"),
    [
        (replace(OPENING, run_at=NOON), "job.submitted", "queued", {"run_at": NOON}),
        (
            AttemptStarted(at=NOON, worker="w", reason="submitted", delivery=1),
            "job.started",
            "running",
            {"reason": "submitted"},
        ),
        (JobWaiting(at=NOON, until=NOON), "job.waiting", "waiting", {"reason": "wait", "until": NOON}),
        (
            JobPaused(at=NOON, by="ann", arrival="k"),
            "job.waiting",
            "waiting",
            {"reason": "paused", "by": "ann"},
        ),
        (
            JobStopped(at=NOON, code="agent_version_missing", detail="2"),
            "job.waiting",
            "waiting",
            {"reason": "stopped", "error": {"code": "agent_version_missing", "detail": "2"}},
        ),
        (ProgressReported(at=NOON, step="s", note={"done": 3}), "job.progress", "running", {"progress": {"done": 3}}),
        (
            WaitOpened(at=NOON, step="s", step_kind="approval", arguments="a", until=NOON, about={"group": "legal"}),
            "job.approval_asked",
            "running",
            {"step": "s", "until": NOON, "asked_for": {"group": "legal"}},
        ),
        (
            StepSucceeded(at=NOON, step="s", step_kind="approval", arguments="a", result={"approved": True}),
            "job.approval_decided",
            "running",
            {"step": "s", "decision": {"approved": True}},
        ),
        (
            StepFailed(at=NOON, step="s", step_kind="approval", arguments="a", code="wait_timed_out", detail="late"),
            "job.approval_decided",
            "running",
            {"step": "s", "error": {"code": "wait_timed_out", "detail": "late"}},
        ),
        (JobRedriven(at=NOON, by="ann", arrival="k"), "job.redriven", "queued", {"by": "ann"}),
        (JobSucceeded(at=NOON, result=[1]), "job.succeeded", "succeeded", {"result": [1]}),
        (
            JobFailed(at=NOON, code="agent_raised", detail="no"),
            "job.failed",
            "failed",
            {"error": {"code": "agent_raised", "detail": "no"}},
        ),
        (
            JobCancelled(at=NOON, by="ann", reason="wrong"),
            "job.cancelled",
            "cancelled",
            {"by": "ann", "reason": "wrong"},
        ),
    ],
)
def test_each_kind_is_told_under_its_name_with_what_it_is_about(
    event: Event, name: str, status: str, more: dict[str, Json]
) -> None:
    detail = one(event)
    assert (detail["event"], detail["status"]) == (name, status)
    assert {key: detail[key] for key in more} == more
    assert name in NAMES


def test_what_concerns_workers_alone_is_told_to_nobody() -> None:
    silent = (
        AttemptFailed(at=NOON, code="c", detail="d", retry_at=NOON),
        StepSucceeded(at=NOON, step="s", step_kind="tool", arguments="a", result=1),
        WaitOpened(at=NOON, step="s", step_kind="sleep", arguments="a", until=NOON),
    )
    assert told(*silent) == []
    assert not any(is_told(event) for event in silent)


def test_a_jobs_input_is_told_to_nobody() -> None:
    assert "of the client" not in str(one(OPENING))


def test_every_kind_of_event_is_either_told_or_not() -> None:
    for kind in get_args(Event):
        values = {field.name: "2026" for field in fields(kind)}
        assert is_told(kind(**values)) in (True, False)


def test_a_result_that_is_kept_elsewhere_is_told_as_a_reference() -> None:
    reference = PayloadReference("0" * 64, 5)
    assert one(JobSucceeded(at=NOON, result=reference.to_json()))["result_reference"] == {
        "sha256": "0" * 64,
        "bytes": 5,
    }
    own: dict[str, Json] = {"$payload": "of the author"}
    assert one(JobSucceeded(at=NOON, result=as_inline(own)))["result"] == own


def test_what_is_too_large_is_left_out_and_named() -> None:
    detail = one(JobSucceeded(at=NOON, result="x" * LARGEST_DETAIL_BYTES))
    assert detail["left_out"] == ["result"]
    assert "result" not in detail
    assert detail["tags"] == {"team": "x"}


def test_the_largest_is_left_out_first() -> None:
    facts = replace(FACTS, tags={"a": "y" * LARGEST_DETAIL_BYTES})
    segment = Segment(JOB, 1, "us-east-1", 1, (JobSucceeded(at=NOON, result="x" * (LARGEST_DETAIL_BYTES + 100)),))
    (event,) = public_events(segment, facts)
    assert event.detail()["left_out"] == ["result", "tags"]
