"""The ports' contracts on the local cloud: the very tests that the twins and moto are held to (tests/contract)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from functions.adapters.aws_clients import AwsClients
from tests.contract.test_archive_book import TestArchiveBook
from tests.contract.test_arrivals import TestArrivals, TestDueOfArrivals, TestReceive
from tests.contract.test_asks import TestAsks
from tests.contract.test_dead_letters import TestDeadLetters
from tests.contract.test_flow import TestFlow
from tests.contract.test_history_store import TestHistoryStore
from tests.contract.test_lanes import TestLanes
from tests.contract.test_leases import TestLeases
from tests.contract.test_limits import TestLimits, TestLine, TestSlots, TestStarts
from tests.contract.test_owed_copies import TestOwedCopies
from tests.contract.test_projections import TestCursors, TestDue, TestListing
from tests.contract.test_region_register import TestRegionRegister
from tests.contract.test_schedules import TestRounds, TestSchedules
from tests.contract.test_snapshots import TestSnapshots
from tests.contract.test_standings import TestStandings
from tests.contract.test_tokens import TestTokens
from tests.contract.test_webhooks import TestEndpoints, TestWebhooks
from tests.contract.worlds import EAST, WEST, Queues, State, queues_on_sqs, state_on_dynamodb
from tests.contract.worlds_of_leases import Control, control_on_dynamodb
from tests.integration.emulator.processes import FIRST, SECOND, Emulators

#: What pytest is to collect here.
__all__ = [
    "TestArchiveBook",
    "TestArrivals",
    "TestAsks",
    "TestCursors",
    "TestDeadLetters",
    "TestDue",
    "TestDueOfArrivals",
    "TestEndpoints",
    "TestFlow",
    "TestHistoryStore",
    "TestLanes",
    "TestLeases",
    "TestLimits",
    "TestLine",
    "TestListing",
    "TestOwedCopies",
    "TestReceive",
    "TestRegionRegister",
    "TestRounds",
    "TestSchedules",
    "TestSlots",
    "TestSnapshots",
    "TestStandings",
    "TestStarts",
    "TestTokens",
    "TestWebhooks",
]


@pytest.fixture(scope="module")
def clients(cloud: Emulators) -> Iterator[AwsClients]:
    """The real adapters' clients, at the first Region's emulator."""
    assert (EAST, WEST) == (FIRST, SECOND)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_ENDPOINT_URL", cloud.layout.emulator(FIRST).url)
        made = AwsClients(FIRST, SECOND, cloud.layout.emulator(SECOND).url)
        made.state()
        made.lanes()
        yield made


@pytest.fixture
def state(clients: AwsClients) -> State:
    """One empty replica."""
    return state_on_dynamodb(clients)


@pytest.fixture
def queues(clients: AwsClients) -> Queues:
    """Empty lanes."""
    return queues_on_sqs(clients)


@pytest.fixture
def control(clients: AwsClients) -> Control:
    """An empty control table."""
    return control_on_dynamodb(clients)
