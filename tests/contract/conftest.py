"""The worlds that each contract runs on."""

from collections.abc import Iterator

import pytest

from functions.adapters.aws_clients import AwsClients
from tests.contract.checked_clients import CheckedClients
from tests.contract.worlds import (
    EAST,
    WEST,
    Queues,
    State,
    queues_in_memory,
    queues_on_sqs,
    state_in_memory,
    state_on_dynamodb,
)
from tests.contract.worlds_of_leases import Control, control_in_memory, control_on_dynamodb
from tests.mocked_aws import mocked_aws


@pytest.fixture(scope="module")
def clients() -> Iterator[AwsClients]:
    """Clients that reach moto, for one file: while it is up, mocks that others begin are the same AWS as this one."""
    with mocked_aws():
        yield CheckedClients(EAST, WEST, None)


@pytest.fixture(params=["memory", "dynamodb"])
def state(request: pytest.FixtureRequest, clients: AwsClients) -> State:
    """One empty replica."""
    return state_in_memory() if request.param == "memory" else state_on_dynamodb(clients)


@pytest.fixture(params=["memory", "sqs"])
def queues(request: pytest.FixtureRequest, clients: AwsClients) -> Queues:
    """Empty lanes."""
    return queues_in_memory() if request.param == "memory" else queues_on_sqs(clients)


@pytest.fixture(params=["memory", "dynamodb"])
def control(request: pytest.FixtureRequest, clients: AwsClients) -> Control:
    """An empty control table."""
    return control_in_memory() if request.param == "memory" else control_on_dynamodb(clients)
