"""What an operator is told of, and that somebody hears it."""

import pytest

from tests.stacks.templates import Environment, resolve


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
