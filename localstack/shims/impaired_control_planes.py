"""The control planes of AWS can be impaired while their data planes work, as in most of its large events.

On order every call that makes, changes or describes something is refused as AWS refuses it then, and noted, so that a
drill sees who made one. What is left is what jobs are made of: items, messages, objects, invocations. Our own tools,
which stand for the insides of AWS (replication, the DNS servers), may go on reading.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localstack.admin import ADMIN_KEY
from localstack.shims import peering
from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, module, wrap

Answer = tuple[int, dict[str, str], bytes]
Dispatch = Callable[..., Awaitable[Answer]]

ORDER = "control-planes"
_DISPATCH = Target("app", "_dispatch_service_request", "17e5ef6dcfa0d4e6")
#: What is data plane, by service, as IAM names it. Everything else is control plane.
DATA_PLANE: Mapping[str, frozenset[str]] = {
    service: frozenset(actions.split())
    for service, actions in {
        "dynamodb": "GetItem PutItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem TransactGetItems "
        "TransactWriteItems ConditionCheckItem DescribeStream GetRecords GetShardIterator ListStreams",
        "sqs": "SendMessage ReceiveMessage DeleteMessage ChangeMessageVisibility GetQueueAttributes GetQueueUrl",
        "s3": "GetObject PutObject DeleteObject ListBucket",
        "lambda": "InvokeFunction",
        "bedrock": "InvokeModel InvokeModelWithResponseStream",
        "events": "PutEvents",
        "sns": "Publish",
        "kms": "Decrypt Encrypt GenerateDataKey",
        "cloudwatch": "PutMetricData",
        "logs": "CreateLogStream PutLogEvents",
        "sts": "AssumeRole GetCallerIdentity",
        "execute-api": "Invoke",
    }.items()
}
_READS = ("Describe", "Get", "List", "Head")


def is_data_plane(action: str) -> bool:
    """Whether a call of this IAM action (`dynamodb:PutItem`) reaches no control plane."""
    service, _, operation = action.partition(":")
    return operation in DATA_PLANE.get(service, ())


@dataclass
class _Impairment:
    """Whether this process refuses, and what it has refused since it was told to."""

    refuses: bool = False
    refused: list[str] = field(default_factory=list)

    def order(self, question: Mapping[str, Any]) -> dict[str, Any]:
        refused = list(self.refused)
        if "refuse" in question:
            self.refuses = bool(question["refuse"])
            self.refused.clear()
        return {"refused": refused}


def install(neighbourhood: Neighbourhood) -> None:
    impairment = _Impairment()
    peering.answer(ORDER, neighbourhood.region, impairment.order)
    wrap(_DISPATCH, lambda dispatch: _refusing(dispatch, impairment))


def _refusing(dispatch: Dispatch, impairment: _Impairment) -> Dispatch:
    async def dispatched(
        method: str, path: str, headers: Any, body: bytes, query_params: Any, request_id: str
    ) -> Answer:
        if impairment.refuses:
            action, key = _who_asks_what(method, path, headers, body, query_params)
            reads = action.partition(":")[2].startswith(_READS) or action == "apigateway:GET"
            if not (is_data_plane(action) or (reads and key == ADMIN_KEY)):
                impairment.refused.append(action)
                return _refusal(action, request_id)
        return await dispatch(method, path, headers, body, query_params, request_id)

    return dispatched


def _who_asks_what(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> tuple[str, str]:
    app, actions = module("app"), module("core.iam_actions")
    parameters = app._routing_params(method, path, headers, body, query_params)
    service = app.detect_service(method, path, headers, parameters)
    action = actions.extract_iam_action(service, method, path, headers, body, parameters)
    return action or f"{service}:{method}", app.extract_access_key_id(headers, query_params)


def _refusal(action: str, request_id: str) -> Answer:
    """As the service's own clients read it."""
    message = f"{action} is refused: the control plane is impaired"
    if module("core.iam_actions")._SERVICE_PROTOCOL.get(action.partition(":")[0], "json").endswith("xml"):
        error = f"<Error><Type>Receiver</Type><Code>ServiceUnavailable</Code><Message>{message}</Message></Error>"
        text = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
        return 503, {"Content-Type": "text/xml"}, text.encode()
    body = json.dumps({"__type": "ServiceUnavailable", "message": message}).encode()
    return 503, {"Content-Type": "application/json", "x-amzn-errortype": "ServiceUnavailable"}, body
