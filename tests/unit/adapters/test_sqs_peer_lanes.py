"""The peer's lanes: found by the names of our own, asked for once, and not waited for when the peer is away."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from botocore.stub import Stubber
from mypy_boto3_sqs import SQSClient

from functions.adapters.aws_clients import AwsClients
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.sqs_peer_lanes import SqsPeerLanes
from functions.application.ports import LaneSend, LaneUnavailable
from functions.domain.lanes import LaneMessage

URLS = {
    "critical": "https://sqs.us-east-1.amazonaws.com/1/antipode-critical",
    "standard": "https://sqs.us-east-1.amazonaws.com/1/antipode-standard",
}
PEER = "https://sqs.us-west-2.amazonaws.com/1/"
SEND = LaneSend("standard", LaneMessage("job_a", 2, "arrived"), "acme")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> SQSClient:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unit")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unit")
    return AwsClients("us-east-1", "us-west-2", None).peer_lanes()


@pytest.fixture
def stubber(client: SQSClient) -> Iterator[Stubber]:
    with Stubber(client) as stubber:
        yield stubber


def peer_lanes(make_client: Callable[[], SQSClient], seconds: float = 60.0) -> SqsPeerLanes:
    return SqsPeerLanes(URLS, make_client, BlockingCalls("peer-lanes", 2), lambda event, **fields: None, seconds)


def find_both(stubber: Stubber) -> None:
    for lane in URLS:
        name = f"antipode-{lane}"
        stubber.add_response("get_queue_url", {"QueueUrl": PEER + name}, {"QueueName": name})


def expect_send(stubber: Stubber) -> None:
    entry = {
        "Id": "0",
        "MessageBody": '{"job_id":"job_a","epoch":2,"reason":"arrived"}',
        "MessageGroupId": "acme",
        "DelaySeconds": 0,
    }
    sent = {"QueueUrl": PEER + "antipode-standard", "Entries": [entry]}
    stubber.add_response("send_message_batch", {"Successful": [], "Failed": []}, sent)


def test_the_peers_queues_have_the_names_of_ours_and_are_asked_for_once(client: SQSClient, stubber: Stubber) -> None:
    lanes = peer_lanes(lambda: client)
    find_both(stubber)
    expect_send(stubber)
    expect_send(stubber)

    async def program() -> None:
        await lanes.send([SEND])
        await lanes.send([SEND])

    asyncio.run(program())
    stubber.assert_no_pending_responses()


def test_the_lanes_can_be_named_without_the_peer() -> None:
    def no_client() -> SQSClient:
        raise AssertionError("the peer must not be asked")

    assert list(peer_lanes(no_client).names()) == list(URLS)


def test_a_peer_that_refuses_is_unavailable_and_is_asked_anew_the_next_time(
    client: SQSClient, stubber: Stubber
) -> None:
    lanes = peer_lanes(lambda: client)
    stubber.add_client_error("get_queue_url", "ServiceUnavailable", "down", 503)
    find_both(stubber)
    expect_send(stubber)

    async def program() -> None:
        with pytest.raises(LaneUnavailable, match=r"the peer's lanes cannot be found: .*down"):
            await lanes.send([SEND])
        await lanes.send([SEND])

    asyncio.run(program())
    stubber.assert_no_pending_responses()


def test_a_peer_that_refuses_a_message_is_unavailable(client: SQSClient, stubber: Stubber) -> None:
    find_both(stubber)
    stubber.add_client_error("send_message_batch", "ServiceUnavailable", "down", 503)
    with pytest.raises(LaneUnavailable, match="down"):
        asyncio.run(peer_lanes(lambda: client).send([SEND]))


def test_a_peer_that_does_not_answer_is_not_waited_for() -> None:
    answer = threading.Event()

    def silent() -> SQSClient:
        answer.wait()
        raise AssertionError("nobody waits for this any more")

    async def program() -> None:
        with pytest.raises(LaneUnavailable, match=r"no answer within 0\.01 s"):
            await peer_lanes(silent, 0.01).send([SEND])
        answer.set()

    asyncio.run(program())


def test_what_is_not_the_peers_refusal_is_not_taken_for_one(client: SQSClient) -> None:
    def broken() -> SQSClient:
        raise TypeError("a mistake of ours")

    with pytest.raises(TypeError, match="a mistake of ours"):
        asyncio.run(peer_lanes(broken).send([SEND]))


def test_depths_are_the_peers(client: SQSClient, stubber: Stubber) -> None:
    find_both(stubber)
    for _ in URLS:
        depths = {"ApproximateNumberOfMessages": "3", "ApproximateNumberOfMessagesNotVisible": "1"}
        stubber.add_response("get_queue_attributes", {"Attributes": depths})
    assert asyncio.run(peer_lanes(lambda: client).depths()) == {"critical": (3, 1), "standard": (3, 1)}
