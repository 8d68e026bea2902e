"""What is said of a function: what calls it and what it may do. The rows themselves are in the catalogue.

A row says what a function is for and what it may do. How that becomes CloudFormation is in `stacks/constructs`.
"""

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """What a function's role allows, each exactly as wide as the words say (`stacks/constructs/permissions.py`)."""

    READS_TOKENS = "reads_tokens"
    READS_JOBS = "reads_jobs"
    APPENDS_JOBS = "appends_jobs"
    COPIES_JOBS_TO_PEER = "copies_jobs_to_peer"
    READS_JOBS_OF_PEER = "reads_jobs_of_peer"
    LISTS_JOBS = "lists_jobs"
    FINDS_DUE_JOBS = "finds_due_jobs"
    READS_REGIONS = "reads_regions"
    WRITES_REGIONS = "writes_regions"
    #: How the Regions stand: by one query.
    READS_STANDINGS = "reads_standings"
    READS_STANDINGS_OF_PEER = "reads_standings_of_peer"
    #: In both Regions: an order is copied to the peer at once.
    SETS_STANDINGS = "sets_standings"
    KEEPS_CURSORS = "keeps_cursors"
    #: The Regions' leases in the control table, where there is one.
    READS_LEASES = "reads_leases"
    KEEPS_LEASES = "keeps_leases"
    SENDS_TO_LANES = "sends_to_lanes"
    #: Hints to the peer, for a job of the peer's: its lanes are found by name.
    SENDS_TO_PEER_LANES = "sends_to_peer_lanes"
    READS_SWITCHES = "reads_switches"
    #: In both Regions: a switch is copied to the peer at once.
    SETS_SWITCHES = "sets_switches"
    #: Those that are not a job's, which lie beside its history.
    READS_DEAD_LETTERS = "reads_dead_letters"
    #: In both Regions: a letter is settled where it was written.
    SETTLES_DEAD_LETTERS = "settles_dead_letters"
    READS_SCHEDULES = "reads_schedules"
    #: In both Regions: a schedule is copied to the peer at once.
    SETS_SCHEDULES = "sets_schedules"
    #: The markers, which no other Region writes; and what the peer wrote while this Region was lost.
    FIRES_SCHEDULES = "fires_schedules"
    READS_SCHEDULES_OF_PEER = "reads_schedules_of_peer"
    READS_LANE_DEPTHS = "reads_lane_depths"
    #: Slots, lines and starts of limits.
    KEEPS_LIMITS = "keeps_limits"
    READS_FLOW = "reads_flow"
    COUNTS_FLOW = "counts_flow"
    SAMPLES_LANES = "samples_lanes"
    #: Granted with READS_JOBS: an old job is read from there.
    READS_ARCHIVE = "reads_archive"
    KEEPS_ARCHIVE = "keeps_archive"
    #: Notes where the archive has a job, and deletes what it has of it.
    ARCHIVES_JOBS = "archives_jobs"
    #: Whether the peer's replica knows where the archive has a job.
    READS_PLACES_OF_PEER = "reads_places_of_peer"
    INVOKES_MODEL = "invokes_model"
    KEEPS_PAYLOADS = "keeps_payloads"
    #: That the peer is owed a copy of a payload, where it was away.
    OWES_COPIES = "owes_copies"
    SETTLES_COPIES = "settles_copies"
    READS_PAYLOADS = "reads_payloads"
    READS_UPLOADS = "reads_uploads"
    OPENS_UPLOADS = "opens_uploads"
    #: To be told that a payload is not there: of whoever may not list a bucket S3 hides even that.
    FINDS_PAYLOADS = "finds_payloads"
    #: The replica's own description names its stream.
    FINDS_STREAM = "finds_stream"
    READS_OPENINGS = "reads_openings"
    PUBLISHES_EVENTS = "publishes_events"
    #: With their secrets.
    READS_WEBHOOKS = "reads_webhooks"
    #: Without their secrets.
    KNOWS_WEBHOOKS = "knows_webhooks"
    SETS_WEBHOOKS = "sets_webhooks"
    READS_ENDPOINTS = "reads_endpoints"
    NOTES_ENDPOINTS = "notes_endpoints"
    SENDS_DELIVERIES = "sends_deliveries"
    LISTS_UNDELIVERED = "lists_undelivered"


#: What whoever sends something to a job needs: in both Regions, for either of them may run it.
SENDS_ARRIVALS = (
    Permission.READS_JOBS,
    Permission.APPENDS_JOBS,
    Permission.COPIES_JOBS_TO_PEER,
    Permission.SENDS_TO_LANES,
    Permission.SENDS_TO_PEER_LANES,
)


@dataclass(frozen=True, slots=True)
class Route:
    """Called by the API. Without a scope the route is public: no token, no tenant."""

    method: str
    path: str
    scope: str | None


@dataclass(frozen=True, slots=True)
class Routes:
    """Called by the API for several routes that are one matter."""

    each: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Called by the API before any route that has a scope."""


@dataclass(frozen=True, slots=True)
class EveryLane:
    """Called with batches of messages from each lane."""


@dataclass(frozen=True, slots=True)
class DeadLanes:
    """Called with batches of messages that came to nothing, from each lane's queue of dead letters."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Called once in so many minutes, by nobody else."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Stream:
    """Called with what is newly written into histories in this Region's replica."""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Called with batches of messages from the queue of webhooks' deliveries."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Called by CloudFormation while a Region is deployed."""


Trigger = Route | Routes | Authorizer | EveryLane | DeadLanes | Schedule | Stream | Deliveries | Deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRow:
    """One Lambda function. Its code is `functions/handlers/<name>.py`."""

    name: str
    description: str
    trigger: Trigger
    permissions: tuple[Permission, ...] = ()
    memory_mb: int = 512
    timeout_seconds: int = 10

    @property
    def entry_point(self) -> str:
        """What Lambda calls."""
        return f"functions.handlers.{self.name}.handle"

    @property
    def granted(self) -> tuple[Permission, ...]:
        """What its role allows: whoever reads jobs reads old ones from the archive."""
        reads = Permission.READS_JOBS in self.permissions and Permission.KEEPS_ARCHIVE not in self.permissions
        return (*self.permissions, Permission.READS_ARCHIVE) if reads else self.permissions

    @property
    def is_called_by_api(self) -> bool:
        """Whether it answers requests, or decides who may make them: then it is in the requests' stack."""
        return isinstance(self.trigger, Route | Routes | Authorizer)

    @property
    def routes(self) -> tuple[Route, ...]:
        """What it answers."""
        match self.trigger:
            case Route():
                return (self.trigger,)
            case Routes(each=each):
                return each
            case _:
                return ()
