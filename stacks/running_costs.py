"""What an installation costs in a month, by the counts of docs/cost.md and the list prices. Pure.

Two kinds: what work costs, wherever it runs, and what it costs that there are two Regions which are each ready for all.
"""

from dataclasses import dataclass

from stacks.capacity import (
    ARCHIVING_SECONDS,
    JOBS_A_WORKER,
    WRITE_UNITS_A_FLUSH,
    WRITE_UNITS_A_JOB,
    WRITE_UNITS_AN_ARCHIVED_FLUSH,
    WRITE_UNITS_AN_ARCHIVED_JOB,
    Load,
)
from stacks.prices import dollars

MINUTES_A_MONTH = 43_800
SECONDS_A_MONTH = 60 * MINUTES_A_MONTH
MILLION = 1_000_000
#: By docs/cost.md: reads, queue and functions of a submit of a 3-step job, USD a million.
READS, QUEUE, FUNCTIONS = 0.50, 0.60, 1.04
#: The clockwork of a Region: three functions of 0.5 GB that run all the time, and go round every five seconds.
CLOCKWORK_GB = 3 * 0.5
ROUND_SECONDS = 5
#: What a round asks of the table (tests/contract/test_clockwork_counts.py): read units of the sweeper, of what fires,
#: of the sentinel, and of the two signs; write units of the two signs and of the heartbeat, each in both Regions.
ROUND_READS = 20 + 3 + 4 + 2
ROUND_WRITES = 2 * (2 + 1)
#: What it asks of the control table besides, where there are leases.
LEASE_READS, LEASE_WRITES = 2 + 3, 2
#: Of a job that is moved to the archive: read units of both visits, and USD a million for objects in both buckets.
ARCHIVING_READS, ARCHIVED_OBJECTS = 2.5, 0.11
#: A Region's key once it has been renewed twice: 1 USD, and 1 for each of two renewals.
KEY_DOLLARS = 3.0
#: The checkers of one health check, by what people have counted; each asks in its own time.
CHECKERS = 15
HEALTH_GB_SECONDS = 0.5 * 0.03


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars a month, and for what. `for_two` is the part that is there because there are two Regions."""

    what: str
    dollars: float
    for_two: float


def monthly_costs(
    load: Load,
    *,
    memory_gb: float,
    interval_seconds: int,
    leases: bool = False,
    keys: bool = False,
    archive: bool = False,
) -> list[Cost]:
    """Return what an installation under this load costs in a month, without its models, logs, storage and transfer.

    `leases`: with a control table; `keys`: with keys of the account's own; `archive`: old histories go to S3.
    """
    jobs = load.jobs_a_second * SECONDS_A_MONTH / MILLION
    units = 2 * (WRITE_UNITS_A_JOB + WRITE_UNITS_A_FLUSH * load.flushes_a_job)
    busy = sum(lane.busy_slots for lane in load.lanes.values()) / JOBS_A_WORKER * memory_gb
    checks = CHECKERS / interval_seconds * SECONDS_A_MONTH / MILLION
    asked = dollars("api", checks) + dollars("lambda_requests", checks)
    asked += dollars("lambda_seconds", checks * MILLION * HEALTH_GB_SECONDS)
    return [
        Cost("submits: API", dollars("api", jobs), 0.0),
        Cost("clients' reads: API and functions", (dollars("api", 1) + 0.63) * jobs * load.reads_a_job, 0.0),
        Cost(
            "writes of histories and indexes, half of them the other Region's", *_half(dollars("writes", jobs * units))
        ),
        Cost("reads, queue and functions of submits", (READS + QUEUE + FUNCTIONS) * jobs, 0.0),
        Cost("workers, ten jobs in each", dollars("lambda_seconds", busy * SECONDS_A_MONTH), 0.0),
        *(_archive(load, jobs) if archive else []),
        Cost("clockwork: sweeper, sentinel, schedules", *_half(2 * _clockwork(leases=leases))),
        *([Cost("clockwork: each Region's own key", *_half(2 * KEY_DOLLARS))] if keys else []),
        Cost(
            "Route 53's health checks, and the requests that they make",
            *_half(2 * (dollars("health_check", 1) + asked)),
        ),
    ]


def _archive(load: Load, jobs: float) -> list[Cost]:
    """Return what it costs to move a month's jobs, in millions, to S3: each once, when it has been over for long.

    Half of the writes are the other Region's, and so is one of the two objects.
    """
    units = 2 * (WRITE_UNITS_AN_ARCHIVED_JOB + WRITE_UNITS_AN_ARCHIVED_FLUSH * load.flushes_a_job)
    moved = dollars("reads", jobs * ARCHIVING_READS) + dollars("lambda_seconds", jobs * MILLION * ARCHIVING_SECONDS)
    return [
        Cost("archive: notes and deletions", *_half(dollars("writes", jobs * units))),
        Cost("archive: objects", *_half(ARCHIVED_OBJECTS * jobs)),
        Cost("archive: reads and function", moved, 0.0),
    ]


def _clockwork(*, leases: bool) -> float:
    """Return what the clockwork of one Region costs in a month, whatever is submitted."""
    rounds = SECONDS_A_MONTH / ROUND_SECONDS / MILLION
    reads, writes = ROUND_READS + LEASE_READS * leases, ROUND_WRITES + LEASE_WRITES * leases
    probes = dollars("api", rounds) + dollars("lambda_requests", rounds)
    running = dollars("lambda_seconds", CLOCKWORK_GB * SECONDS_A_MONTH)
    return running + dollars("reads", rounds * reads) + dollars("writes", rounds * writes) + probes


def _half(whole: float) -> tuple[float, float]:
    return whole, whole / 2
