"""POST /v1/approvals/{id}."""

from typing import Any

import pytest

from functions.domain.job.approvals import approval_id
from functions.handlers.decide_approval import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of
from tests.unit.handlers.waiting_jobs import JOB, NOON, put_finished_job, put_waiting_job

ID = approval_id(JOB, "approval")


def decide(body: object, text: str = ID, **authorizer: str) -> dict[str, Any]:
    return handle(request_event("POST", "/v1/approvals/{id}", {"id": text}, body=body, authorizer=authorizer), None)


@pytest.mark.parametrize(
    ("body", "by"), [({}, "ann"), ({"by": "bob"}, "bob"), ({"by": "bob", "comment": "as agreed"}, "bob")]
)
def test_the_tokens_holder_decides_unless_the_body_names_another(
    process: Process, body: dict[str, str], by: str
) -> None:
    put_waiting_job(process)
    answer = decide({"approved": True, **body}, principal="ann")
    assert answer["statusCode"] == 202
    decision = body_of(answer)
    assert (decision["id"], decision["job"], decision["by"], decision["approved"]) == (ID, JOB, by, True)
    assert (decision["settled"], decision["comment"]) == (True, body.get("comment", ""))


def test_the_second_decision_is_a_409_that_says_who_was_first(process: Process) -> None:
    put_waiting_job(process)
    decide({"approved": False, "comment": "GPL"}, principal="ann")
    answer = decide({"approved": True}, principal="bob")
    assert answer["statusCode"] == 409
    problem = body_of(answer)
    assert (problem["code"], problem["detail"]) == ("already_decided", f"ann rejected it at {NOON}")
    assert {name: problem["decision"][name] for name in ("by", "approved", "comment", "at")} == {
        "by": "ann",
        "approved": False,
        "comment": "GPL",
        "at": NOON,
    }


def test_after_the_jobs_end_it_is_409_and_an_unknown_id_404(process: Process) -> None:
    put_finished_job(process)
    over = decide({"approved": True})
    assert (over["statusCode"], body_of(over)["code"]) == (409, "approval_over")
    unknown = decide({"approved": True}, text="apr_x")
    assert (unknown["statusCode"], body_of(unknown)["code"]) == (404, "approval_not_found")
    assert decide({"approved": True}, tenant="rival")["statusCode"] == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "approved"),
        ({"approved": "yes"}, "approved"),
        ({"approved": None}, "approved"),
        ({"approved": True, "by": ""}, "by"),
        ({"approved": True, "comment": "x" * 4001}, "comment"),
        ({"approved": True, "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_body_names_its_field_and_decides_nothing(process: Process, body: object, field: str) -> None:
    put_waiting_job(process)
    answer = decide(body)
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, field)
    assert not process.table.arrivals
