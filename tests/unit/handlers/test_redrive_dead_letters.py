"""POST /v1/dead-letters/redrive."""

from typing import Any

import pytest

from functions.handlers.redrive_dead_letters import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of
from tests.unit.handlers.failed_jobs import JOB, put_failed_job


def redrive(body: object, **headers: str) -> dict[str, Any]:
    event = request_event("POST", "/v1/dead-letters/redrive", body=body, authorizer={"principal": "ann"})
    event["headers"] |= headers
    return handle(event, None)


def test_a_redrive_is_a_job_of_the_tenants_on_the_most_important_lane(process: Process) -> None:
    put_failed_job(process)
    body = {"filter": {"agent": "probe"}, "rate_per_second": 7, "deadline": "2027-01-01T00:00:00Z"}
    answer = redrive(body, **{"Idempotency-Key": "k"})
    job = body_of(answer)
    assert (answer["statusCode"], job["agent"], job["lane"], job["status"]) == (202, "redrive", "critical", "queued")
    assert body_of(redrive(body, **{"Idempotency-Key": "k"}))["id"] == job["id"]
    assert {send.message.job_id for send in process.lanes.queues["critical"]} == {job["id"]}


@pytest.mark.parametrize("meant", [{"filter": {}}, {"ids": [JOB]}])
def test_a_preview_counts_and_writes_nothing(process: Process, meant: dict[str, object]) -> None:
    put_failed_job(process)
    answer = redrive({**meant, "preview": True})
    seen = body_of(answer)
    assert (answer["statusCode"], seen["count"], seen["more"]) == (200, 1, False)
    assert [each["id"] for each in seen["dead_letters"]] == [JOB]
    assert len(process.table.segments) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "filter"),
        ({"filter": {}, "ids": [JOB]}, "filter"),
        ({"ids": []}, "ids"),
        ({"ids": [JOB, "job_1"]}, "ids.1"),
        ({"filter": {"type": "fax"}}, "filter.type"),
        ({"filter": {"since": "yesterday"}}, "filter.since"),
        ({"filter": {"code": "No!"}}, "filter.code"),
        ({"filter": {}, "rate_per_second": 0}, "rate_per_second"),
        ({"filter": {}, "rate_per_second": 10_001}, "rate_per_second"),
        ({"filter": {}, "agent_version": "2"}, "filter.agent"),
        ({"filter": {}, "deadline": "2020-01-01T00:00:00Z"}, "deadline"),
        ({"filter": {}, "budget": {"steps": 0}}, "budget.steps"),
        ({"filter": {}, "alone": "yes"}, "alone"),
        ({"filter": {}, "x": 1}, "x"),
    ],
)
def test_a_wrong_body_names_its_field_and_begins_nothing(process: Process, body: object, field: str) -> None:
    answer = redrive(body)
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, field)
    assert not process.table.segments


def test_a_version_that_is_not_there_is_refused(process: Process) -> None:
    answer = redrive({"filter": {"agent": "probe"}, "agent_version": "99"})
    assert (answer["statusCode"], body_of(answer)["code"]) == (422, "agent_version_missing")
    assert not process.table.segments
