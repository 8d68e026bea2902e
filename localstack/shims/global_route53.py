"""Route 53 is one service for all Regions, and its health checks are CloudFormation resources.

Every process has a Route 53 of its own. A Region's hands all its requests, and the CloudFormation handlers of
zones, records and health checks, on to the process that plays the global services, so that both Regions' stacks
write into the same zone and the DNS server reads one. The emulator has no handler for health checks at all, and
answers `Inverted` and its other flags in a spelling that SDKs read as false.
"""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from localstack.shims import peering
from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, edit, module, wrap
from localstack.shims.worker_threads import run_on_worker_thread

Properties = dict[str, Any]

_ROUTE53 = "services.route53"
_PROVISIONERS = "services.cloudformation.provisioners"
_HANDLE_REQUEST = Target(_ROUTE53, "handle_request", "c201ac22eafd99eb")
_BUILD_HEALTH_CHECK = Target(_ROUTE53, "_build_health_check_el", "8b8fda74069ed6cd")
_HEALTH_CHECK = "AWS::Route53::HealthCheck"
_TYPES = ("AWS::Route53::HostedZone", "AWS::Route53::RecordSet", _HEALTH_CHECK)
_REQUEST = "route53-request"
_RESOURCE = "route53-resource"

# The properties that Route 53 cannot change on an existing health check.
_FIXED_AT_CREATION = ("Type", "RequestInterval", "MeasureLatency", "RoutingControlArn")


def install(neighbourhood: Neighbourhood) -> None:
    edit(
        _BUILD_HEALTH_CHECK,
        ("str(cfg[field])", "str(cfg[field]).lower() if isinstance(cfg[field], bool) else str(cfg[field])"),
    )
    handlers = module(_PROVISIONERS)._RESOURCE_HANDLERS
    handlers[_HEALTH_CHECK] = {"create": _create, "update": _update, "delete": _delete}
    if neighbourhood.plays_global_services:
        handle_request = _HANDLE_REQUEST.checked()
        peering.answer(_REQUEST, neighbourhood.region, lambda question: _answer_request(handle_request, question))
        peering.answer(_RESOURCE, neighbourhood.region, _answer_resource)
        return
    wrap(_HANDLE_REQUEST, lambda _: _forwarding_requests(neighbourhood.global_url))
    for resource_type in _TYPES:
        handlers[resource_type] = _forwarding_resources(neighbourhood.global_url, resource_type)
    run_on_worker_thread(*_TYPES)


def _forwarding_requests(global_url: str) -> Any:
    async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> tuple[int, Any, bytes]:
        question = {"method": method, "path": path, "query": query, "body": base64.b64encode(body or b"").decode()}
        try:
            reply = await asyncio.to_thread(peering.ask, global_url, _REQUEST, question)
        except (peering.PeerUnreachable, peering.PeerRefused) as failure:
            refused: tuple[int, Any, bytes] = module(_ROUTE53)._error_response("ServiceUnavailable", str(failure), 503)
            return refused
        return reply["status"], reply["headers"], base64.b64decode(reply["body"])

    return handle_request


async def _answer_request(handle_request: Any, question: dict[str, Any]) -> dict[str, Any]:
    body = base64.b64decode(question["body"])
    status, headers, reply = await handle_request(question["method"], question["path"], {}, body, question["query"])
    return {"status": status, "headers": headers, "body": base64.b64encode(reply).decode()}


def _forwarding_resources(global_url: str, resource_type: str) -> dict[str, Any]:
    def forward(verb: str, *arguments: Any) -> Any:
        question = {"type": resource_type, "verb": verb, "arguments": arguments}
        return peering.ask(global_url, _RESOURCE, question)["result"]

    return {
        "create": lambda *arguments: tuple(forward("create", *arguments)),
        "update": lambda *arguments: tuple(forward("update", *arguments)),
        "delete": lambda *arguments: forward("delete", *arguments),
    }


def _answer_resource(question: dict[str, Any]) -> dict[str, Any]:
    handler = module(_PROVISIONERS)._RESOURCE_HANDLERS[question["type"]][question["verb"]]
    return {"result": handler(*question["arguments"])}


def _create(_logical_id: str, props: Properties, _stack_name: str) -> tuple[str, dict[str, str]]:
    route53 = module(_ROUTE53)
    check_id = route53._hc_id()
    check = {"id": check_id, "caller_reference": check_id, "config": _config(props), "version": 1}
    with route53._lock:
        route53._health_checks[check_id] = check
        route53._hc_caller_refs[check_id] = check_id
        route53._tags[("healthcheck", check_id)] = _tags(props)
    return check_id, {"HealthCheckId": check_id}


def _update(check_id: str, old: Properties, new: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
    route53 = module(_ROUTE53)
    before, after = _config(old), _config(new)
    check = route53._health_checks.get(check_id)
    if check is None or any(before.get(name) != after.get(name) for name in _FIXED_AT_CREATION):
        created = _create("", new, stack_name)
        module(_PROVISIONERS)._delete_predecessor(_delete, check_id, old)
        return created
    with route53._lock:
        check["config"] = after
        check["version"] += 1
        route53._tags[("healthcheck", check_id)] = _tags(new)
    return check_id, {"HealthCheckId": check_id}


def _delete(check_id: str, _props: Properties) -> None:
    route53 = module(_ROUTE53)
    with route53._lock:
        check = route53._health_checks.pop(check_id, None)
        if check is not None:
            route53._hc_caller_refs.pop(check["caller_reference"], None)
            route53._tags.pop(("healthcheck", check_id), None)


def _config(props: Properties) -> Properties:
    """A template's configuration with the values that Route 53 fills in, in the types in which its API keeps them."""
    config: Properties = {}
    for name, value in props.get("HealthCheckConfig", {}).items():
        if name in ("Port", "RequestInterval", "FailureThreshold", "HealthThreshold"):
            config[name] = int(value)
        elif name in ("MeasureLatency", "EnableSNI", "Inverted", "Disabled"):
            config[name] = str(value).lower() == "true"
        else:
            config[name] = value
    if config.get("Type") not in ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"):
        config = {"RequestInterval": 30, "FailureThreshold": 3} | config
    return config


def _tags(props: Properties) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in props.get("HealthCheckTags", [])}
