"""What the use cases need from the world, as protocols; each has a real adapter and a twin in memory.

Every method is a coroutine, so that a batch of jobs shares one event loop and a simulation can own the schedule.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from functions.domain.job.arrivals import Arrival
from functions.domain.job.events import JobSubmitted
from functions.domain.job.history import Ask, DueEntry, Head, JobRecord, Segment
from functions.domain.job.snapshot import Snapshot
from functions.domain.lanes import LaneMessage
from functions.domain.ownership.verdict import Heartbeat, Verdict


class AppendConflict(Exception):
    """Somebody else in this Region has written at this place of the history: stop working on the job."""


class StateUnavailable(Exception):
    """The replica refuses or does not answer. What was asked for may or may not have been written."""


class LaneUnavailable(Exception):
    """The queue refuses or does not answer."""


class PayloadUnavailable(Exception):
    """The payload store refuses or does not answer: trying again can help."""


class PayloadMissing(Exception):
    """No such payload lies there."""


class ModelUnavailable(Exception):
    """The model refuses for now (throttled, timed out, down): trying again can help.

    `retry_after` is what its answer's header of that name said: seconds, or a date.
    """

    def __init__(self, detail: str = "the model refuses for now", retry_after: str | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class ModelRefused(Exception):
    """The model says that the request itself is wrong: trying again cannot help."""


class Alarm(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Let it not come."""


class Clock(Protocol):
    """Time, the only source of it."""

    def now(self) -> str:
        """Return the present moment (`functions.domain.moments`)."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def call_later(self, seconds: float, call: Callable[[], None]) -> Alarm:
        """Have a plain function called in the running event loop: cheaper than a task that sleeps."""


class Entropy(Protocol):
    """Randomness, the only source of it."""

    def token(self) -> str:
        """Return 43 url-safe characters that nobody can guess."""

    def fraction(self) -> float:
        """Return a number in [0, 1)."""


@dataclass(frozen=True, slots=True)
class Due:
    """By `at`, the Region that opens an epoch looks at the job again; `lane` is where it then puts it."""

    at: str
    lane: str


class HistoryStore(Protocol):
    """One replica of the jobs' histories."""

    async def append(self, segment: Segment, *, due: Due | None = None) -> None:
        """Write a segment. Raises AppendConflict when its place is taken, StateUnavailable when the replica refuses.

        Writing the very same segment again is no conflict. `due` is given for a segment that opens an epoch.
        """

    async def read(self, job_id: str) -> JobRecord:
        """Return what this replica holds of a job; of a long one a snapshot and what came after it.

        Raises StateUnavailable, UnreadableEvent.
        """

    async def read_whole(self, job_id: str) -> JobRecord:
        """Return all that this replica holds of a job, however much it is. Raises StateUnavailable, UnreadableEvent."""

    async def receive(self, arrival: Arrival, *, owner: str, lane: str) -> Arrival:
        """Write an arrival where nothing lies under its key, and return what lies there then: it, or an earlier one.

        The due index leads `owner` to it, at its moment, on `lane`. Raises StateUnavailable.
        """

    async def arrivals(self, job_id: str) -> Sequence[Arrival]:
        """Return all that has arrived for a job here. Raises StateUnavailable."""

    async def read_opening(self, job_id: str, region: str) -> Segment | None:
        """Return the segment with which `region` accepted the submission, if it is here. Raises StateUnavailable."""


class Projections(Protocol):
    """What is derived from history: heads, the due index, the listing, and how far the sweeper has come."""

    async def put_head(self, head: Head) -> None:
        """Write this Region's projection of a job. Raises StateUnavailable."""

    async def due(self, region: str, lane: str, shard: int, *, after: str, upto: str, limit: int) -> Sequence[DueEntry]:
        """Return entries whose position comes after `after` ('' is before all) and that are due by the moment `upto`.

        Earliest first, `limit` at most. Raises StateUnavailable.
        """

    async def list_jobs(self, tenant: str, *, before: str | None, limit: int) -> Sequence[tuple[str, str]]:
        """Return (created moment, job id) of a tenant's jobs, newest first, created before `before`.

        A job that both Regions accepted may be there twice. Fewer than `limit` rows mean that there are no more.
        """

    async def put_snapshot(self, snapshot: Snapshot) -> None:
        """Write a job's state down in place of what this Region wrote before. Raises StateUnavailable."""

    async def put_ask(self, ask: Ask) -> None:
        """Write that a job asks a group for a decision, or no longer does. Raises StateUnavailable."""

    async def list_asks(self, tenant: str, group: str, *, before: str | None, limit: int) -> Sequence[Ask]:
        """Return what a group is asked for, newest first, asked before `before`. A job may have ended meanwhile."""

    async def read_cursor(self, region: str, lane: str, shard: int) -> str:
        """Return the position up to which `region` has swept this partition; '' at first."""

    async def put_cursor(self, region: str, lane: str, shard: int, upto: str) -> None:
        """Record it."""


