"""How a Region tells of its jobs' events: what of its stream is told, and where what fails is kept."""

import json

from stacks.catalog import function_named
from tests.stacks.templates import Environment, resolve


def test_the_broadcaster_gets_new_segments_of_its_own_region_and_nothing_else(prod: Environment) -> None:
    for region, template in prod.regions.items():
        (mapping,) = [row for row in template.properties("Lambda::EventSourceMapping") if "StartingPosition" in row]
        (pattern,) = [json.loads(row["Pattern"]) for row in mapping["FilterCriteria"]["Filters"]]
        assert pattern == {
            "eventName": ["INSERT"],
            "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "E#"}]}}, "NewImage": {"writer": {"S": [region]}}},
        }


def test_what_fails_is_tried_again_alone_and_then_kept(prod: Environment) -> None:
    (mapping,) = [row for row in prod.first.properties("Lambda::EventSourceMapping") if "StartingPosition" in row]
    dead, _ = prod.first.only("SQS::Queue", QueueName="antipode-prod-broadcast-dead")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert (mapping["MaximumRetryAttempts"], mapping["MaximumRecordAgeInSeconds"]) == (20, 6 * 3600)
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (100, 1)
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": {"Fn::GetAtt": [dead, "Arn"]}}}
    assert resolve(mapping["FunctionName"]) == f"<{prod.first.alias_of(function_named('broadcast_events'))}>:live"


def test_the_streams_name_is_asked_of_a_function_behind_its_alias(prod: Environment) -> None:
    ((stream, asked),) = prod.first.each_of("Custom::StateStream")
    assert asked["ServiceToken"] == {"Ref": prod.first.alias_of(function_named("find_stream"))}
    assert asked["TableName"] == "antipode-prod"
    (mapping,) = [row for row in prod.first.properties("Lambda::EventSourceMapping") if "StartingPosition" in row]
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [stream, "StreamArn"]}


def test_the_bus_hands_on_what_a_webhook_asks_for_as_its_detail_alone(prod: Environment) -> None:
    bus, properties = prod.first.only("Events::EventBus")
    (rule,) = [row for row in prod.first.properties("Events::Rule") if "EventBusName" in row]
    (target,) = rule["Targets"]
    queue, _ = prod.first.only("SQS::Queue", QueueName="antipode-prod-webhooks")
    dead, _ = prod.first.only("SQS::Queue", QueueName="antipode-prod-broadcast-dead")
    assert properties["Name"] == "antipode-prod"
    assert rule["EventBusName"] == {"Ref": bus}
    assert rule["EventPattern"] == {"source": ["antipode"], "detail": {"asked": [True]}}
    assert (target["Arn"], target["InputPath"]) == ({"Fn::GetAtt": [queue, "Arn"]}, "$.detail")
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [dead, "Arn"]}}


def test_deliveries_have_a_queue_of_their_own_that_hides_them_long_enough(prod: Environment) -> None:
    queue, properties = prod.first.only("SQS::Queue", QueueName="antipode-prod-webhooks")
    dead, _ = prod.first.only("SQS::Queue", QueueName="antipode-prod-webhooks-dead")
    assert properties["VisibilityTimeout"] == 6 * function_named("deliver_webhooks").timeout_seconds
    assert properties["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": [dead, "Arn"]},
        "maxReceiveCount": 20,
    }
    _, mapping = prod.first.only("Lambda::EventSourceMapping", EventSourceArn={"Fn::GetAtt": [queue, "Arn"]})
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 10}
