"""Resource types and properties that the emulator's services know and its CloudFormation does not.

A template with one of them would be refused as a whole. Nothing here invents a service: each handler calls what the
emulator has. What then does not happen is in docs/local-cloud.md: an alarm on a metric expression is kept and never
evaluated, an associated web ACL never blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, module, wrap

Properties = dict[str, Any]

_PROVISIONERS = "services.cloudformation.provisioners"
_ALARM_RECORD = Target(_PROVISIONERS, "_cw_metric_alarm_record", "4565fcede1ebf266")


def install(_: Neighbourhood) -> None:
    handlers = module(_PROVISIONERS)._RESOURCE_HANDLERS
    handlers["AWS::CloudWatch::CompositeAlarm"] = {
        "create": _create_composite_alarm,
        "update": _update_composite_alarm,
        "delete": _delete_composite_alarm,
    }
    handlers["AWS::WAFv2::WebACLAssociation"] = {
        "create": _associate_web_acl,
        "update": _reassociate_web_acl,
        "delete": _disassociate_web_acl,
    }
    wrap(_ALARM_RECORD, _with_metric_expressions)


def _with_metric_expressions(record: Callable[..., Properties]) -> Callable[..., Properties]:
    def alarm_record(name: str, props: Properties) -> Properties:
        if not props.get("Metrics"):
            return record(name, props)
        of_one_metric = {"MetricName": "none", "Namespace": "none"}
        alarm = record(name, {key: value for key, value in props.items() if key != "Metrics"} | of_one_metric)
        for key in ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit"):
            alarm.pop(key, None)
        return alarm | {"Metrics": props["Metrics"]}

    return alarm_record


def _create_composite_alarm(logical_id: str, props: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
    name = props.get("AlarmName") or module(_PROVISIONERS)._physical_name(stack_name, logical_id, max_len=255)
    return _put_composite_alarm(name, props)


def _update_composite_alarm(name: str, old: Properties, new: Properties, stack_name: str) -> Any:
    if new.get("AlarmName") not in (None, name):
        created = _create_composite_alarm("", new, stack_name)
        module(_PROVISIONERS)._delete_predecessor(_delete_composite_alarm, name, old)
        return created
    return _put_composite_alarm(name, new)


def _put_composite_alarm(name: str, props: Properties) -> tuple[str, dict[str, str]]:
    cloudwatch = module("services.cloudwatch")
    _succeed(cloudwatch._put_composite_alarm({}, {**props, "AlarmName": name}, False, True))
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def _delete_composite_alarm(name: str, _props: Properties) -> None:
    _succeed(module("services.cloudwatch")._delete_alarms({}, {"AlarmNames": [name]}, False, True))


def _associate_web_acl(_logical_id: str, props: Properties, _stack_name: str) -> tuple[str, dict[str, str]]:
    _succeed(module("services.waf")._associate_web_acl(props))
    return f"{props['ResourceArn']}|{props['WebACLArn']}", {}


def _reassociate_web_acl(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Any:
    if old["ResourceArn"] != new["ResourceArn"]:
        _disassociate_web_acl(physical_id, old)
    return _associate_web_acl("", new, stack_name)


def _disassociate_web_acl(_physical_id: str, props: Properties) -> None:
    _succeed(module("services.waf")._disassociate_web_acl(props))


def _succeed(response: tuple[int, Any, bytes | str]) -> None:
    if response[0] >= 400:
        raise ValueError(str(response[2]))
