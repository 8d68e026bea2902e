"""Puts the use cases together from the settings: one `Runtime` a process, each part made when it is first asked for.

The modules of the use cases are imported with them, so a function loads what it uses and nothing else. A test replaces
a part by assigning it, for example `runtime.history = MemoryHistory(...)`, before anything is made from it.
"""

from functools import cache, cached_property
from typing import TYPE_CHECKING

from functions.adapters.aws_clients import (
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
    from functions.application.adopt_jobs import AdoptJobs
    from functions.application.advance_job import AdvanceJob
    from functions.application.agent_ports import Agents
    from functions.application.authorize_request import AuthorizeRequest
    from functions.application.call_child import CallChild
    from functions.application.check_health import CheckHealth
    from functions.application.get_job import GetJob, WaitForJob
    from functions.application.keep_payloads import KeepPayloads
    from functions.application.keep_sweeping import KeepSweeping
    from functions.application.list_job_events import ListJobEvents
    from functions.application.list_jobs import ListJobs
    from functions.application.list_regions import ListRegions
    from functions.application.open_upload import OpenUpload
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
    from functions.application.send_arrival import SendArrival
    from functions.application.submit_job import SubmitJob
    from functions.application.sweep_jobs import SweepJobs
    from functions.application.watch_regions import WatchRegions


@cache
def runtime() -> "Runtime":
    """Return this process's runtime. Raises InvalidSetting."""
    return Runtime(Settings.load())


class Runtime:
    """The parts of one process. Below: surroundings, then adapters, then use cases."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock: Clock = SystemClock()
        self.entropy: Entropy = SystemEntropy()
        self.log = EventLog(self.clock.now, {"environment": settings.environment, "region": settings.region})
        self._clients = AwsClients(settings.region, settings.peer_region, settings.peer_endpoint_url)

    @cached_property
    def _table(self) -> "DynamodbTable":
        from functions.adapters.dynamodb_table import DynamodbTable

        calls = BlockingCalls("state", STATE.threads)
        return DynamodbTable(self.settings.table, self._clients.state, calls, self.log.say)

    @cached_property
    def history(self) -> "HistoryStore":
        """This Region's replica."""
        from functions.adapters.dynamodb_history import DynamodbHistory

        return DynamodbHistory(self._table)

    @cached_property
    def peer(self) -> "HistoryStore":
        """The peer Region's replica."""
        from functions.adapters.dynamodb_history import DynamodbHistory
        from functions.adapters.dynamodb_table import DynamodbTable

        calls = BlockingCalls("peer", PEER_STATE.threads)
        client = self._clients.peer_state
        return DynamodbHistory(DynamodbTable(self.settings.table, client, calls, self.log.say, PEER_LIMIT_SECONDS))

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
    def keep_payloads(self) -> "KeepPayloads":
        """Use case."""
        from functions.application.keep_payloads import KeepPayloads

        return KeepPayloads(own=self.payloads, peer=self.peer_payloads, clock=self.clock)

    @cached_property
    def open_upload(self) -> "OpenUpload":
        """Use case."""
        from functions.application.open_upload import OpenUpload

        return OpenUpload(own=self.payloads, clock=self.clock)

    @cached_property
    def peer_lanes(self) -> "Lanes":
        """The peer Region's queues."""
        from functions.adapters.sqs_peer_lanes import SqsPeerLanes

        calls = BlockingCalls("peer-lanes", PEER_LANES.threads)
        client = self._clients.peer_lanes
        return SqsPeerLanes(self.settings.lanes, client, calls, self.log.say, PEER_LIMIT_SECONDS)

    @cached_property
    def send_arrival(self) -> "SendArrival":
        """Use case."""
        from functions.application.send_arrival import SendArrival

        return SendArrival(
            history=self.history,
            peer=self.peer,
            lanes=self.lanes,
            peer_lanes=self.peer_lanes,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
        )

    @cached_property
    def call_child(self) -> "CallChild":
        """Use case."""
        from functions.application.call_child import CallChild

        return CallChild(submit=self.submit_job, send=self.send_arrival, history=self.history)

    @cached_property
    def submit_job(self) -> "SubmitJob":
        """Use case."""
        from functions.application.submit_job import SubmitJob

        return SubmitJob(
            history=self.history,
            peer=self.peer,
            projections=self.projections,
            lanes=self.lanes,
            payloads=self.keep_payloads,
            agents=self.agents,
            clock=self.clock,
            entropy=self.entropy,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            stall_seconds=self.settings.stall_seconds,
        )

    @cached_property
    def get_job(self) -> "GetJob":
        """Use case."""
        from functions.application.get_job import GetJob

        return GetJob(history=self.history, payloads=self.keep_payloads, region=self.settings.region)

    @cached_property
    def wait_for_job(self) -> "WaitForJob":
        """Use case."""
        from functions.application.get_job import WaitForJob

        return WaitForJob(get_job=self.get_job, clock=self.clock)

    @cached_property
    def list_jobs(self) -> "ListJobs":
        """Use case."""
        from functions.application.list_jobs import ListJobs

        return ListJobs(history=self.history, projections=self.projections, region=self.settings.region)

    @cached_property
    def list_job_events(self) -> "ListJobEvents":
        """Use case."""
        from functions.application.list_job_events import ListJobEvents

        return ListJobEvents(history=self.history)

    @cached_property
    def list_regions(self) -> "ListRegions":
        """Use case."""
        from functions.application.list_regions import ListRegions

        return ListRegions(
            register=self.register,
            lanes=self.lanes,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            peer_stale_seconds=self.settings.peer_stale_seconds,
        )

    @cached_property
    def check_health(self) -> "CheckHealth":
        """Use case."""
        from functions.application.check_health import CheckHealth

        return CheckHealth(register=self.register, lanes=self.lanes, region=self.settings.region)

    @cached_property
    def authorize_request(self) -> "AuthorizeRequest":
        """Use case."""
        from functions.application.authorize_request import AuthorizeRequest

        return AuthorizeRequest(tokens=self.tokens)

    @cached_property
    def advance_job(self) -> "AdvanceJob":
        """Use case."""
        from functions.application.advance_job import AdvanceJob

        return AdvanceJob(
            history=self.history,
            projections=self.projections,
            lanes=self.lanes,
            agents=self.agents,
            model=self.model,
            children=self.call_child,
            clock=self.clock,
            entropy=self.entropy,
            region=self.settings.region,
            worker=f"{self.settings.region}/{self.entropy.token()[:12]}",
            stall_seconds=self.settings.stall_seconds,
        )

    @cached_property
    def sweep_jobs(self) -> "SweepJobs":
        """Use case."""
        from functions.application.sweep_jobs import SweepJobs

        return SweepJobs(
            history=self.history,
            projections=self.projections,
            lanes=self.lanes,
            children=self.call_child,
            clock=self.clock,
            region=self.settings.region,
            stall_seconds=self.settings.stall_seconds,
        )

    @cached_property
    def adopt_jobs(self) -> "AdoptJobs":
        """Use case."""
        from functions.application.adopt_jobs import AdoptJobs

        return AdoptJobs(
            history=self.history,
            projections=self.projections,
            lanes=self.lanes,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            stall_seconds=self.settings.stall_seconds,
        )

    @cached_property
    def keep_sweeping(self) -> "KeepSweeping":
        """Use case."""
        from functions.application.keep_sweeping import KeepSweeping

        return KeepSweeping(
            sweep=self.sweep_jobs,
            adopt=self.adopt_jobs if self.settings.adoption else None,
            register=self.register,
            clock=self.clock,
            region=self.settings.region,
        )

    @cached_property
    def watch_regions(self) -> "WatchRegions":
        """Use case."""
        from functions.application.watch_regions import WatchRegions

        return WatchRegions(
            register=self.register,
            probe=self.probe,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            heartbeat_seconds=self.settings.heartbeat_seconds,
            stale_seconds=self.settings.peer_stale_seconds,
        )
