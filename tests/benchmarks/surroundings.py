"""A worker's process as the benchmarks have it: its real use cases and clients, on services answered in the process."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from functions.application.agent_ports import Agent
from functions.bootstrap import Runtime
from functions.sdk.testing.virtual_time import VirtualClock
from functions.settings import SettingName, Settings
from tests.benchmarks.in_process_aws import InProcessAws

EAST, WEST = "us-east-1", "us-west-2"
TENANT = "bench"
LANES = ("critical", "standard", "batch")
STALL_SECONDS = 30.0
CREDENTIALS = {"AWS_DEFAULT_REGION": EAST, "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}


def worker_environment(region: str = EAST, peer: str = WEST) -> dict[str, str]:
    """Return the environment of a worker's function, as the stacks write it, with addresses that are never called."""
    lanes = {lane: f"https://sqs.{region}.amazonaws.com/000000000000/antipode-{lane}" for lane in LANES}
    return {
        SettingName.ENVIRONMENT: "bench",
        SettingName.REGION: region,
        SettingName.PEER_REGION: peer,
        SettingName.TABLE: "antipode-bench",
        SettingName.LANES: json.dumps(lanes),
        SettingName.WAIT_BOUNDS: json.dumps(dict.fromkeys(LANES, 900)),
        SettingName.PAYLOADS: f"antipode-bench-{region}",
        SettingName.PEER_PAYLOADS: f"antipode-bench-{peer}",
        SettingName.PEER_HEALTH_URL: f"https://{peer}.api.antipode.test/v1/health",
        SettingName.MODEL_ID: "bench",
        SettingName.TENANT_KEY_PREFIX: "antipode-bench-tenant-",
        SettingName.HEARTBEAT_SECONDS: "5",
        SettingName.PEER_STALE_SECONDS: "20",
        SettingName.STALL_SECONDS: str(STALL_SECONDS),
        SettingName.LOOP_SECONDS: "62",
        SettingName.ADOPTION: "on",
        SettingName.ADOPTION_PER_SECOND: "400",
        SettingName.BROADCAST: "asked",
        SettingName.BUS: "antipode-bench",
        SettingName.DELIVERIES: f"https://sqs.{region}.amazonaws.com/000000000000/antipode-webhooks",
        SettingName.WEBHOOK_LOOPBACK: "off",
        SettingName.WEBHOOK_RETRY_SECONDS: "5",
    }


@dataclass(frozen=True, slots=True)
class Shelf:
    """The port Agents: these."""

    agents: Sequence[Agent]

    def names(self) -> Sequence[str]:
        """See Agents."""
        return [agent.name for agent in self.agents]

    def versions(self, name: str) -> Sequence[str]:
        """See Agents."""
        return [agent.version for agent in self.agents if agent.name == name]

    def find(self, name: str, version: str | None = None) -> Agent | None:
        """See Agents."""
        return next((agent for agent in self.agents if agent.name == name), None)


def silent_runtime(agents: Sequence[Agent]) -> Runtime:
    """Return a process's runtime in us-east-1 with these agents, that says nothing to the log."""
    os.environ.update(CREDENTIALS)
    made = Runtime(Settings.load(worker_environment()))
    made.agents = Shelf(agents)
    made.log._write = lambda line: None
    return made


class InTheLoop:
    """Stands for BlockingCalls where time is virtual, and threads would not know of it: calls are made at once."""

    threads = 1

    async def run(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Return what the call returns."""
        return call(*args, **kwargs)


def runtime_in_virtual_time(aws: InProcessAws, agents: Sequence[Agent], clock: VirtualClock) -> Runtime:
    """Return one whose clients `aws` answers, on this clock and in one thread."""
    made: Any = runtime_on(aws, agents)
    made.clock = clock
    for part in (made._table, made._peer_table, made.lanes, made.peer_lanes):
        part._calls._calls = InTheLoop()
    runtime: Runtime = made
    return runtime


def runtime_on(aws: InProcessAws, agents: Sequence[Agent]) -> Runtime:
    """Return one whose clients `aws` answers."""
    made = silent_runtime(agents)
    clients: Any = made._clients
    for make, region in (
        (clients.state, EAST),
        (clients.peer_state, WEST),
        (clients.lanes, EAST),
        (clients.peer_lanes, WEST),
    ):
        aws.serve(make(), region)
    return made
