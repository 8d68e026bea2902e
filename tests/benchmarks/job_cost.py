"""What a million jobs cost by AWS's list prices, from the counted units of one and from durations stated here.

The budgets are for the orchestration alone (DESIGN section 8): the API, its authorizer, the queue, the writes with
their index entries, the reads, and the functions' time. What an agent's own work costs comes on top, wherever it runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.job_units import KINDS, Units, count
from tests.benchmarks.prices import dollars
from tests.benchmarks.report import Line

BUDGETS = {"3 steps": 12.0, "10 steps, each flushed": 25.0}
#: Workers get their messages ten at a time, as under load.
BATCH = 10
#: A submit waits for two calls here, one exchange with the other coast and one with the queue: about 80 ms. Its CPU, 8
#: ms of a whole core, takes 28 ms at 512 MB.
API_SECONDS, API_GB = 0.110, 0.5
#: What a batch of ten keeps its worker: the CPU of its jobs' calls, with the runtime's share (`cpu_per_action`), on the
#: 0.58 of a core that 1,024 MB has, and waiting for the last answer.
CALL_CPU_SECONDS, WORKER_CORES, WORKER_GB = 0.0016, 1024 / 1769, 1.0
LAST_ANSWER_SECONDS = 0.010


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars for a million jobs, by what they are paid for."""

    parts: Mapping[str, float]

    @property
    def total(self) -> float:
        """The sum."""
        return sum(self.parts.values())


def cost_of(units: Units) -> Cost:
    """Return what a million such jobs cost."""
    runs = units.runs / BATCH
    in_workers = units.calls_in_runs * CALL_CPU_SECONDS / WORKER_CORES + runs * LAST_ANSWER_SECONDS
    queue_requests = units.sends + 2 * runs  # a batch is received at once and deleted at once
    gb_seconds = units.api_calls * API_SECONDS * API_GB + in_workers * WORKER_GB
    return Cost(
        {
            "API": dollars("api", units.api_calls),
            "writes and index": dollars("writes", units.write_units),
            "reads": dollars("reads", units.read_units),
            "queue": dollars("queue", queue_requests) + dollars("fair_queue", queue_requests),
            "functions": dollars("lambda_requests", units.api_calls + runs)
            + dollars("lambda_seconds", gb_seconds * 1e6),
        }
    )


def lines() -> list[Line]:
    """Count, price and return what to print."""
    found = []
    for name, kind in KINDS.items():
        units = count(kind)
        cost = cost_of(units)
        parts = ", ".join(f"{part} {amount:.2f}" for part, amount in cost.parts.items())
        found += [
            Line(f"{name}: requests to DynamoDB and SQS", units.requests, digits=0),
            Line(f"{name}: write units, both Regions", units.write_units, digits=0),
            Line(f"{name}: read units", units.read_units, digits=0),
            Line(f"{name}: a million of them", cost.total, "USD", parts, BUDGETS.get(name)),
        ]
    return found
