"""What a worker's start costs in CPU time, beside boto3 with two eager clients in the same run (DESIGN section 8)."""

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.report import Line, line_of
from tests.benchmarks.surroundings import CREDENTIALS, worker_environment

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
    environment = {**worker_environment(), **CREDENTIALS, "PATH": os.environ["PATH"]}
    found: dict[str, list[float]] = {EAGER_BOTO3: [], LOADED: [], READY: []}
    for _ in range(rounds):
        bare = cpu_ms(BARE, environment)
        for code, values in found.items():
            values.append(cpu_ms(code, environment) - bare)
    return ColdStart(*(tuple(values) for values in found.values()))


def lines() -> list[Line]:
    """Measure and return what to print."""
    result = measure()
    return [
        line_of("boto3 with two eager clients, above a bare interpreter", result.boto3, "CPU ms", digits=0),
        line_of("worker loaded", _ratios(result.loaded, result), "times boto3", BUDGET),
        line_of("worker with its first client", _ratios(result.ready, result), "times boto3"),
    ]


def _ratios(values: Sequence[float], result: ColdStart) -> list[float]:
    return [value / base for value, base in zip(values, result.boto3, strict=True)]
