"""GET /v1/dead-letters."""

from typing import Any

import pytest

from functions.handlers.list_dead_letters import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of
from tests.unit.handlers.failed_jobs import JOB, NOON, put_failed_job


def get(**query: str) -> dict[str, Any]:
    return handle(request_event("GET", "/v1/dead-letters", query=query), None)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 1),
        ({"agent": "probe", "code": "agent_raised", "type": "job", "since": NOON, "until": "2027-01-01T00:00:00Z"}, 1),
        ({"agent": "other"}, 0),
        ({"until": NOON}, 0),
        ({"before": NOON}, 0),
        ({"type": "webhook"}, 0),
    ],
)
def test_the_list_holds_what_the_query_names(process: Process, query: dict[str, str], count: int) -> None:
    put_failed_job(process)
    answer = get(**query)
    letters = body_of(answer)["dead_letters"]
    assert (answer["statusCode"], [each["id"] for each in letters]) == (200, [JOB] * count)


def test_another_tenants_letters_are_not_shown(process: Process) -> None:
    put_failed_job(process, tenant="other")
    assert body_of(get()) == {"dead_letters": [], "next": None}


@pytest.mark.parametrize(
    ("name", "value"),
    [("type", "fax"), ("code", "No!"), ("since", "yesterday"), ("until", "2026-11-21"), ("limit", "0")],
)
def test_a_wrong_parameter_is_named(process: Process, name: str, value: str) -> None:
    answer = get(**{name: value})
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, name)
