"""Resource types that the emulator's CloudFormation lacks (shims/cloudformation_types.py)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.emulator.processes import Emulators
from tests.integration.emulator.shim_proof import needs_its_shim


def alarm(name: str, **properties: Any) -> dict[str, Any]:
    common = {"AlarmName": name, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 0}
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": common | properties}


def on_metric(name: str) -> dict[str, Any]:
    return alarm(name, Namespace="test", MetricName=name, Statistic="Sum", Period=60)


@needs_its_shim
def test_an_alarm_on_a_metric_expression_can_be_deployed(either: Emulators) -> None:
    stat = {"Metric": {"Namespace": "AWS/Lambda", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"}
    metrics = [
        {"Id": "errors", "MetricStat": stat, "ReturnData": False},
        {"Id": "share", "Expression": "100 * errors", "ReturnData": True},
    ]

    either.deploy("expression", {"Share": alarm("error-share", Metrics=metrics)})

    (shown,) = either.client("cloudwatch").describe_alarms(AlarmNames=["error-share"])["MetricAlarms"]
    assert (shown["StateValue"], shown["Threshold"]) == ("INSUFFICIENT_DATA", 0.0)
    either.client("cloudwatch").put_metric_data(
        Namespace="AWS/Lambda", MetricData=[{"MetricName": "Errors", "Value": 1}]
    )
    (shown,) = either.client("cloudwatch").describe_alarms(AlarmNames=["error-share"])["MetricAlarms"]
    assert shown["StateValue"] == "INSUFFICIENT_DATA"


@needs_its_shim
def test_a_composite_alarm_follows_its_children(either: Emulators) -> None:
    composite = {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {"AlarmName": "either-one", "AlarmRule": "ALARM(one) OR ALARM(two)"},
        "DependsOn": ["One", "Two"],
    }
    resources = {"One": on_metric("one"), "Two": on_metric("two"), "Either": composite}
    either.deploy("composite", resources)
    cloudwatch = either.client("cloudwatch")

    cloudwatch.put_metric_data(Namespace="test", MetricData=[{"MetricName": "two", "Value": 1}])

    (shown,) = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert (shown["AlarmName"], shown["StateValue"]) == ("either-one", "ALARM")

    composite["Properties"] = {"AlarmName": "either-one", "AlarmRule": "ALARM(one)"}
    either.deploy("composite", resources)
    (shown,) = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert (shown["AlarmRule"], shown["StateValue"]) == ("ALARM(one)", "OK")

    del resources["Either"]
    either.deploy("composite", resources)
    assert not cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]


@needs_its_shim
def test_a_web_acl_can_be_associated_with_a_stage(either: Emulators) -> None:
    stage = "arn:aws:apigateway:us-east-1::/restapis/guarded/stages/live"
    visibility = {"CloudWatchMetricsEnabled": False, "MetricName": "acl", "SampledRequestsEnabled": False}
    acl = {
        "Type": "AWS::WAFv2::WebACL",
        "Properties": {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "VisibilityConfig": visibility},
    }
    association = {
        "Type": "AWS::WAFv2::WebACLAssociation",
        "Properties": {"ResourceArn": stage, "WebACLArn": {"Fn::GetAtt": ["Acl", "Arn"]}},
    }

    either.deploy("guarded", {"Acl": acl, "Association": association})

    assert either.client("wafv2").get_web_acl_for_resource(ResourceArn=stage)["WebACL"]["ARN"]
    either.deploy("guarded", {"Acl": acl})
    with pytest.raises(ClientError, match="WAFNonexistentItemException"):
        either.client("wafv2").get_web_acl_for_resource(ResourceArn=stage)
