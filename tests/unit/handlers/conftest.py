"""A process's runtime with every port in memory, behind the real settings, log and use cases."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from functions import bootstrap
from functions.adapters.api_gateway import serve
from functions.adapters.memory import (
    CountingEntropy,
    MemoryHistory,
    MemoryLanes,
    MemoryProbe,
    MemoryProjections,
    MemoryRegister,
    MemoryTable,
    MemoryTokens,
    ScriptedModel,
)
from functions.adapters.memory_archive import MemoryArchive, MemoryArchiveBook
from functions.adapters.memory_dead_letters import MemoryDeadLetters
from functions.adapters.memory_flow import MemoryFlow
from functions.adapters.memory_limits import MemoryLimits
from functions.adapters.memory_payloads import MemoryBuckets, MemoryOwedCopies, MemoryPayloads
from functions.adapters.memory_schedules import MemoryRounds, MemorySchedules
from functions.adapters.memory_standings import MemoryStandings
from functions.adapters.memory_switches import MemorySwitches
from functions.adapters.memory_webhooks import (
    MemoryBus,
    MemoryDeliveries,
    MemoryEndpoints,
    MemoryReceivers,
    MemoryWebhooks,
)
from functions.application.recall_history import RecallHistory
from functions.bootstrap import Runtime
from functions.domain.moments import add_seconds
from functions.observability import EventLog
from functions.settings import Settings
from tests.described import undescribed

ENVIRONMENT = {
    "ANTIPODE_ENVIRONMENT": "test",
    "ANTIPODE_REGION": "us-east-1",
    "ANTIPODE_PEER_REGION": "us-west-2",
    "ANTIPODE_TABLE": "antipode-test",
    "ANTIPODE_LANES": '{"critical": "c", "standard": "s", "batch": "b"}',
    "ANTIPODE_WAIT_BOUNDS": '{"critical": 3600, "standard": 1800, "batch": 900}',
    "ANTIPODE_PAYLOADS": "antipode-test-payloads-us-east-1",
    "ANTIPODE_PEER_PAYLOADS": "antipode-test-payloads-us-west-2",
    "ANTIPODE_PEER_HEALTH_URL": "http://us-west-2.api.antipode.test/v1/health",
    "ANTIPODE_MODEL_ID": "a-model",
    "ANTIPODE_TENANT_KEY_PREFIX": "antipode-test-tenant-",
    "ANTIPODE_HEARTBEAT_SECONDS": "5",
    "ANTIPODE_PEER_STALE_SECONDS": "20",
    "ANTIPODE_STALL_SECONDS": "30",
    "ANTIPODE_LOOP_SECONDS": "62",
    "ANTIPODE_ADOPTION": "on",
    "ANTIPODE_ADOPTION_PER_SECOND": "400",
    "ANTIPODE_BROADCAST": "on",
    "ANTIPODE_BUS": "antipode-test",
    "ANTIPODE_DELIVERIES": "https://sqs/antipode-test-webhooks",
    "ANTIPODE_WEBHOOK_LOOPBACK": "off",
    "ANTIPODE_WEBHOOK_RETRY_SECONDS": "5",
    "ANTIPODE_ARCHIVE_AFTER_DAYS": "30",
}


@dataclass
class TestClock:
    """Time that passes only when somebody waits; `on_sleep` is what happens meanwhile."""

    __test__ = False
    moment: str = "2026-11-21T12:00:00.000Z"
    seconds: float = 1000.0
    on_sleep: list[Callable[[], None]] = field(default_factory=list)

    def now(self) -> str:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds
        await asyncio.sleep(0)
        if self.seconds >= until:
            return  # it passed while somebody else waited
        seconds, self.seconds = until - self.seconds, until
        self.moment = add_seconds(self.moment, seconds)
        for happens in self.on_sleep:
            happens()

    def call_later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, call)


@dataclass
class World:
    """What is told of jobs, and to whom."""

    bus: MemoryBus
    webhooks: MemoryWebhooks
    endpoints: MemoryEndpoints
    deliveries: MemoryDeliveries
    receivers: MemoryReceivers


@dataclass
class Process:
    """One process in memory: its runtime, and what lies behind its ports."""

    runtime: Runtime
    table: MemoryTable
    peer_table: MemoryTable
    lanes: MemoryLanes
    payloads: MemoryPayloads
    clock: TestClock
    probe: MemoryProbe
    peer_lanes: MemoryLanes
    flow: MemoryFlow
    world: World


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    """The runtime that the handlers get."""
    runtime = Runtime(Settings.load(ENVIRONMENT))
    table, peer_table = MemoryTable(), MemoryTable()
    payloads = MemoryPayloads(MemoryBuckets(), "us-east-1")
    world = World(MemoryBus(), MemoryWebhooks(table), MemoryEndpoints(table), MemoryDeliveries(), MemoryReceivers())
    made = Process(
        runtime,
        table,
        peer_table,
        MemoryLanes(),
        payloads,
        TestClock(),
        MemoryProbe(),
        MemoryLanes(),
        MemoryFlow(table),
        world,
    )
    runtime.bus, runtime.deliveries, runtime.receivers = world.bus, world.deliveries, world.receivers
    runtime.webhooks, runtime.peer_webhooks = world.webhooks, MemoryWebhooks(peer_table)
    runtime.endpoints = world.endpoints
    runtime.payloads, runtime.peer_payloads = payloads, MemoryPayloads(payloads.buckets, "us-west-2")
    runtime.clock = made.clock
    runtime.entropy = CountingEntropy()
    runtime.archive, runtime.peer_archive = MemoryArchive(), MemoryArchive()
    shelves = {"own": runtime.archive, "peer": runtime.peer_archive}
    runtime.history = RecallHistory(table=MemoryHistory(table), **shelves)
    runtime.peer = RecallHistory(table=MemoryHistory(peer_table), **shelves)
    runtime.archive_book, runtime.peer_archive_book = MemoryArchiveBook(table), MemoryArchiveBook(peer_table)
    runtime.projections, runtime.register = MemoryProjections(table), MemoryRegister(table)
    runtime.tokens, runtime.lanes, runtime.peer_lanes = MemoryTokens(table), made.lanes, made.peer_lanes
    runtime.switches, runtime.peer_switches = MemorySwitches(table), MemorySwitches(peer_table)
    runtime.limits, runtime.peer_limits = MemorySwitches(table), MemorySwitches(peer_table)
    runtime.flow_book, runtime.limit_book = made.flow, MemoryLimits(table)
    runtime.dead_letters, runtime.peer_dead_letters = MemoryDeadLetters(table), MemoryDeadLetters(peer_table)
    runtime.rounds, runtime.owed_copies = MemoryRounds(table), MemoryOwedCopies(table)
    runtime.standings, runtime.peer_standings = MemoryStandings(table), MemoryStandings(peer_table)
    runtime.schedules, runtime.peer_schedules = MemorySchedules(table), MemorySchedules(peer_table)
    runtime.probe, runtime.model = made.probe, ScriptedModel([RuntimeError("no model is asked here")])
    monkeypatch.setattr(bootstrap, "Settings", _Loaded)
    monkeypatch.setattr(bootstrap, "Runtime", lambda settings: runtime)
    bootstrap.runtime.cache_clear()
    yield made
    bootstrap.runtime.cache_clear()


@pytest.fixture(autouse=True)
def described(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold whatever a handler answers in these tests to the OpenAPI document."""

    def checked(event: Any, log: EventLog, respond: Any) -> dict[str, Any]:
        response = serve(event, log, respond)
        headers, body = response["headers"], json.loads(response["body"])
        method, route = event["httpMethod"], event["resource"]
        complaint = undescribed(method, route, response["statusCode"], headers["Content-Type"], body)
        assert complaint is None, complaint
        return response

    for name, module in list(sys.modules.items()):
        if name.startswith("functions.handlers.") and hasattr(module, "serve"):
            monkeypatch.setattr(module, "serve", checked)


class _Loaded:
    """Stands for settings that were read."""

    @staticmethod
    def load() -> None:
        """Nothing: the runtime of the test has its own."""


def body_of(response: dict[str, Any]) -> dict[str, Any]:
    """Return a response's body; its form is held to what API Gateway takes."""
    assert set(response) == {"statusCode", "headers", "body", "isBase64Encoded"}
    assert all(isinstance(value, str) for value in response["headers"].values())
    body: dict[str, Any] = json.loads(response["body"])
    return body


def log_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what was logged since the last look."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
