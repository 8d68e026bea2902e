"""What the contract of leases runs on: a control table as each of the two Regions reaches it."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from functions.adapters.aws_clients import AwsClients
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.dynamodb_leases import DynamodbLeases
from functions.adapters.memory_leases import MemoryLeases
from functions.application.lease_ports import Leases
from tests.contract.worlds import say

_numbers = itertools.count(1)
_calls = BlockingCalls("contract-control", 2)


@dataclass(frozen=True)
class Control:
    """The control table as this Region and as its peer reaches it; after `refuse` it answers nothing more."""

    leases: Leases
    elsewhere: Leases
    refuse: Callable[[], None]


def control_in_memory() -> Control:
    """The twin."""
    leases = MemoryLeases()

    def refuse() -> None:
        leases.refusing = True

    return Control(leases, leases, refuse)


def control_on_dynamodb(clients: AwsClients) -> Control:
    """The real adapter, with the key that `stacks/control_stack.py` gives the table."""
    name = f"control-{next(_numbers)}"
    client = clients.state()
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    one, two = (DynamodbLeases(name, clients.state, _calls, say, 5.0) for _ in range(2))
    return Control(one, two, lambda: _gone(clients, name))


def _gone(clients: AwsClients, name: str) -> None:
    clients.state().delete_table(TableName=name)
