"""The function that fires schedules."""

import json

import pytest

from functions.handlers.fire_schedules import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process
from tests.unit.handlers.test_change_schedule import SCHEDULE, ask


def test_within_its_minute_it_fires_at_the_moment_and_measures_the_lag(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("PUT", "report", {**SCHEDULE, "cron": "* * * * *", "time_zone": "UTC"})
    handle(event("scheduled"), None)
    assert len(process.table.segments) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (measured,) = (line for line in lines if line["message"] == "measured")
    assert measured["schedule_lag"] == pytest.approx(0.0, abs=0.1)
    (directive,) = measured["_aws"]["CloudWatchMetrics"]
    assert directive["Metrics"] == [{"Name": "schedule_lag", "Unit": "Seconds"}]
    assert process.clock.seconds <= 1062
