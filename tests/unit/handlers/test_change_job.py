"""POST /v1/jobs/{id}/cancel, /pause and /resume."""

from typing import Any

import pytest

from functions.handlers.change_job import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of
from tests.unit.handlers.waiting_jobs import JOB, NOON, put_finished_job, put_waiting_job


def change(what: str, body: object = None, key: str | None = None, **authorizer: str) -> dict[str, Any]:
    event = request_event("POST", f"/v1/jobs/{{id}}/{what}", {"id": JOB}, body=body, authorizer=authorizer)
    if key is not None:
        event["headers"]["Idempotency-Key"] = key
    return handle(event, None)


def arrived(process: Process) -> list[tuple[str, str, object]]:
    rows = process.table.arrivals.values()
    return [(row.arrival.kind.value, row.arrival.by, row.arrival.body) for row in rows]


@pytest.mark.parametrize("what", ["cancel", "pause"])
@pytest.mark.parametrize("body", [None, {}, {"reason": "enough"}])
def test_a_request_is_answered_with_the_job_and_is_in_both_regions(
    process: Process, what: str, body: dict[str, str] | None
) -> None:
    put_waiting_job(process)
    answer = change(what, body, principal="ann")
    assert answer["statusCode"] == 202
    job = body_of(answer)
    assert (job["id"], job["requested"]) == (JOB, {"change": what, "durability": "both"})
    assert arrived(process) == [(what, "ann", (body or {}).get("reason"))]
    assert process.table.arrivals == process.peer_table.arrivals
    assert len(process.lanes.queues["batch"]) == 1


def test_whoever_cancels_is_named_by_the_tenant_where_the_token_names_nobody(process: Process) -> None:
    put_waiting_job(process)
    assert body_of(change("cancel"))["cancel_requested"] == {"at": NOON, "by": "acme"}


def test_resuming_a_job_that_is_not_halted_is_fine_and_says_so(process: Process) -> None:
    put_waiting_job(process)
    answer = change("resume")
    assert (answer["statusCode"], body_of(answer)["requested"]["note"]) == (202, "the job is not halted")


def test_a_request_with_the_same_key_is_made_once(process: Process) -> None:
    put_waiting_job(process)
    for _ in range(2):
        assert change("pause", key="k")["statusCode"] == 202
    assert len(arrived(process)) == 1


def test_a_finished_job_is_409_and_a_job_that_is_not_there_404(process: Process) -> None:
    put_finished_job(process)
    assert (change("cancel")["statusCode"], body_of(change("cancel"))["code"]) == (409, "job_finished")
    assert change("cancel", tenant="rival")["statusCode"] == 404


@pytest.mark.parametrize(
    ("body", "field"), [({"reason": 1}, "reason"), ({"reason": ""}, "reason"), ({"why": "x"}, "why"), ([], None)]
)
def test_a_wrong_body_names_its_field_and_changes_nothing(process: Process, body: object, field: str | None) -> None:
    put_waiting_job(process)
    answer = change("cancel", body)
    assert (answer["statusCode"], body_of(answer)["code"], body_of(answer).get("field")) == (400, "invalid_body", field)
    assert arrived(process) == []


def test_a_key_that_is_none_is_400(process: Process) -> None:
    put_waiting_job(process)
    assert body_of(change("cancel", key="\n"))["code"] == "invalid_parameter"


def test_with_the_peer_away_the_request_is_durable_here_and_with_both_away_it_is_503(process: Process) -> None:
    put_waiting_job(process)
    process.peer_table.refusing = True
    assert body_of(change("pause"))["requested"]["durability"] == "local"
    process.table.refusing = True
    assert (change("cancel")["statusCode"], body_of(change("cancel"))["code"]) == (503, "state_unavailable")
