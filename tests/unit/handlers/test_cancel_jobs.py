"""POST /v1/jobs/cancel."""

from typing import Any

import pytest

from functions.handlers.cancel_jobs import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of
from tests.unit.handlers.waiting_jobs import JOB, NOON, put_waiting_job


def cancel(body: object = None) -> dict[str, Any]:
    return handle(request_event("POST", "/v1/jobs/cancel", body=body, authorizer={"principal": "ann"}), None)


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (None, 1),
        ({"agent": "probe", "reason": "enough"}, 1),
        ({"agent": "other"}, 0),
        ({"before": NOON}, 0),
        ({"before": "2026-11-21T13:00:00.001+01:00"}, 1),
        ({"before": f"{NOON}#{JOB}"}, 0),
    ],
)
def test_the_unfinished_jobs_that_are_meant_are_asked_and_counted(
    process: Process, body: dict[str, str] | None, count: int
) -> None:
    put_waiting_job(process)
    answer = cancel(body)
    assert (answer["statusCode"], body_of(answer)) == (202, {"cancelled": count, "next": None})
    said = [(row.arrival.by, row.arrival.body) for row in process.table.arrivals.values()]
    assert said == [("ann", (body or {}).get("reason"))] * count


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"before": "yesterday"}, "before"),
        ({"before": "2026-11-21"}, "before"),
        ({"agent": ""}, "agent"),
        ({"x": 1}, "x"),
    ],
)
def test_a_wrong_body_names_its_field_and_cancels_nothing(process: Process, body: object, field: str) -> None:
    put_waiting_job(process)
    answer = cancel(body)
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, field)
    assert not process.table.arrivals
