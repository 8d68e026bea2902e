"""CloudFormation's custom resources: what it asks of a function while it deploys, and how it is answered."""

import json
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from functions.observability import EventLog

LIMIT_SECONDS = 10.0


def answer_cloudformation(event: Mapping[str, Any], log: EventLog, make: Callable[[], Mapping[str, str]]) -> None:
    """Answer a request with the attributes that `make` returns, or with what it raises.

    CloudFormation waits for an hour for an answer that does not come; so every failure is one. Nothing is undone on
    a delete, for nothing was made.
    """
    answer: dict[str, Any] = {
        "Status": "SUCCESS",
        "PhysicalResourceId": event.get("PhysicalResourceId") or event["LogicalResourceId"],
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    try:
        if event["RequestType"] != "Delete":
            answer["Data"] = dict(make())
    except Exception as error:  # noqa: BLE001 - whoever deploys is to read it at once
        log.failed("not_made", error, resource=event["LogicalResourceId"])
        answer |= {"Status": "FAILED", "Reason": f"{type(error).__name__}: {error}"[:500]}
    log.say("answered_cloudformation", status=answer["Status"], request=event["RequestType"])
    _put(event["ResponseURL"], answer)


def _put(url: str, answer: Mapping[str, Any]) -> None:
    """Send the answer; its address is signed for a request without a content type."""
    body = json.dumps(answer).encode()
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})
    with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as response:
        response.read()
