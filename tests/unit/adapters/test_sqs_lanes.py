"""What is sent to SQS, and what a batch that was refused in part means."""

import asyncio
import json
from collections.abc import Iterator

import pytest
from botocore.stub import Stubber

from functions.adapters.aws_clients import AwsClients
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.sqs_lanes import SqsLanes, decode_message
from functions.application.ports import LaneSend, LaneUnavailable
from functions.domain.lanes import LaneMessage

URL = "https://sqs.us-east-1.amazonaws.com/1/standard"
SEND = LaneSend("standard", LaneMessage("job_a", 2, "due"), "acme", 900)
SENT = {
    "QueueUrl": URL,
    "Entries": [
        {
            "Id": "0",
            "MessageBody": '{"job_id":"job_a","epoch":2,"reason":"due"}',
            "MessageGroupId": "acme",
            "DelaySeconds": 900,
        }
    ],
}


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> AwsClients:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unit")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unit")
    return AwsClients("us-east-1", "us-west-2", None)


@pytest.fixture
def stubber(clients: AwsClients) -> Iterator[Stubber]:
    with Stubber(clients.lanes()) as stubber:
        yield stubber


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def lanes(clients: AwsClients, said: list[str]) -> SqsLanes:
    return SqsLanes(
        {"standard": URL}, clients.lanes, BlockingCalls("lanes", 2), lambda event, **fields: said.append(event)
    )


def test_a_message_goes_with_its_tenant_as_group_and_its_delay(lanes: SqsLanes, stubber: Stubber) -> None:
    stubber.add_response("send_message_batch", {"Successful": [], "Failed": []}, SENT)
    asyncio.run(lanes.send([SEND]))
    stubber.assert_no_pending_responses()


def test_a_batch_that_is_refused_in_part_is_unavailable(lanes: SqsLanes, stubber: Stubber) -> None:
    refused = {"Id": "0", "SenderFault": False, "Code": "InternalError"}
    stubber.add_response("send_message_batch", {"Successful": [], "Failed": [refused]}, SENT)
    with pytest.raises(LaneUnavailable, match="standard refused 1 of 1 messages: InternalError"):
        asyncio.run(lanes.send([SEND]))


@pytest.mark.parametrize(("code", "told"), [("RequestThrottled", []), ("AccessDenied", ["lane_misconfigured"])])
def test_a_queue_that_refuses_is_unavailable_and_a_missing_permission_is_said(
    lanes: SqsLanes, stubber: Stubber, said: list[str], code: str, told: list[str]
) -> None:
    stubber.add_client_error("send_message_batch", code)
    with pytest.raises(LaneUnavailable, match=code):
        asyncio.run(lanes.send([SEND]))
    assert said == told


def test_a_lane_that_does_not_exist_here_is_unavailable(lanes: SqsLanes) -> None:
    with pytest.raises(LaneUnavailable, match="gpu"):
        asyncio.run(lanes.send([LaneSend("gpu", SEND.message, "acme")]))


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", "{}", '{"job_id":1,"epoch":1,"reason":"x"}', '{"job_id":"j","epoch":true,"reason":"x"}'],
)
def test_what_is_no_lane_message_is_not_read_as_one(body: str) -> None:
    with pytest.raises(ValueError, match=r"not a lane message|Expecting value"):
        decode_message(body)


def test_fields_that_a_later_version_adds_are_passed_over() -> None:
    body = json.dumps({"job_id": "job_a", "epoch": 2, "reason": "due", "hop": 1})
    assert decode_message(body) == SEND.message
