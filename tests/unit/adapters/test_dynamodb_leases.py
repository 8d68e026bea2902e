"""What the control table's refusals mean, and that every read of it is a strongly consistent one."""

import asyncio
from collections.abc import Iterator

import pytest
from botocore.stub import Stubber

from functions.adapters.aws_clients import AwsClients
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.dynamodb_leases import DynamodbLeases
from functions.application.lease_ports import LeasesUnavailable
from functions.domain.ownership.lease import Lease
from tests.unit.application.two_regions import Log

LEASE = Lease("us-east-1", "us-east-1")


@pytest.fixture
def log() -> Log:
    return Log()


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
def leases(clients: AwsClients, log: Log) -> DynamodbLeases:
    return DynamodbLeases("control", clients.state, BlockingCalls("control", 1), log, 2.0)


def test_a_read_is_strongly_consistent(leases: DynamodbLeases, stubber: Stubber) -> None:
    asked = {"TableName": "control", "Key": {"pk": {"S": "LEASE#us-east-1"}}, "ConsistentRead": True}
    stubber.add_response("get_item", {}, asked)
    assert asyncio.run(leases.read("us-east-1")) is None


@pytest.mark.parametrize("code", ["ConditionalCheckFailedException", "ReplicatedWriteConflictException"])
def test_a_write_that_another_region_was_quicker_with_is_not_done(
    leases: DynamodbLeases, stubber: Stubber, code: str
) -> None:
    stubber.add_client_error("put_item", code)
    assert not asyncio.run(leases.replace(LEASE.renewed(), LEASE))


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "AccessDeniedException"])
def test_a_control_table_that_refuses_is_unavailable_and_a_misconfigured_one_is_said_to_the_log(
    leases: DynamodbLeases, stubber: Stubber, log: Log, code: str
) -> None:
    stubber.add_client_error("get_item", code)
    with pytest.raises(LeasesUnavailable):
        asyncio.run(leases.read("us-east-1"))
    assert log.count("control_misconfigured") == (code == "AccessDeniedException")
