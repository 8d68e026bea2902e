"""The deliverer: messages as SQS hands them over, and which of them are to come again."""

import json
from typing import Any

from functions.adapters.memory_webhooks import MemoryReceivers
from functions.handlers import serve_webhooks
from functions.handlers.deliver_webhooks import handle
from tests.event_files import event, request_event
from tests.unit.handlers.conftest import Process, log_lines

BODY = {"url": "https://example.com/hook", "events": ["*"]}


def put(name: str) -> None:
    serve_webhooks.handle(request_event("PUT", "/v1/webhooks/{name}", {"name": name}, body=BODY), None)


def messages(*bodies: object) -> dict[str, Any]:
    """The recorded event with these bodies in place of its own."""
    made = event("deliver_webhooks")
    record = made["Records"][0]
    made["Records"] = [
        {**record, "messageId": str(number), "body": body if isinstance(body, str) else json.dumps(body)}
        for number, body in enumerate(bodies)
    ]
    return made


def test_an_event_off_the_bus_is_split_and_its_deliveries_are_posted(process: Process) -> None:
    put("a")
    (record,) = event("deliver_webhooks")["Records"]
    detail = json.loads(record["body"])["event"]
    assert handle(messages({**detail, "asked": True}), None) == {"batchItemFailures": []}
    assert len(process.world.deliveries.waiting) == 1
    assert handle(event("deliver_webhooks"), None) == {"batchItemFailures": []}
    (post,) = process.world.receivers.received
    assert (post.id, json.loads(post.body)["type"]) == (detail["id"], detail["event"])


def test_only_what_could_not_be_worked_on_comes_again(process: Process) -> None:
    put("a")
    (record,) = event("deliver_webhooks")["Records"]
    detail = json.loads(record["body"])["event"]
    process.world.deliveries.refusing = True
    answer = handle(messages(record["body"], detail), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_what_is_no_message_of_ours_is_dropped_and_logged(process: Process, capsys: Any) -> None:
    process.runtime.receivers = MemoryReceivers()
    assert handle(messages("nonsense", {"deliver": 1}), None) == {"batchItemFailures": []}
    assert [line["message"] for line in log_lines(capsys)].count("message_dropped") == 2
