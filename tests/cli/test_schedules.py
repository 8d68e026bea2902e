"""`antipode schedules`: what it sends, and what it shows."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Antipode
from tests.cli.scripted_api import ScriptedApi

SCHEDULE: dict[str, Any] = {
    "name": "report",
    "cron": "0 9 * * *",
    "time_zone": "Europe/Berlin",
    "agent": "probe",
    "input": {"steps": 1},
    "overlap": "queue",
    "catch_up": {"all": 3},
    "paused": False,
    "home_region": "us-east-1",
    "updated_at": "2030-01-01T00:00:00.000Z",
    "updated_by": "ann",
    "next_fires": ["2030-01-03T08:00:00.000Z", "2030-01-04T08:00:00.000Z"],
    "last_fires": [
        {"moment": "2030-01-02T08:00:00.000Z", "outcome": "fired", "at": "2030-01-02T08:00:00.041Z", "job": "job_1"}
    ],
    "lag_seconds": 0.041,
}
WRITTEN = {name: SCHEDULE[name] for name in ("cron", "time_zone", "agent", "input", "overlap", "catch_up")}


def answers(*bodies: dict[str, Any]) -> list[httpx.Response | httpx.RequestError]:
    return [httpx.Response(200, json=body) for body in bodies]


def test_every_option_reaches_the_api_and_the_next_fires_are_shown(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = answers(SCHEDULE)
    options = ["--cron", "0 9 * * *", "--agent", "probe", "--input", '{"steps": 1}', "--time-zone", "Europe/Berlin"]
    more = ["--lane", "batch", "--overlap", "queue", "--catch-up", "3", "--tag", "a=b", "--paused"]
    result = antipode("schedules", "set", "report", *options, *more)
    assert result.exit_code == 0, result.output
    assert (api.asked[0].method, api.asked[0].url.path) == ("PUT", "/v1/schedules/report")
    assert api.bodies() == [{**WRITTEN, "lane": "batch", "tags": {"a": "b"}, "paused": True}]
    shown = result.stdout.splitlines()
    assert "next          2030-01-03T08:00:00.000Z" in shown
    assert "last          2030-01-02T08:00:00.000Z fired job_1" in shown


def test_a_catch_up_rule_that_is_none_is_refused_before_anything_is_sent(antipode: Antipode, api: ScriptedApi) -> None:
    options = ["--cron", "* * * * *", "--agent", "probe", "--input", "{}", "--catch-up", "some"]
    assert antipode("schedules", "set", "report", *options).exit_code == 2
    assert not api.asked


def test_the_list_says_when_each_fires_next_and_how_late_it_was(antipode: Antipode, api: ScriptedApi) -> None:
    never = {**SCHEDULE, "name": "new", "paused": True, "last_fires": [], "next_fires": []}
    del never["lag_seconds"]
    api.answers = answers({"schedules": [SCHEDULE, never]}, {"schedules": []}, {"schedules": []})
    lines = antipode("schedules", "list", "--fires", "2").stdout.splitlines()
    assert "2030-01-03T08:00:00.000Z 2030-01-04T08:00:00.000Z" in lines[1]
    assert "fired  0.0 s  us-east-1" in lines[1]
    assert "paused" in lines[2]
    assert "never" in lines[2]
    assert api.asked[0].url.params["fires"] == "2"
    assert antipode("schedules", "list").stdout == "no schedules\n"
    assert json.loads(antipode("schedules", "list", "--json").stdout) == {"schedules": []}


@pytest.mark.parametrize(("command", "paused"), [("pause", True), ("resume", False)])
def test_a_schedule_is_paused_and_resumed_as_it_is(
    antipode: Antipode, api: ScriptedApi, command: str, paused: bool
) -> None:
    api.answers = answers(SCHEDULE, {**SCHEDULE, "paused": paused})
    assert antipode("schedules", command, "report").exit_code == 0
    assert [request.method for request in api.asked] == ["GET", "PUT"]
    assert json.loads(api.asked[1].content) == {**WRITTEN, "paused": paused}


def test_a_schedule_is_shown_and_deleted(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = answers(SCHEDULE, {"name": "report", "deleted": True, "at": "2030-01-01T00:00:00.000Z", "by": "ann"})
    assert json.loads(antipode("schedules", "show", "report", "--json").stdout) == SCHEDULE
    assert "report deleted at 2030-01-01T00:00:00.000Z by ann" in antipode("schedules", "delete", "report").stdout
    assert api.asked[1].method == "DELETE"
