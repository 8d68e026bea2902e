"""What one Region needs so that it can carry all: concurrency that is set apart, and AWS's quotas. Pure.

Each Region is given enough for both, always: whoever asks for more when the other Region is lost asks a control plane,
together with everybody else. So the numbers of a lane are not halves: they are what all work needs, in each Region.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stacks.catalog import FUNCTIONS, EveryLane, Schedule, function_named
from stacks.config import Configuration
from stacks.function_rows import FunctionRow
from stacks.waiting import LaneLoad, slots_for

#: What Lambda leaves to functions for which nothing is set apart, whatever is asked.
LAMBDA_KEEPS_UNRESERVED = 100
#: A worker takes up to ten messages and runs their jobs at once (stacks/constructs/function.py).
JOBS_A_WORKER = 10
#: A lane that is busier than this has no room for a bad minute.
MOST_UTILISATION = 0.8
#: From when a function of the clockwork is started to when the one of the minute before has ended, two run.
RUNS_OF_CLOCKWORK = 2
#: Durations of functions behind routes, estimates: docs/cost.md says of what.
SUBMIT_SECONDS, READ_SECONDS = 0.11, 0.05
#: A first segment with its two index entries and a last segment; each Region's table takes all of it (docs/cost.md).
WRITE_UNITS_A_JOB, WRITE_UNITS_A_FLUSH = 5, 1
#: Of a job's writes, those to the index `due` on which every job of a lane comes by: its entry, and its removal.
DUE_WRITES_A_JOB = 2
DUE_SHARDS = 4
#: What moving a job to the archive takes of each Region's table once it is over: the note, and the deletion of its
#: first and last segment with two index entries, one of them in `due`; and of each flush (docs/cost.md).
WRITE_UNITS_AN_ARCHIVED_JOB, WRITE_UNITS_AN_ARCHIVED_FLUSH, DUE_WRITES_AN_ARCHIVED_JOB = 5, 1, 1
#: An archiver's 1 GB works so long at a job, on both visits together; it is started once an hour, for so long at most.
ARCHIVING_SECONDS, ARCHIVER_RUN_SECONDS, SECONDS_AN_HOUR = 0.014, 780, 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What all clients ask of both Regions together."""

    lanes: Mapping[str, LaneLoad]
    flushes_a_job: float = 0.0
    reads_a_job: float = 1.0
    events_a_job: float = 0.0

    @property
    def jobs_a_second(self) -> float:
        """Of all lanes."""
        return sum(load.jobs_per_minute for load in self.lanes.values()) / 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One service quota of a Region: what it must be, and what AWS gives unasked.

    `code` is its code in Service Quotas, where it has one that we know.
    """

    service: str
    quota: str
    code: str
    needed: float
    default: float
    adjustable: bool
    why: str

    @property
    def suffices(self) -> bool:
        """Whether the default is enough."""
        return self.needed <= self.default


def reserved_concurrency(configuration: Configuration, row: FunctionRow) -> int | None:
    """Return how much of the Region's concurrency is set apart for a function, or None.

    What the lanes may use at most is the workers' own: a flood of requests cannot take it, nor they more.
    """
    if configuration.reserved_concurrency == "off" or not isinstance(row.trigger, EveryLane):
        return None
    return workers(configuration)


def workers(configuration: Configuration) -> int:
    """Return how many workers there may be at once in a Region, on all lanes."""
    return sum(lane.max_concurrency for lane in configuration.lanes)


def slots(configuration: Configuration, lane: str) -> int:
    """Return how many jobs of a lane run at once in a Region at most."""
    return JOBS_A_WORKER * next(each.max_concurrency for each in configuration.lanes if each.name == lane)


def workers_for(load: LaneLoad) -> int:
    """Return the max_concurrency with which a lane carries all of a load in one Region; a mapping takes 2 at least."""
    return max(2, -(-slots_for(load, MOST_UTILISATION) // JOBS_A_WORKER))


def needs(configuration: Configuration, load: Load) -> list[Need]:
    """Return the quotas that each Region needs to carry all."""
    return [
        *_of_functions(configuration, load),
        *_of_state(configuration, load),
        *(_of_archive(load) if configuration.archive.after_days else []),
        *_of_names(),
    ]


def _of_functions(configuration: Configuration, load: Load) -> list[Need]:
    rate = configuration.throttle.rate_per_second
    asked = load.jobs_a_second * (SUBMIT_SECONDS + load.reads_a_job * READ_SECONDS)
    clockwork = RUNS_OF_CLOCKWORK * sum(isinstance(row.trigger, Schedule) for row in FUNCTIONS)
    others = clockwork + configuration.webhooks.max_concurrency + _broadcasters(load) + max(asked, 1)
    concurrent = workers(configuration) + max(others, LAMBDA_KEEPS_UNRESERVED)
    deepest = max(lane.max_concurrency for lane in configuration.lanes) * JOBS_A_WORKER
    return [
        Need(
            service="Lambda",
            quota="Concurrent executions",
            code="L-B99A9384",
            needed=round(concurrent),
            default=1000,
            adjustable=True,
            why="all lanes' workers, and beside them requests, clockwork, broadcast and webhooks",
        ),
        Need(
            service="API Gateway",
            quota="Throttle rate, requests a second",
            code="L-8A5B8E43",
            needed=max(rate, load.jobs_a_second * (1 + load.reads_a_job)),
            default=10_000,
            adjustable=True,
            why="what the stage lets through, and what the load asks",
        ),
        Need(
            service="SQS",
            quota="In-flight messages of a standard queue",
            code="",
            needed=deepest,
            default=120_000,
            adjustable=True,
            why="ten for each worker of the widest lane",
        ),
    ]


def _broadcasters(load: Load) -> float:
    return max(1.0, load.events_a_job * load.jobs_a_second / 1000)


def _of_state(configuration: Configuration, load: Load) -> list[Need]:
    written = load.jobs_a_second * (WRITE_UNITS_A_JOB + WRITE_UNITS_A_FLUSH * load.flushes_a_job)
    archived = archived_a_second(configuration, load)
    struck_out = archived * (WRITE_UNITS_AN_ARCHIVED_JOB + WRITE_UNITS_AN_ARCHIVED_FLUSH * load.flushes_a_job)
    busiest = max((lane.jobs_per_minute for lane in load.lanes.values()), default=0.0) / 60
    told = load.jobs_a_second * load.events_a_job if configuration.broadcast != "off" else 0.0
    return [
        Need(
            service="DynamoDB",
            quota="Table-level write throughput, units a second",
            code="L-AB614373",
            needed=round(written + struck_out, 1),
            default=40_000,
            adjustable=True,
            why="a replica takes all writes of both Regions, archivers' at their fastest, too: a loss adds none",
        ),
        Need(
            service="DynamoDB",
            quota="Writes of one partition, units a second",
            code="",
            needed=round(busiest * DUE_WRITES_A_JOB / DUE_SHARDS + archived * DUE_WRITES_AN_ARCHIVED_JOB, 1),
            default=1000,
            adjustable=False,
            why=f"a lane's due jobs lie in {DUE_SHARDS} partitions of their index, which archivers empty one by one",
        ),
        Need(
            service="EventBridge",
            quota="PutEvents, events a second",
            code="",
            needed=round(told, 1),
            default=600,
            adjustable=True,
            why="public events of all jobs; the default is that of the smallest Regions",
        ),
        Need(
            service="KMS",
            quota="Cryptographic operations a second",
            code="L-6E3AF000",
            needed=0,
            default=5_500,
            adjustable=True,
            why="services keep what they asked for: table and queues ask once in minutes, whatever the load",
        ),
    ]


def archived_a_second(configuration: Configuration, load: Load) -> float:
    """Return how many jobs both archivers together move to S3 while they work, which is at most a part of each hour."""
    return 2 / ARCHIVING_SECONDS if configuration.archive.after_days and load.jobs_a_second else 0.0


def _of_archive(load: Load) -> list[Need]:
    return [
        Need(
            service="archiver",
            quota="Seconds of each hour's run",
            code="",
            needed=round(load.jobs_a_second * SECONDS_AN_HOUR * ARCHIVING_SECONDS, 1),
            default=ARCHIVER_RUN_SECONDS,
            adjustable=False,
            why="one Region may own all jobs; histories beyond that stay in the table, and cost their storage there",
        )
    ]


def _of_names() -> list[Need]:
    return [
        Need(
            service="Route 53",
            quota="Health checks of the account",
            code="L-ACB674F3",
            needed=2,
            default=200,
            adjustable=True,
            why="one for each Region",
        )
    ]


def worker_memory_gb(configuration: Configuration) -> float:
    """Return the memory of a worker."""
    return configuration.size_of(function_named("advance_jobs")).memory_mb / 1024
