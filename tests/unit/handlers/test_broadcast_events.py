"""The broadcaster: records as the table's stream shows them, and from which on they are to come again."""

from typing import Any

from functions.domain.job.events import JobSucceeded, encode
from functions.handlers.broadcast_events import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process

JOB = "job_" + "b" * 32


def records(*changes: dict[str, Any]) -> dict[str, Any]:
    """The recorded event: its record once for each of `changes`, with these parts of it replaced."""
    made = event("broadcast_events")
    made["Records"] = []
    for number, change in enumerate(changes):
        record = event("broadcast_events")["Records"][0]
        record["dynamodb"]["SequenceNumber"] = str(number)
        record["dynamodb"] |= change.pop("dynamodb", {})
        made["Records"].append({**record, **change})
    return made


def test_a_new_segment_is_told(process: Process) -> None:
    assert handle(event("broadcast_events"), None) == {"batchItemFailures": []}
    (entry,) = process.world.bus.published
    assert entry.name == "job.submitted"
    assert (entry.detail["tenant"], entry.detail["asked"]) == ("acme", False)


def test_what_is_no_new_segment_is_passed_over(process: Process) -> None:
    head = {"Keys": {"pk": {"S": f"JOB#{JOB}"}, "sk": {"S": "HEAD#us-east-1"}}}
    other = {"Keys": {"pk": {"S": "TOKEN#x"}, "sk": {"S": "E#1"}}}
    again = {"eventName": "MODIFY"}
    gone = {"eventName": "REMOVE", "dynamodb": {"NewImage": {}}}
    assert handle(records({"dynamodb": head}, {"dynamodb": other}, again, gone), None) == {"batchItemFailures": []}
    assert process.world.bus.published == []


def test_a_replicated_segment_is_told_by_the_region_that_wrote_it_only(process: Process) -> None:
    image = event("broadcast_events")["Records"][0]["dynamodb"]["NewImage"]
    handle(records({"dynamodb": {"NewImage": {**image, "writer": {"S": "us-west-2"}}}}), None)
    assert process.world.bus.published == []


def test_the_batch_comes_again_from_the_first_record_that_the_bus_does_not_take(process: Process) -> None:
    process.world.bus.refuses = lambda entry: entry.detail["job_id"] == JOB
    of_another = {"dynamodb": {"Keys": {"pk": {"S": f"JOB#{JOB}"}, "sk": {"S": "E#000001.us-east-1#00000001"}}}}
    assert handle(records({}, of_another, {}), None) == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_what_a_newer_release_wrote_is_left_for_it_and_what_came_before_is_told(process: Process) -> None:
    unknown = encode([JobSucceeded(at="2026-11-21T12:00:00.000Z", result=1)]).replace("succeeded", "of_the_future")
    image = event("broadcast_events")["Records"][0]["dynamodb"]["NewImage"]
    answer = handle(records({}, {"dynamodb": {"NewImage": {**image, "events": {"S": unknown}}}}), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert len(process.world.bus.published) == 1


def test_a_failure_of_ours_has_the_whole_batch_come_again(process: Process) -> None:
    process.world.bus.refuses = lambda entry: 1 / 0 > 0
    assert handle(records({}, {}), None) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
