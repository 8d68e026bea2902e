"""The bus and the queue of deliveries on AWS's own protocol: what is sent arrives, as rules and workers see it."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from functions.adapters.aws_clients import AwsClients
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.eventbridge_bus import EventbridgeBus
from functions.adapters.sqs_deliveries import SqsDeliveries
from functions.application.delivery_messages import decode_message
from functions.application.webhook_ports import BusEntry, Delivery, QueueUnavailable, Sending
from tests.contract.jobs import NOON
from tests.contract.worlds import say

DETAIL = {"id": "job_a/1.us-east-1/1", "event": "job.submitted", "tenant": "acme", "at": NOON}
DELIVERY = Delivery(detail=DETAIL, webhook="a", first_at=NOON, due=NOON)


@pytest.fixture
def queue(clients: AwsClients, request: pytest.FixtureRequest) -> str:
    """A queue of this test's own."""
    name = f"deliveries-{abs(hash(request.node.name))}"
    return str(clients.lanes().create_queue(QueueName=name)["QueueUrl"])


def received(clients: AwsClients, queue: str) -> list[dict[str, Any]]:
    """Take all messages off a queue."""
    found: list[dict[str, Any]] = []
    while (
        page := clients.lanes()
        .receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"])
        .get("Messages")
    ):
        found.extend(page)  # type: ignore[arg-type]
    return found


class TestBus:
    def test_more_events_than_one_request_takes_are_all_taken(self, clients: AwsClients) -> None:
        clients.bus().create_event_bus(Name="many")
        bus = EventbridgeBus("many", clients.bus, BlockingCalls("bus", 1), say)
        entries = [BusEntry(name="job.submitted", detail={**DETAIL, "n": n}) for n in range(23)]
        assert list(asyncio.run(bus.publish(entries))) == []

    def test_a_bus_that_is_not_there_has_taken_nothing(self, clients: AwsClients) -> None:
        class Gone:
            def put_events(self, **_: object) -> None:
                from botocore.exceptions import ClientError

                raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "PutEvents")

        bus = EventbridgeBus("gone", Gone, BlockingCalls("bus", 1), say)  # type: ignore[arg-type]
        assert list(asyncio.run(bus.publish([BusEntry(name="n", detail=DETAIL)] * 2))) == [0, 1]

    def test_only_the_entries_that_are_refused_are_named(self) -> None:
        class Partial:
            def put_events(self, **asked: list[dict[str, str]]) -> dict[str, Any]:
                refused = [
                    {"ErrorCode": "InternalFailure"} if '"n":3' in row["Detail"] else {} for row in asked["Entries"]
                ]
                return {"FailedEntryCount": 1, "Entries": refused}

        bus = EventbridgeBus("partial", Partial, BlockingCalls("bus", 1), say)  # type: ignore[arg-type]
        entries = [BusEntry(name="n", detail={**DETAIL, "n": n}) for n in range(12)]
        assert list(asyncio.run(bus.publish(entries))) == [3]

    def test_a_request_holds_no_more_than_eventbridge_takes(self) -> None:
        sizes: list[int] = []

        class Counting:
            def put_events(self, **asked: list[dict[str, str]]) -> dict[str, Any]:
                sizes.append(sum(len(row["Detail"].encode()) for row in asked["Entries"]))
                return {"FailedEntryCount": 0, "Entries": [{} for _ in asked["Entries"]]}

        bus = EventbridgeBus("large", Counting, BlockingCalls("bus", 1), say)  # type: ignore[arg-type]
        large = BusEntry(name="n", detail={**DETAIL, "result": "x" * 100_000})
        assert list(asyncio.run(bus.publish([large] * 5))) == []
        assert len(sizes) == 3
        assert max(sizes) < 256 * 1024


class TestDeliveries:
    def test_deliveries_arrive_as_they_were_sent_in_their_tenants_group(self, clients: AwsClients, queue: str) -> None:
        deliveries = SqsDeliveries(queue, clients.lanes, BlockingCalls("deliveries", 1), say)
        sent = [replace(DELIVERY, webhook=f"w{number}") for number in range(12)]
        asyncio.run(deliveries.send([Sending(each) for each in sent]))
        messages = received(clients, queue)
        assert sorted((decode_message(each["Body"]) for each in messages), key=str) == sorted(sent, key=str)
        assert {each["Attributes"]["MessageGroupId"] for each in messages} == {"acme"}

    def test_a_delivery_that_is_put_off_does_not_come_out_at_once(self, clients: AwsClients, queue: str) -> None:
        deliveries = SqsDeliveries(queue, clients.lanes, BlockingCalls("deliveries", 1), say)
        asyncio.run(deliveries.send([Sending(DELIVERY, 900)]))
        assert received(clients, queue) == []

    def test_a_queue_that_is_gone_is_unavailable(self, clients: AwsClients, queue: str) -> None:
        deliveries = SqsDeliveries(queue + "-gone", clients.lanes, BlockingCalls("deliveries", 1), say)
        with pytest.raises(QueueUnavailable):
            asyncio.run(deliveries.send([Sending(DELIVERY)]))