class RegionRegister(Protocol):
    """What the Regions say of themselves and of each other."""

    async def beat(self, heartbeat: Heartbeat) -> None:
        """Write this Region's heartbeat. Raises StateUnavailable."""

    async def last_beat(self, region: str) -> Heartbeat | None:
        """Return a Region's last heartbeat as this replica has it. Raises StateUnavailable."""

    async def put_verdict(self, verdict: Verdict) -> None:
        """Write what this Region holds of its peer. Raises StateUnavailable."""

    async def verdict(self, region: str) -> Verdict | None:
        """Return what `region` holds of its peer. Raises StateUnavailable."""


@dataclass(frozen=True, slots=True)
class LaneSend:
    """A message on its way to a lane: `group` is the tenant (fair queueing), `delay_seconds` at most 900."""

    lane: str
    message: LaneMessage
    group: str
    delay_seconds: int = 0


def hint(job_id: str, epoch: int, job: JobSubmitted, reason: str, delay: float = 0.0) -> LaneSend:
    """Return the message by which a worker learns that a job may be worked on, in `delay` seconds at the earliest."""
    return LaneSend(job.lane, LaneMessage(job_id, epoch, reason), job.tenant, math.ceil(delay))


class Lanes(Protocol):
    """The queues."""

    def names(self) -> Sequence[str]:
        """Return the lanes that exist here, most important first."""

    async def send(self, sends: Sequence[LaneSend]) -> None:
        """Put messages on their lanes, in batches. Raises LaneUnavailable when any is refused."""

    async def depths(self) -> Mapping[str, tuple[int, int]]:
        """Return (waiting, in flight) of each lane, approximately. Raises LaneUnavailable."""


class PeerProbe(Protocol):
    """The peer Region's public health endpoint."""

    async def healthy(self) -> bool:
        """Say whether it answers well. Never raises."""


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What a bearer token stands for, and who holds it, where that was said when it was made."""

    tenant: str
    scopes: frozenset[str]
    principal: str | None = None

    @property
    def holder(self) -> str:
        """By what name its holder goes: in the history, where something was done with it."""
        return self.principal or self.tenant


class Tokens(Protocol):
    """The bearer tokens, kept by their hash."""

    async def find(self, token_hash: str) -> TokenGrant | None:
        """Return what the token with this SHA-256 (hex) stands for, or None. Raises StateUnavailable."""

    async def put(self, token_hash: str, grant: TokenGrant) -> None:
        """Write a token. Raises StateUnavailable."""


@dataclass(frozen=True, slots=True)
class PayloadKey:
    """A payload by its tenant and the SHA-256 of its bytes (hex): no tenant can name what is another's."""

    tenant: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PayloadPlace:
    """Where a payload lies, kept or just uploaded, in words for adapters alone; `size` is that of its bytes."""

    name: str
    size: int
    encoding: str


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request that whoever holds it may send, as it is and until it expires."""

    method: str
    url: str
    headers: Mapping[str, str]


class Payloads(Protocol):
    """The payloads that one Region keeps. Every method but the signing ones raises PayloadUnavailable."""

    async def put(self, key: PayloadKey, data: bytes) -> None:
        """Keep these bytes; keeping them again is no error and begins their time anew."""

    async def get(self, key: PayloadKey) -> bytes:
        """Return what is kept, or raise PayloadMissing."""

    async def find(self, key: PayloadKey) -> PayloadPlace | None:
        """Return where it is kept, or else where a client has uploaded it."""

    async def take_over(self, key: PayloadKey, place: PayloadPlace) -> None:
        """Keep here what lies there, in either Region, without it passing through this process.

        Raises PayloadMissing when nothing lies there any more.
        """

    async def sign_upload(self, key: PayloadKey, size: int, seconds: int) -> SignedRequest:
        """Return the request by which these bytes, that many and no others, can be uploaded."""

    async def sign_download(self, key: PayloadKey, seconds: int) -> SignedRequest:
        """Return the request that answers with what is kept."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call of a model. `idempotency_key` is the same in every attempt."""

    system: str
    prompt: str
    max_tokens: int
    temperature: float
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What the model said and what it cost in tokens."""

    text: str
    input_tokens: int
    output_tokens: int


class Model(Protocol):
    """A language model."""

    async def converse(self, request: ModelRequest) -> ModelAnswer:
        """Ask it. Raises ModelUnavailable (try again) or ModelRefused (final)."""
