"""What a contract test runs on: the same ports, in memory and on AWS's own protocol.

A world is one row of a table below. Another (a local cloud, say) is one more function that returns the same parts.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mypy_boto3_sqs import SQSClient

from functions.adapters.aws_clients import AwsClients
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.dynamodb_archive_book import DynamodbArchiveBook
from functions.adapters.dynamodb_dead_letters import DynamodbDeadLetters
from functions.adapters.dynamodb_flow import DynamodbFlow
from functions.adapters.dynamodb_history import DynamodbHistory
from functions.adapters.dynamodb_limits import DynamodbLimits
from functions.adapters.dynamodb_owed_copies import DynamodbOwedCopies
from functions.adapters.dynamodb_projections import DynamodbProjections
from functions.adapters.dynamodb_register import DynamodbRegister
from functions.adapters.dynamodb_schedules import DynamodbRounds, DynamodbSchedules
from functions.adapters.dynamodb_standings import DynamodbStandings
from functions.adapters.dynamodb_switches import DynamodbSwitches
from functions.adapters.dynamodb_table import DynamodbTable
from functions.adapters.dynamodb_tokens import DynamodbTokens
from functions.adapters.dynamodb_webhooks import DynamodbEndpoints, DynamodbWebhooks
from functions.adapters.memory import (
    MemoryHistory,
    MemoryLanes,
    MemoryProjections,
    MemoryRegister,
    MemoryTable,
    MemoryTokens,
)
from functions.adapters.memory_archive import MemoryArchiveBook
from functions.adapters.memory_dead_letters import MemoryDeadLetters
from functions.adapters.memory_flow import MemoryFlow
from functions.adapters.memory_limits import MemoryLimits
from functions.adapters.memory_payloads import MemoryOwedCopies
from functions.adapters.memory_schedules import MemoryRounds, MemorySchedules
from functions.adapters.memory_standings import MemoryStandings
from functions.adapters.memory_switches import MemorySwitches
from functions.adapters.memory_webhooks import MemoryEndpoints, MemoryWebhooks
from functions.adapters.sqs_lanes import SqsLanes, decode_message
from functions.application.archive_ports import ArchiveBook
from functions.application.copy_ports import OwedCopies
from functions.application.dead_letter_ports import DeadLetters
from functions.application.flow_ports import FlowBook
from functions.application.limit_ports import LimitBook, Limits
from functions.application.ports import HistoryStore, Lanes, Projections, RegionRegister, Tokens
from functions.application.schedule_ports import Rounds, Schedules
from functions.application.standing_ports import Standings
from functions.application.switch_ports import Switches
from functions.application.webhook_ports import EndpointStates, Webhooks
from functions.domain.lanes import LaneMessage
from tests.state_table import create_state_table

EAST, WEST = "us-east-1", "us-west-2"
LANES = ("critical", "standard", "batch")
_numbers = itertools.count(1)
_calls = BlockingCalls("contract", 16)


@dataclass(frozen=True)
class State:
    """One replica behind all of its ports; after `refuse` it answers nothing more."""

    history: HistoryStore
    projections: Projections
    register: RegionRegister
    tokens: Tokens
    switches: Switches
    webhooks: Webhooks
    endpoints: EndpointStates
    dead_letters: DeadLetters
    flow: FlowBook
    limits: Limits
    limit_book: LimitBook
    schedules: Schedules
    rounds: Rounds
    standings: Standings
    owed_copies: OwedCopies
    archive_book: ArchiveBook
    refuse: Callable[[], None]


@dataclass(frozen=True)
class Queues:
    """The lanes; `received` takes off one what waits there, with the group of each message."""

    lanes: Lanes
    received: Callable[[str], Sequence[tuple[LaneMessage, str]]]
    refuse: Callable[[], None]


def say(event: str, **fields: object) -> None:
    """A log that nobody reads."""


def state_in_memory() -> State:
    """The twins."""
    table = MemoryTable()

    def refuse() -> None:
        table.refusing = True

    history, projections, switches = MemoryHistory(table), MemoryProjections(table), MemorySwitches(table)
    return State(
        history,
        projections,
        MemoryRegister(table),
        MemoryTokens(table),
        switches,
        MemoryWebhooks(table),
        MemoryEndpoints(table),
        MemoryDeadLetters(table),
        MemoryFlow(table),
        switches,
        MemoryLimits(table),
        MemorySchedules(table),
        MemoryRounds(table),
        MemoryStandings(table),
        MemoryOwedCopies(table),
        MemoryArchiveBook(table),
        refuse,
    )


def state_on_dynamodb(clients: AwsClients) -> State:
    """The real adapters. The table that refuses is one that is gone."""
    name = f"state-{next(_numbers)}"
    create_state_table(clients.state(), name)
    table = DynamodbTable(name, clients.state, _calls, say)
    return State(
        DynamodbHistory(table),
        DynamodbProjections(table),
        DynamodbRegister(table),
        DynamodbTokens(table, EAST),
        DynamodbSwitches(table),
        DynamodbWebhooks(table),
        DynamodbEndpoints(table),
        DynamodbDeadLetters(table),
        DynamodbFlow(table),
        DynamodbSwitches(table),
        DynamodbLimits(table, EAST),
        DynamodbSchedules(table),
        DynamodbRounds(table, EAST),
        DynamodbStandings(table),
        DynamodbOwedCopies(table, EAST),
        DynamodbArchiveBook(table),
        lambda: _delete_table(clients, name),
    )


def queues_in_memory() -> Queues:
    """The twin."""
    lanes = MemoryLanes()

    def refuse() -> None:
        lanes.refusing = True

    return Queues(lanes, lambda lane: [(send.message, send.group) for send in lanes.queues[lane]], refuse)


def queues_on_sqs(clients: AwsClients) -> Queues:
    """The real adapter. Queues that refuse are ones that are gone."""
    client, run = clients.lanes(), next(_numbers)
    urls = {lane: client.create_queue(QueueName=f"{lane}-{run}")["QueueUrl"] for lane in reversed(LANES)}

    def refuse() -> None:
        for url in urls.values():
            client.delete_queue(QueueUrl=url)

    return Queues(SqsLanes(urls, clients.lanes, _calls, say), lambda lane: _drain(client, urls[lane]), refuse)


def _delete_table(clients: AwsClients, name: str) -> None:
    clients.state().delete_table(TableName=name)


def _drain(client: SQSClient, url: str) -> Sequence[tuple[LaneMessage, str]]:
    taken: list[tuple[LaneMessage, str]] = []
    while True:
        page = client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"]
        ).get("Messages", [])
        if not page:
            return taken
        taken.extend((decode_message(item["Body"]), item["Attributes"]["MessageGroupId"]) for item in page)
