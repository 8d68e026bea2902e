"""The log: one JSON object a line, in the shape of Powertools, and metrics that CloudWatch can read."""

import json
from typing import Any

import pytest
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from functions.observability import NAMESPACE, EventLog

NOON = "2026-11-21T12:00:00.000Z"


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def log(lines: list[str]) -> EventLog:
    return EventLog(lambda: NOON, {"environment": "test", "region": "us-east-1"}, lines.append)


def test_what_happened_is_one_line_with_its_fields(log: EventLog, lines: list[str]) -> None:
    log.say("swept", examined=3, note="zwei\nZeilen")
    assert len(lines[0].splitlines()) == 1
    assert json.loads(lines[0]) == {
        "level": "INFO",
        "message": "swept",
        "timestamp": NOON,
        "service": "antipode",
        "environment": "test",
        "region": "us-east-1",
        "examined": 3,
        "note": "zwei\nZeilen",
    }


def test_a_value_that_is_no_json_is_written_as_text(log: EventLog, lines: list[str]) -> None:
    log.say("odd", value={1, 2} and frozenset({1}), half="\ud800")
    assert json.loads(lines[0])["value"] == "frozenset({1})"
    lines[0].encode()


def test_a_failure_is_an_error_with_its_traceback(log: EventLog, lines: list[str]) -> None:
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError as error:
        log.failed("request_failed", error, request_id="r")
    line = json.loads(lines[0])
    assert (line["level"], line["error"], line["request_id"]) == ("ERROR", "ZeroDivisionError: by zero", "r")
    assert "test_observability.py" in line["traceback"]


def test_lines_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    EventLog(lambda: NOON, {}).say("swept")
    assert json.loads(capsys.readouterr().out)["message"] == "swept"


def test_counts_have_the_embedded_form_that_powertools_writes(
    log: EventLog, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    log.count({"jobs": 2, "put_back": 1}, lane="batch")
    ours: dict[str, Any] = json.loads(lines[0])
    metrics = Metrics(namespace=NAMESPACE)
    metrics.set_default_dimensions(environment="test")
    metrics.add_dimension("lane", "batch")
    metrics.add_metric("jobs", MetricUnit.Count, 2)
    metrics.add_metric("put_back", MetricUnit.Count, 1)
    metrics.flush_metrics()
    theirs: dict[str, Any] = json.loads(capsys.readouterr().out)
    (our_directive,), (their_directive,) = ours["_aws"]["CloudWatchMetrics"], theirs["_aws"]["CloudWatchMetrics"]
    assert sorted(our_directive.pop("Dimensions")[0]) == sorted(their_directive.pop("Dimensions")[0])
    assert our_directive == their_directive
    assert isinstance(ours["_aws"]["Timestamp"], type(theirs["_aws"]["Timestamp"]))
    assert ours["_aws"]["Timestamp"] == 1_795_262_400_000
    assert (ours["environment"], ours["lane"], ours["jobs"], ours["put_back"]) == ("test", "batch", 2, 1)


def test_what_is_measured_is_a_metric_of_its_unit(log: EventLog, lines: list[str]) -> None:
    log.measure({"schedule_lag": 0.25}, unit="Seconds")
    line = json.loads(lines[0])
    assert (line["message"], line["schedule_lag"], line["environment"]) == ("measured", 0.25, "test")
    assert line["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": NAMESPACE,
            "Dimensions": [["environment"]],
            "Metrics": [{"Name": "schedule_lag", "Unit": "Seconds"}],
        }
    ]
