"""PUT and DELETE /v1/schedules/{name}."""

from typing import Any

import pytest

from functions.adapters.memory_schedules import MemorySchedules
from functions.handlers.change_schedule import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of

SCHEDULE: dict[str, Any] = {
    "cron": "*/5 * * * *",
    "time_zone": "Europe/Berlin",
    "agent": "probe",
    "input": {"steps": 1, "milliseconds": 0},
}


def ask(method: str, name: str, body: object = None) -> dict[str, Any]:
    """Send what the tenant asks of one schedule."""
    authorizer = {"principal": "ann"}
    return handle(request_event(method, "/v1/schedules/{name}", {"name": name}, body=body, authorizer=authorizer), None)


def test_a_schedule_is_answered_with_its_next_fires_and_is_gone_when_it_is_deleted(process: Process) -> None:
    answer = ask("PUT", "report", {**SCHEDULE, "catch_up": {"all": 4}, "tags": {"a": "b"}, "overlap": "queue"})
    body = body_of(answer)
    assert (answer["statusCode"], body["catch_up"], body["overlap"], body["durability"]) == (
        200,
        {"all": 4},
        "queue",
        "both",
    )
    assert body["next_fires"][0] == "2026-11-21T12:05:00.000Z"
    gone = ask("DELETE", "report")
    assert (gone["statusCode"], body_of(gone)["deleted"]) == (200, True)
    again = ask("DELETE", "report")
    assert (again["statusCode"], body_of(again)["code"]) == (404, "schedule_not_found")


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"cron": "x"}, "invalid_body", "cron"),
        ({"cron": None}, "invalid_body", "cron"),
        ({"time_zone": "Mars"}, "invalid_body", "time_zone"),
        ({"overlap": "allow"}, "invalid_body", "overlap"),
        ({"catch_up": "all"}, "invalid_body", "catch_up"),
        ({"catch_up": {"all": 0}}, "invalid_body", "catch_up"),
        ({"agent": "nobody"}, "unknown_agent", "agent"),
        ({"lane": "gpu"}, "unknown_lane", "lane"),
        ({"input": {"steps": -1}}, "invalid_body", "input.steps"),
        ({"tags": {"schedule": "mine"}}, "invalid_body", "tags.schedule"),
        ({"paused": "yes"}, "invalid_body", "paused"),
        ({"every": 5}, "invalid_body", "every"),
    ],
)
def test_a_wrong_body_names_its_field_and_writes_nothing(
    process: Process, wrong: dict[str, Any], code: str, field: str
) -> None:
    answer = ask("PUT", "report", {**SCHEDULE, **wrong})
    problem = body_of(answer)
    assert (answer["statusCode"], problem["code"], problem["field"]) == (400, code, field)
    assert isinstance(process.runtime.schedules, MemorySchedules)
    assert not process.runtime.schedules.settings


@pytest.mark.parametrize("name", ["a b", "", "x" * 65, "a#b"])
def test_a_name_that_is_none_is_400(process: Process, name: str) -> None:
    answer = ask("PUT", name, SCHEDULE)
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, "name")
