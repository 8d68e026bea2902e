"""GET /v1/approvals."""

from typing import Any

import pytest

from functions.domain.job.approvals import approval_id
from functions.handlers.list_approvals import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of
from tests.unit.handlers.waiting_jobs import JOB, NOON, UNTIL, put_waiting_job


def listed(query: dict[str, str] | None, **authorizer: str) -> dict[str, Any]:
    return handle(request_event("GET", "/v1/approvals", query=query, authorizer=authorizer), None)


def test_what_a_group_is_asked_is_listed_with_its_id_job_question_and_deadline(process: Process) -> None:
    put_waiting_job(process)
    answer = listed({"group": "legal"})
    assert answer["statusCode"] == 200
    assert body_of(answer) == {
        "approvals": [
            {
                "id": approval_id(JOB, "approval"),
                "job": JOB,
                "agent": "probe",
                "group": "legal",
                "question": "may we?",
                "asked_at": NOON,
                "deadline": UNTIL,
            }
        ],
        "next": None,
    }


def test_of_another_group_or_tenant_nothing_is_listed(process: Process) -> None:
    put_waiting_job(process)
    assert body_of(listed({"group": "finance"}))["approvals"] == []
    assert body_of(listed({"group": "legal"}, tenant="rival"))["approvals"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (None, "group"),
        ({"group": ""}, "group"),
        ({"group": "legal", "limit": "0"}, "limit"),
        ({"group": "x" * 257}, "group"),
        ({"group": "legal", "after": "ü" * 513}, "after"),
    ],
)
def test_a_wrong_parameter_is_named(process: Process, query: dict[str, str] | None, field: str) -> None:
    answer = listed(query)
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, field)
