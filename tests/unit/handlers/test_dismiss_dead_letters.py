"""POST /v1/dead-letters/dismiss."""

from typing import Any

import pytest

from functions.domain.dead_letter import Over
from functions.handlers.dismiss_dead_letters import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of
from tests.unit.handlers.failed_jobs import JOB, put_failed_job


def dismiss(body: object) -> dict[str, Any]:
    return handle(request_event("POST", "/v1/dead-letters/dismiss", body=body), None)


@pytest.mark.parametrize("meant", [{"filter": {}}, {"filter": {"agent": "probe"}}, {"ids": [JOB]}])
def test_what_is_meant_is_dismissed_and_counted(process: Process, meant: dict[str, object]) -> None:
    put_failed_job(process)
    answer = dismiss(meant)
    assert (answer["statusCode"], body_of(answer)) == (202, {"dismissed": 1, "next": None})
    assert [each.over for each in process.table.dead.values()] == [Over.DISMISSED]


def test_a_preview_dismisses_nothing(process: Process) -> None:
    put_failed_job(process)
    answer = dismiss({"filter": {}, "preview": True})
    assert (answer["statusCode"], body_of(answer)["count"]) == (200, 1)
    assert [each.over for each in process.table.dead.values()] == [None]


@pytest.mark.parametrize(
    ("body", "field"), [({}, "filter"), ({"filter": {}, "before": ""}, "before"), ({"ids": ["x"]}, "ids.0")]
)
def test_a_wrong_body_names_its_field(process: Process, body: object, field: str) -> None:
    answer = dismiss(body)
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, field)
