"""Mappings of DynamoDB streams keep to their windows and isolate what fails (shims/stream_mappings.py)."""

from __future__ import annotations

import itertools
import json
from typing import Any

from tests.eventually import eventually
from tests.integration.emulator.processes import Emulators, allow
from tests.integration.emulator.shim_proof import needs_its_shim

#: Says which items it was called with; fails on the one named `poison`, and reports from `stuck` on.
TELLS = """
    import json, boto3

    def handler(event, context):
        print("called")
        names = [record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"]]
        boto3.client("sqs").send_message(QueueUrl="{queue}", MessageBody=json.dumps(names))
        if "poison" in names:
            raise ValueError("poison")
        numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
        stuck = [number for number, name in zip(numbers, names) if name == "stuck"]
        return {{"batchItemFailures": [{{"itemIdentifier": number}} for number in stuck[:1]]}}
"""
_numbers = itertools.count(1)


class World:
    """A table, a function that its stream calls, and what the function says."""

    def __init__(self, emulators: Emulators, **mapping: Any) -> None:
        name = f"mapped-{next(_numbers)}"
        self._database, self._queues = emulators.client("dynamodb"), emulators.client("sqs")
        self._table = name
        made = self._database.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        self._heard = self._queue(f"{name}-heard")
        self._dead = self._queue(f"{name}-dead")
        emulators.function(name, TELLS.format(queue=self._heard), allow("sqs:SendMessage"))
        dead = self._queues.get_queue_attributes(QueueUrl=self._dead, AttributeNames=["QueueArn"])
        emulators.client("lambda").create_event_source_mapping(
            FunctionName=name,
            EventSourceArn=made["TableDescription"]["LatestStreamArn"],
            StartingPosition="TRIM_HORIZON",
            DestinationConfig={"OnFailure": {"Destination": dead["Attributes"]["QueueArn"]}},
            **mapping,
        )

    def _queue(self, name: str) -> str:
        return str(self._queues.create_queue(QueueName=name)["QueueUrl"])

    def put(self, *names: str) -> None:
        for name in names:
            self._database.put_item(TableName=self._table, Item={"pk": {"S": name}})

    def heard(self) -> list[list[str]]:
        """The batches that the function was called with since the last look."""
        return [json.loads(body) for body in self._taken(self._heard)]

    def dead(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self._taken(self._dead)]

    def _taken(self, queue: str) -> list[str]:
        taken = []
        while page := self._queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in page:
                self._queues.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                taken.append(message["Body"])
        return taken


@needs_its_shim
def test_records_of_one_window_are_one_batch(either: Emulators) -> None:
    world = World(either, BatchSize=100, MaximumBatchingWindowInSeconds=1)
    world.put(*"abcdef")
    assert eventually(world.heard, within=20, what="the function is called") == [list("abcdef")]


@needs_its_shim
def test_a_record_that_always_fails_is_isolated_and_then_left_out(either: Emulators) -> None:
    world = World(
        either,
        BatchSize=100,
        MaximumBatchingWindowInSeconds=1,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
    )
    world.put("a", "b", "poison", "c")
    heard: list[list[str]] = []

    def last_is_told() -> bool:
        heard.extend(world.heard())
        return ["c"] in heard

    eventually(last_is_told, within=30, every=0.2, what="what comes after the poison is told")
    assert ["poison"] in heard
    assert ["a", "b"] in heard
    (letter,) = eventually(world.dead, within=10, what="the poison is kept")
    assert letter["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert letter["DDBStreamBatchInfo"]["batchSize"] == 1


@needs_its_shim
def test_a_batch_goes_on_from_the_record_that_the_function_names(either: Emulators) -> None:
    world = World(
        either,
        BatchSize=100,
        MaximumBatchingWindowInSeconds=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    world.put("a", "stuck", "b")
    heard: list[list[str]] = []

    def tried_again() -> bool:
        heard.extend(world.heard())
        return len(heard) >= 3

    eventually(tried_again, within=20, every=0.2, what="it is tried again")
    assert heard[:3] == [["a", "stuck", "b"], ["stuck", "b"], ["stuck", "b"]]
