"""What an operator is told of, and that somebody hears it."""

import re

import pytest

from stacks.constructs.alarms import RUNBOOK
from stacks.environments import configuration_of
from tests.runbooks import FOLDER
from tests.stacks.templates import Environment, resolve
from tests.stacks.variants import PRODUCTION


def test_every_alarm_speaks_to_the_topic_when_it_rises_and_when_it_falls(prod: Environment) -> None:
    topic, properties = prod.first.only("SNS::Topic")
    by_name = f"arn:<AWS::Partition>:sns:us-east-1:<AWS::AccountId>:{properties['TopicName']}"
    for alarm in prod.first.properties("CloudWatch::Alarm"):
        assert alarm["AlarmActions"] == alarm["OKActions"]
        (heard_by,) = resolve(alarm["AlarmActions"])
        assert heard_by in (f"<{topic}>", by_name), alarm["AlarmName"]
        assert alarm["AlarmDescription"]


@pytest.mark.parametrize(
    ("queue", "metric"),
    [
        ("critical-dead", ("NumberOfMessagesReceived", "Sum")),
        ("standard-dead", ("NumberOfMessagesReceived", "Sum")),
        ("batch-dead", ("NumberOfMessagesReceived", "Sum")),
        ("schedules-dead", ("ApproximateNumberOfMessagesVisible", "Maximum")),
    ],
)
def test_one_dead_letter_is_told_of(queue: str, metric: tuple[str, str], prod: Environment) -> None:
    logical_id, _ = prod.first.only("SQS::Queue", QueueName=f"antipode-prod-{queue}")
    _, alarm = prod.first.only("CloudWatch::Alarm", AlarmName=f"antipode-prod-{queue}-letters")
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [logical_id, "QueueName"]}}]
    assert (alarm["MetricName"], alarm["Statistic"]) == metric
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")
    assert alarm["TreatMissingData"] == "notBreaching"


def test_every_queue_that_should_be_empty_is_watched(prod: Environment) -> None:
    dead = {queue["QueueName"] for queue in prod.first.properties("SQS::Queue") if "RedrivePolicy" not in queue}
    watched = {alarm["AlarmName"].removesuffix("-letters") for alarm in prod.first.properties("CloudWatch::Alarm")}
    assert dead
    assert dead <= watched


@pytest.mark.parametrize(("lane", "seconds"), [("critical", 60), ("standard", 300), ("batch", 3600)])
def test_a_lane_that_falls_behind_is_told_of(lane: str, seconds: int, prod: Environment) -> None:
    _, alarm = prod.first.only("CloudWatch::Alarm", AlarmName=f"antipode-prod-{lane}-late")
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateAgeOfOldestMessage", seconds)


def test_a_sentinel_that_is_silent_is_told_of_though_it_sends_no_data(prod: Environment) -> None:
    _, alarm = prod.first.only("CloudWatch::Alarm", AlarmName="antipode-prod-heartbeat-missing")
    sentinel, _ = prod.first.only("Lambda::Function", FunctionName="antipode-prod-watch-regions")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": sentinel}}]
    assert (alarm["MetricName"], alarm["ComparisonOperator"]) == ("Invocations", "LessThanThreshold")
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["EvaluationPeriods"] * alarm["Period"] == 180


def test_server_errors_of_the_api_are_told_of(prod: Environment) -> None:
    _, alarm = prod.first.only("CloudWatch::Alarm", AlarmName="antipode-prod-api-server-errors")
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Threshold"]) == ("AWS/ApiGateway", "5XXError", 5)
    stage, _ = prod.first.only("ApiGateway::Stage")
    assert {"Name": "Stage", "Value": f"<{stage}>"} in resolve(alarm["Dimensions"])


def test_an_operator_s_address_hears_the_topic(prod: Environment, latency: Environment) -> None:
    topic, _ = latency.first.only("SNS::Topic")
    _, subscription = latency.first.only("SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "oncall@example.com")
    assert subscription["TopicArn"] == {"Ref": topic}
    assert prod.first.properties("SNS::Subscription") == []


def test_an_archiver_that_is_refused_hour_after_hour_is_told_of(prod: Environment) -> None:
    """The metric is the one that `tests/unit/handlers/test_archive_jobs.py` sees the archiver write."""
    _, alarm = prod.first.only("CloudWatch::Alarm", AlarmName="antipode-prod-archive-refused")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("Antipode", "archive_runs_refused")
    assert alarm["Dimensions"] == [{"Name": "environment", "Value": "prod"}]
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (3600, 6, 5)
    assert alarm["TreatMissingData"] == "notBreaching"


def test_the_runbook_says_of_every_alarm_what_to_do(prod: Environment) -> None:
    page = (FOLDER / "alarms.md").read_text()
    assert RUNBOOK.endswith("/alarms.md")
    lanes = "|".join(lane.name for lane in configuration_of(PRODUCTION).lanes)
    alarms = prod.first.properties("CloudWatch::Alarm")
    assert len(alarms) > 20
    for alarm in alarms:
        assert RUNBOOK in alarm["AlarmDescription"]
        name = alarm["AlarmName"].removeprefix("antipode-prod-")
        kind = re.sub(rf"^({lanes})-(dead-letters|late)$", r"<lane>-\2", name)
        kinds = {kind, re.sub(r"^.*-errors$", "<function>-errors", kind)}
        assert any(f"`{each}`" in page for each in kinds), name
