"""What a process reaches of the world: each port's real adapter, made when it is first asked for.

The other half of `bootstrap`, which puts the use cases on top. A function loads the adapters that it uses, no others.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from functions.adapters.aws_clients import (
    CONTROL,
    CONTROL_LIMIT_SECONDS,
    LANES,
    MODEL,
    PAYLOADS,
    PEER_LANES,
    PEER_LIMIT_SECONDS,
    PEER_PAYLOAD_LIMIT_SECONDS,
    PEER_PAYLOADS,
    PEER_STATE,
    STATE,
    AwsClients,
)
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.system_clock import SystemClock
from functions.adapters.system_entropy import SystemEntropy
from functions.observability import EventLog
from functions.settings import Settings

if TYPE_CHECKING:
    from functions.adapters.dynamodb_table import DynamodbTable
    from functions.application.agent_ports import Agents
    from functions.application.archive_ports import Archive, ArchiveBook
    from functions.application.copy_ports import OwedCopies
    from functions.application.dead_letter_ports import DeadLetters
    from functions.application.flow_ports import FlowBook
    from functions.application.lease_ports import Leases
    from functions.application.limit_ports import LimitBook, Limits
    from functions.application.ports import (
        Clock,
        Entropy,
        HistoryStore,
        Lanes,
        Model,
        Payloads,
        PeerProbe,
        Projections,
        RegionRegister,
        Tokens,
    )
    from functions.application.schedule_ports import Rounds, Schedules
    from functions.application.standing_ports import Standings
    from functions.application.switch_ports import Switches


class Surroundings:
    """The adapters of one process. A test replaces one by assigning it before anything is made from it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock: Clock = SystemClock()
        self.entropy: Entropy = SystemEntropy()
        self.log = EventLog(self.clock.now, {"environment": settings.environment, "region": settings.region})
        self._clients = AwsClients(
            settings.region, settings.peer_region, settings.peer_endpoint_url, settings.control_endpoint_url
        )

    @cached_property
    def _table(self) -> "DynamodbTable":
        from functions.adapters.dynamodb_table import DynamodbTable

        calls = BlockingCalls("state", STATE.threads)
        return DynamodbTable(self.settings.table, self._clients.state, calls, self.log.say)

    @cached_property
    def history(self) -> "HistoryStore":
        """This Region's replica, and the archive behind it."""
        return self._recalled(self._table)

    @cached_property
    def _peer_table(self) -> "DynamodbTable":
        from functions.adapters.dynamodb_table import DynamodbTable

        calls = BlockingCalls("peer", PEER_STATE.threads)
        client = self._clients.peer_state
        return DynamodbTable(self.settings.table, client, calls, self.log.say, PEER_LIMIT_SECONDS)

    @cached_property
    def peer(self) -> "HistoryStore":
        """The peer Region's replica, and the archive behind it."""
        return self._recalled(self._peer_table)

    def _recalled(self, table: "DynamodbTable") -> "HistoryStore":
        from functions.adapters.dynamodb_history import DynamodbHistory
        from functions.application.recall_history import RecallHistory

        return RecallHistory(table=DynamodbHistory(table), own=self.archive, peer=self.peer_archive)

    @cached_property
    def archive(self) -> "Archive":
        """This Region's shelf of old histories."""
        from functions.adapters.s3_archive import S3Archive

        calls = BlockingCalls("archive", PAYLOADS.threads)
        return S3Archive(self.settings.payloads, self._clients.payloads, calls, self.log.say)

    @cached_property
    def peer_archive(self) -> "Archive":
        """The peer Region's shelf."""
        from functions.adapters.s3_archive import S3Archive

        calls = BlockingCalls("peer-archive", PEER_PAYLOADS.threads)
        client, bucket = self._clients.peer_payloads, self.settings.peer_payloads
        return S3Archive(bucket, client, calls, self.log.say, PEER_PAYLOAD_LIMIT_SECONDS)

    @cached_property
    def switches(self) -> "Switches":
        """This Region's replica of the switches."""
        from functions.adapters.dynamodb_switches import DynamodbSwitches

        return DynamodbSwitches(self._table)

    @cached_property
    def peer_switches(self) -> "Switches":
        """The peer Region's replica of the switches."""
        from functions.adapters.dynamodb_switches import DynamodbSwitches

        return DynamodbSwitches(self._peer_table)

    @cached_property
    def standings(self) -> "Standings":
        """This Region's replica of how the Regions stand."""
        from functions.adapters.dynamodb_standings import DynamodbStandings

        return DynamodbStandings(self._table)

    @cached_property
    def peer_standings(self) -> "Standings":
        """The peer Region's replica of how the Regions stand."""
        from functions.adapters.dynamodb_standings import DynamodbStandings

        return DynamodbStandings(self._peer_table)

    @cached_property
    def dead_letters(self) -> "DeadLetters":
        """This Region's replica of the dead letters."""
        from functions.adapters.dynamodb_dead_letters import DynamodbDeadLetters

        return DynamodbDeadLetters(self._table)

    @cached_property
    def peer_dead_letters(self) -> "DeadLetters":
        """The peer Region's replica of the dead letters."""
        from functions.adapters.dynamodb_dead_letters import DynamodbDeadLetters

        return DynamodbDeadLetters(self._peer_table)

    @cached_property
    def limits(self) -> "Limits":
        """This Region's replica of the limits."""
        from functions.adapters.dynamodb_switches import DynamodbSwitches

        return DynamodbSwitches(self._table)

    @cached_property
    def peer_limits(self) -> "Limits":
        """The peer Region's replica of the limits."""
        from functions.adapters.dynamodb_switches import DynamodbSwitches

        return DynamodbSwitches(self._peer_table)

    @cached_property
    def limit_book(self) -> "LimitBook":
        """This Region's slots, lines and starts."""
        from functions.adapters.dynamodb_limits import DynamodbLimits

        return DynamodbLimits(self._table, self.settings.region)

    @cached_property
    def flow_book(self) -> "FlowBook":
        """This Region's replica of the lanes' statistics."""
        from functions.adapters.dynamodb_flow import DynamodbFlow

        return DynamodbFlow(self._table)

    @cached_property
    def schedules(self) -> "Schedules":
        """This Region's replica of the schedules."""
        from functions.adapters.dynamodb_schedules import DynamodbSchedules

        return DynamodbSchedules(self._table)

    @cached_property
    def rounds(self) -> "Rounds":
        """When this Region's loops last worked."""
        from functions.adapters.dynamodb_schedules import DynamodbRounds

        return DynamodbRounds(self._table, self.settings.region)

    @cached_property
    def peer_schedules(self) -> "Schedules":
        """The peer Region's replica of the schedules."""
        from functions.adapters.dynamodb_schedules import DynamodbSchedules

        return DynamodbSchedules(self._peer_table)

    @cached_property
    def projections(self) -> "Projections":
        """Heads, indexes and cursors."""
        from functions.adapters.dynamodb_projections import DynamodbProjections

        return DynamodbProjections(self._table)

    @cached_property
    def register(self) -> "RegionRegister":
        """Heartbeats and verdicts."""
        from functions.adapters.dynamodb_register import DynamodbRegister

        return DynamodbRegister(self._table)

    @cached_property
    def leases(self) -> "Leases | None":
        """The control table; None where Regions have no leases."""
        if self.settings.control_table is None:
            return None
        from functions.adapters.dynamodb_leases import DynamodbLeases

        calls = BlockingCalls("control", CONTROL.threads)
        table, client = self.settings.control_table, self._clients.control
        return DynamodbLeases(table, client, calls, self.log.say, CONTROL_LIMIT_SECONDS)

    @cached_property
    def tokens(self) -> "Tokens":
        """Bearer tokens."""
        from functions.adapters.dynamodb_tokens import DynamodbTokens

        return DynamodbTokens(self._table, self.settings.region)

    @cached_property
    def lanes(self) -> "Lanes":
        """The queues."""
        from functions.adapters.sqs_lanes import SqsLanes

        calls = BlockingCalls("lanes", LANES.threads)
        return SqsLanes(self.settings.lanes, self._clients.lanes, calls, self.log.say)

    @cached_property
    def payloads(self) -> "Payloads":
        """This Region's payloads."""
        from functions.adapters.s3_payloads import S3Payloads

        calls = BlockingCalls("payloads", PAYLOADS.threads)
        return S3Payloads(self.settings.payloads, self._clients.payloads, calls, self.log.say)

    @cached_property
    def peer_payloads(self) -> "Payloads":
        """The peer Region's payloads."""
        from functions.adapters.s3_payloads import S3Payloads

        calls = BlockingCalls("peer-payloads", PEER_PAYLOADS.threads)
        client, bucket = self._clients.peer_payloads, self.settings.peer_payloads
        return S3Payloads(bucket, client, calls, self.log.say, PEER_PAYLOAD_LIMIT_SECONDS)

    @cached_property
    def owed_copies(self) -> "OwedCopies":
        """What this Region owes its peer of payloads."""
        from functions.adapters.dynamodb_owed_copies import DynamodbOwedCopies

        return DynamodbOwedCopies(self._table, self.settings.region)

    @cached_property
    def archive_book(self) -> "ArchiveBook":
        """This Region's replica, item by item."""
        from functions.adapters.dynamodb_archive_book import DynamodbArchiveBook

        return DynamodbArchiveBook(self._table)

    @cached_property
    def peer_archive_book(self) -> "ArchiveBook":
        """The peer Region's replica, item by item."""
        from functions.adapters.dynamodb_archive_book import DynamodbArchiveBook

        return DynamodbArchiveBook(self._peer_table)

    @cached_property
    def model(self) -> "Model":
        """The language model."""
        from functions.adapters.bedrock_model import BedrockModel

        calls = BlockingCalls("model", MODEL.threads)
        return BedrockModel(self.settings.model_id, self._clients.model, calls, self.log.say)

    @cached_property
    def probe(self) -> "PeerProbe":
        """The peer's health endpoint."""
        from functions.adapters.http_probe import HttpProbe

        calls = BlockingCalls("probe", 1)
        return HttpProbe(self.settings.peer_health_url, self.settings.peer_health_address, calls)

    @cached_property
    def agents(self) -> "Agents":
        """The agents of this release."""
        from functions.adapters.agent_registry import AgentRegistry

        return AgentRegistry()

    @cached_property
    def peer_lanes(self) -> "Lanes":
        """The peer Region's queues."""
        from functions.adapters.sqs_peer_lanes import SqsPeerLanes

        calls = BlockingCalls("peer-lanes", PEER_LANES.threads)
        client = self._clients.peer_lanes
        return SqsPeerLanes(self.settings.lanes, client, calls, self.log.say, PEER_LIMIT_SECONDS)
