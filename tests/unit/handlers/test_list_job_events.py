"""GET /v1/jobs/{id}/events."""

import pytest

from functions.domain.ids import job_id
from functions.handlers import submit_job
from functions.handlers.list_job_events import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process, body_of

JOB = job_id("acme", "order-7")


def ask(**query: str) -> dict[str, object]:
    request = event("list_job_events")
    request["pathParameters"]["id"] = JOB
    request["queryStringParameters"] = query or None
    return handle(request, None)


def test_a_job_begins_with_its_submission(process: Process) -> None:
    submit_job.handle(event("submit_job"), None)
    page = body_of(ask())
    assert [(e["sequence"], e["epoch"], e["region"], e["kind"]) for e in page["events"]] == [
        (1, 1, "us-east-1", "submitted")
    ]
    assert body_of(ask(after=str(page["next"])))["events"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"after": "x"},
        {"after": "-1"},
        {"after": "1e3"},
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": ""},
        {"wait": "21"},
        {"wait": "-1"},
        {"after": ""},
        {"after": "1.us-east-1"},
    ],
)
def test_a_parameter_that_is_wrong_is_named(process: Process, query: dict[str, str]) -> None:
    response = ask(**query)
    assert (response["statusCode"], body_of(response)["field"]) == (400, next(iter(query)))


def test_a_job_that_does_not_exist_is_404(process: Process) -> None:
    assert ask()["statusCode"] == 404


def test_a_caller_may_wait_for_the_next_event(process: Process) -> None:
    submit_job.handle(event("submit_job"), None)
    page = body_of(ask(after="1", wait="3"))
    assert (page["events"], page["next"], page["behind"]) == ([], "1.us-east-1.1", False)
    assert process.clock.seconds == pytest.approx(1003)
