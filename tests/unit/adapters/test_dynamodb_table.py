"""What DynamoDB's refusals mean, and that a peer which does not answer costs less than a second."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from functions.adapters.aws_clients import PEER_LIMIT_SECONDS, AwsClients
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.dynamodb_table import DynamodbTable, text
from functions.application.ports import StateUnavailable

ITEM = {"pk": text("JOB#1"), "sk": text("HEAD#us-east-1")}


@pytest.fixture
def said() -> list[dict[str, object]]:
    return []


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> AwsClients:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unit")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unit")
    return AwsClients("us-east-1", "us-west-2", None)


@pytest.fixture
def stubber(clients: AwsClients) -> Iterator[Stubber]:
    with Stubber(clients.state()) as stubber:
        yield stubber


@pytest.fixture
def table(clients: AwsClients, said: list[dict[str, object]]) -> DynamodbTable:
    def say(event: str, **fields: object) -> None:
        said.append({"event": event, **fields})

    return DynamodbTable("t", clients.state, BlockingCalls("state", 2), say)


@pytest.mark.parametrize(
    "code",
    [
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "InternalServerError",
        "ServiceUnavailable",
        "ExpiredTokenException",
        "ReplicatedWriteConflictException",
    ],
)
def test_a_table_that_refuses_for_now_is_unavailable(table: DynamodbTable, stubber: Stubber, code: str) -> None:
    stubber.add_client_error("put_item", code)
    with pytest.raises(StateUnavailable, match=code):
        asyncio.run(table.put(ITEM))


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "UnrecognizedClientException"])
def test_a_missing_permission_or_table_is_unavailable_and_said_as_an_error(
    table: DynamodbTable, stubber: Stubber, said: list[dict[str, object]], code: str
) -> None:
    stubber.add_client_error("get_item", code, "not you")
    with pytest.raises(StateUnavailable):
        asyncio.run(table.get("JOB#1", "HEAD#us-east-1", consistent=True))
    assert [(line["event"], line["level"], line["table"]) for line in said] == [("state_misconfigured", "ERROR", "t")]
    assert code in str(said[0]["error"])


@pytest.mark.parametrize("code", ["ValidationException", "SerializationException"])
def test_a_request_that_is_wrong_is_our_bug_and_no_outage(table: DynamodbTable, stubber: Stubber, code: str) -> None:
    stubber.add_client_error("put_item", code, "Item size has exceeded the maximum allowed size")
    with pytest.raises(ClientError, match="Item size"):
        asyncio.run(table.put(ITEM))


def test_a_place_that_is_taken_gives_what_is_there(table: DynamodbTable, stubber: Stubber) -> None:
    there = {**ITEM, "events": text("[]")}
    stubber.add_client_error("put_item", "ConditionalCheckFailedException", modeled_fields={"Item": there})
    assert asyncio.run(table.put_new(ITEM)) == there


def test_a_query_reads_on_until_the_last_page(table: DynamodbTable, stubber: Stubber) -> None:
    sent = {"TableName": "t", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": text("JOB#1")}}
    first = {"Items": [ITEM], "LastEvaluatedKey": ITEM}
    stubber.add_response("query", first, {**sent, "ConsistentRead": True})
    stubber.add_response("query", {"Items": []} | first, {**sent, "ConsistentRead": True, "ExclusiveStartKey": ITEM})
    stubber.add_response("query", {"Items": [ITEM]}, {**sent, "ConsistentRead": True, "ExclusiveStartKey": ITEM})
    assert asyncio.run(table.query("pk = :p", {":p": text("JOB#1")})) == [ITEM, ITEM, ITEM]
    stubber.assert_no_pending_responses()


def test_a_limited_query_asks_for_no_more_than_is_missing(table: DynamodbTable, stubber: Stubber) -> None:
    sent = {"TableName": "t", "KeyConditionExpression": "due_pk = :p", "ExpressionAttributeValues": {":p": text("a")}}
    sent |= {"IndexName": "due"}
    stubber.add_response("query", {"Items": [ITEM, ITEM], "LastEvaluatedKey": ITEM}, {**sent, "Limit": 3})
    last: dict[str, Any] = {"Items": [ITEM], "LastEvaluatedKey": ITEM}
    stubber.add_response("query", last, {**sent, "Limit": 1, "ExclusiveStartKey": ITEM})
    assert len(asyncio.run(table.query("due_pk = :p", {":p": text("a")}, index="due", limit=3))) == 3
    stubber.assert_no_pending_responses()


def test_an_answer_that_comes_after_the_limit_is_no_answer() -> None:
    release = threading.Event()

    class Slow:
        def put_item(self, **_: object) -> None:
            release.wait()

    def make() -> Any:
        return Slow()

    table = DynamodbTable("t", make, BlockingCalls("slow", 1), lambda event, **fields: None, limit_seconds=0.01)
    try:
        with pytest.raises(StateUnavailable, match=r"0\.01 s"):
            asyncio.run(table.put(ITEM))
    finally:
        release.set()


def test_making_the_client_does_not_count_against_the_limit() -> None:
    class Quick:
        def put_item(self, **_: object) -> None:
            pass

    def make() -> Any:
        Event().wait(0.6)  # longer than the limit
        return Quick()

    table = DynamodbTable("t", make, BlockingCalls("quick", 1), lambda event, **fields: None, limit_seconds=0.5)
    asyncio.run(table.put(ITEM))


def _peer_table(monkeypatch: pytest.MonkeyPatch, port: int) -> DynamodbTable:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unit")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unit")
    clients = AwsClients("us-east-1", "us-west-2", f"http://127.0.0.1:{port}")
    clients.peer_state()
    calls = BlockingCalls("peer", 4)
    return DynamodbTable("t", clients.peer_state, calls, lambda event, **fields: None, PEER_LIMIT_SECONDS)


def test_a_peer_that_takes_the_connection_and_says_nothing_is_given_up_on_long_before_botocore_would(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def both(table: DynamodbTable) -> list[object]:
        calls = (table.put(ITEM), table.get("JOB#1", "x", consistent=True))
        return list(await asyncio.gather(*calls, return_exceptions=True))

    with socket.create_server(("127.0.0.1", 0)) as silent:
        table = _peer_table(monkeypatch, silent.getsockname()[1])
        began = time.monotonic()
        outcomes = asyncio.run(both(table))
        took = time.monotonic() - began
    assert [type(outcome) for outcome in outcomes] == [StateUnavailable, StateUnavailable]
    assert took < 15, "botocore alone would read for 60 s; the bound is loose because machines are busy"


def test_a_peer_that_refuses_the_connection_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(StateUnavailable):
        asyncio.run(_peer_table(monkeypatch, port).put(ITEM))
