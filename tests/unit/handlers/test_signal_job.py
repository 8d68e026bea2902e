"""POST /v1/jobs/{id}/signals/{name}."""

from typing import Any

import pytest

from functions.handlers.signal_job import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of
from tests.unit.handlers.waiting_jobs import JOB, put_finished_job, put_waiting_job


def signal(name: str = "go", body: object = None, raw: str | None = None, key: str | None = None) -> dict[str, Any]:
    parameters = {"id": JOB, "name": name}
    event = request_event(
        "POST", "/v1/jobs/{id}/signals/{name}", parameters, body=body, authorizer={"principal": "ann"}
    )
    if raw is not None:
        event["body"] = raw
    if key is not None:
        event["headers"]["Idempotency-Key"] = key
    return handle(event, None)


@pytest.mark.parametrize("body", [None, 0, "text", [], {"a": {"b": None}}])
def test_any_json_is_a_signal_and_no_body_is_null(process: Process, body: object) -> None:
    put_waiting_job(process)
    answer = signal(body=body)
    assert answer["statusCode"] == 202
    assert body_of(answer) == {"job": JOB, "signal": "go", "durability": "both"}
    (row,) = process.table.arrivals.values()
    assert (row.arrival.answers, row.arrival.by, row.arrival.body) == ("signal/go", "ann", body)


def test_each_signal_is_new_unless_it_carries_a_key(process: Process) -> None:
    put_waiting_job(process)
    for key in (None, None, "k", "k"):
        assert signal(key=key)["statusCode"] == 202
    assert len(process.table.arrivals) == 3


@pytest.mark.parametrize("name", ["a/b", "a#b", "a:b", "a[1]", "", "x" * 101, "a\nb", "session.mail"])
def test_a_name_that_no_agent_can_wait_for_is_400(process: Process, name: str) -> None:
    put_waiting_job(process)
    answer = signal(name)
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, "name")
    assert not process.table.arrivals


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        ("{", 400, "invalid_json"),
        ("NaN", 400, "invalid_json"),
        ("[" * 65 + "]" * 65, 400, "invalid_body"),
        ('"' + "x" * 100_000 + '"', 413, "payload_too_large"),
        (" " * 700_000 + "1", 413, "payload_too_large"),
    ],
)
def test_what_is_no_signal_is_refused_and_nothing_is_written(
    process: Process, raw: str, status: int, code: str
) -> None:
    put_waiting_job(process)
    answer = signal(raw=raw)
    assert (answer["statusCode"], body_of(answer)["code"]) == (status, code)
    assert not process.table.arrivals


def test_a_finished_job_is_409(process: Process) -> None:
    put_finished_job(process)
    answer = signal()
    assert (answer["statusCode"], body_of(answer)["code"]) == (409, "job_finished")
