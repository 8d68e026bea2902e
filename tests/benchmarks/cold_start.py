"""What a worker's start costs in CPU time, beside boto3 with two eager clients in the same run (DESIGN section 8)."""

import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

BARE = "pass"
EAGER_BOTO3 = "import boto3; boto3.client('dynamodb'); boto3.client('sqs')"
#: What Lambda's init phase loads: the handler with its use case. Clients come with the first job.
LOADED = "import functions.handlers.advance_jobs; from functions.bootstrap import runtime; runtime().advance_job"
#: Up to the moment at which the first job's history can be read.
READY = LOADED + "; runtime()._clients.state()"
BUDGET = 0.65
ROUNDS = 9


@dataclass(frozen=True, slots=True)
class ColdStart:
    """CPU milliseconds above a bare interpreter, a value for each round."""

    boto3: tuple[float, ...]
    loaded: tuple[float, ...]
    ready: tuple[float, ...]


def cpu_ms(code: str, environment: dict[str, str]) -> float:
    """Return the CPU milliseconds (user and system) of a fresh interpreter that runs `code`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def measure(rounds: int = ROUNDS) -> ColdStart:
    """Measure all in turn, `rounds` times."""
    environment = {**worker_environment(), "PATH": os.environ["PATH"]}
    found: dict[str, list[float]] = {EAGER_BOTO3: [], LOADED: [], READY: []}
    for _ in range(rounds):
        bare = cpu_ms(BARE, environment)
        for code, values in found.items():
            values.append(cpu_ms(code, environment) - bare)
    return ColdStart(*(tuple(values) for values in found.values()))


def worker_environment() -> dict[str, str]:
    """Return the environment of a worker's function, as the stacks write it, with addresses that are never called."""
    lanes = {lane: f"http://127.0.0.1:9/000000000000/{lane}" for lane in ("critical", "standard", "batch")}
    return {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "ANTIPODE_ENVIRONMENT": "local",
        "ANTIPODE_REGION": "us-east-1",
        "ANTIPODE_PEER_REGION": "us-west-2",
        "ANTIPODE_TABLE": "antipode-local",
        "ANTIPODE_LANES": json.dumps(lanes),
        "ANTIPODE_PEER_HEALTH_URL": "http://us-west-2.api.antipode.test:4566/v1/health",
        "ANTIPODE_MODEL_ID": "bench",
        "ANTIPODE_TENANT_KEY_PREFIX": "antipode-local-tenant-",
        "ANTIPODE_HEARTBEAT_SECONDS": "5",
        "ANTIPODE_PEER_STALE_SECONDS": "20",
        "ANTIPODE_STALL_SECONDS": "30",
        "ANTIPODE_LOOP_SECONDS": "62",
        "ANTIPODE_ADOPTION": "on",
    }


def lines(result: ColdStart) -> Sequence[str]:
    """Return the result as lines of text."""
    base = f"boto3 with two eager clients: {statistics.median(result.boto3):.0f} CPU ms above a bare interpreter"
    return (
        base,
        _line("worker loaded", result.loaded, result),
        _line("worker with its first client", result.ready, result),
    )


def _line(what: str, values: Sequence[float], result: ColdStart) -> str:
    ratios = [value / base for value, base in zip(values, result.boto3, strict=True)]
    ratio = statistics.median(ratios)
    verdict = "within" if ratio <= BUDGET else "OVER"
    spread = f"rounds {min(ratios):.2f} to {max(ratios):.2f}"
    return f"{what}: {statistics.median(values):.0f} CPU ms, ratio {ratio:.2f} ({spread}), {verdict} {BUDGET}"
