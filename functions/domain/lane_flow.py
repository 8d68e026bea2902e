"""How a lane flows: what its workers have counted, how deep its queue is, and from both how long new work will wait.

By Little's law a queue of so many messages that so many leave each second takes waiting / rate seconds. The rate of a
lane that has little to do says nothing of what it could do, so a rate is measured while something waits, and the
fastest of the last minutes counts: whoever estimates the wait too high turns work away that could have run.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from functions.domain.moments import add_seconds, seconds_between, to_datetime, to_moment

#: What is counted within this time lies in one item.
BUCKET_SECONDS = 10
#: So many buckets are read, the newest ones: the last five minutes of a lane that is busy, more of one that is not.
READ_BUCKETS = 31
#: The rates that people are shown are those of so many seconds.
SHOWN_SECONDS = 60.0
#: What workers have counted is told after this at the latest: the newest counts are not complete before.
TOLD_AFTER_SECONDS = 20.0
#: A sample of the queues' depths counts for so long; the sentinel takes one every few seconds.
SAMPLE_COUNTS_SECONDS = 30.0
#: A queue that has not been empty for less than this does not yet say how fast it is worked off.
YOUNG_BACKLOG_SECONDS = 30.0
#: Rates older than this say nothing of now.
RATE_MEMORY_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class LaneCounts:
    """What workers did for a lane. `waited_ms` is how long the `first_starts` had waited since they could have run."""

    starts: int = 0
    ends: int = 0
    failures: int = 0
    first_starts: int = 0
    waited_ms: int = 0

    def __add__(self, other: "LaneCounts") -> "LaneCounts":
        return LaneCounts(
            self.starts + other.starts,
            self.ends + other.ends,
            self.failures + other.failures,
            self.first_starts + other.first_starts,
            self.waited_ms + other.waited_ms,
        )


@dataclass(frozen=True, slots=True)
class FlowBucket:
    """What all workers of a Region counted from `at` on, for `BUCKET_SECONDS`, by lane."""

    at: str
    lanes: Mapping[str, LaneCounts]


@dataclass(frozen=True, slots=True)
class LaneDepth:
    """How many messages a queue held; since `backlog_since` there has always been one (None: there is none).

    Since `still_since` messages have waited and not one was worked on (None: that is not so).
    """

    waiting: int
    in_flight: int
    backlog_since: str | None = None
    still_since: str | None = None


@dataclass(frozen=True, slots=True)
class DepthSample:
    """How deep a Region's lanes were at one moment."""

    at: str
    lanes: Mapping[str, LaneDepth]


@dataclass(frozen=True, slots=True)
class RegionFlow:
    """What is known of a Region's lanes: the newest buckets first, and the last sample, if there is one."""

    buckets: Sequence[FlowBucket] = ()
    sample: DepthSample | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneFlow:
    """A lane as people and the admission see it. What nobody can know is None: then no work is turned away."""

    waiting: int | None
    in_flight: int | None
    estimated_wait_seconds: float | None
    oldest_wait_seconds: float | None
    started_per_minute: float
    ended_per_minute: float
    failed_per_minute: float


def bucket_of(moment: str) -> str:
    """Return the moment at which the bucket of `moment` begins."""
    when = to_datetime(moment)
    return to_moment(when.replace(second=when.second - when.second % BUCKET_SECONDS, microsecond=0))


def sampled(before: DepthSample | None, depths: Mapping[str, tuple[int, int]], now: str) -> DepthSample:
    """Return the sample of now: a backlog that the last one saw has lasted since then, unless that is long ago."""
    known = before.lanes if before is not None and _counts(before, now) else {}
    lanes = {}
    for lane, (waiting, in_flight) in depths.items():
        last = known.get(lane)
        since = None if not waiting else (last.backlog_since if last is not None and last.backlog_since else now)
        is_still = waiting and not in_flight
        still = None if not is_still else (last.still_since if last is not None and last.still_since else now)
        lanes[lane] = LaneDepth(waiting, in_flight, since, still)
    return DepthSample(now, lanes)


def flow_of(lane: str, flow: RegionFlow, now: str) -> LaneFlow:
    """Return how a lane flows now."""
    counted = [(seconds_between(each.at, now), each.lanes.get(lane, LaneCounts())) for each in flow.buckets]
    depth = flow.sample.lanes.get(lane) if flow.sample is not None and _counts(flow.sample, now) else None
    shown = _sum(counts for age, counts in counted if age <= SHOWN_SECONDS)
    per_minute = 60 / SHOWN_SECONDS
    return LaneFlow(
        waiting=None if depth is None else depth.waiting,
        in_flight=None if depth is None else depth.in_flight,
        estimated_wait_seconds=None if depth is None else _estimate(depth, counted, now),
        oldest_wait_seconds=None if depth is None else _oldest(depth, counted, now),
        started_per_minute=shown.starts * per_minute,
        ended_per_minute=shown.ends * per_minute,
        failed_per_minute=shown.failures * per_minute,
    )


def _counts(sample: DepthSample, now: str) -> bool:
    return abs(seconds_between(sample.at, now)) <= SAMPLE_COUNTS_SECONDS


def _sum(counts: Iterable[LaneCounts]) -> LaneCounts:
    return sum(counts, LaneCounts())


def _estimate(depth: LaneDepth, counted: Sequence[tuple[float, LaneCounts]], now: str) -> float | None:
    """Return how long a message that comes now will wait.

    A young backlog is a burst that the workers have hardly seen: all that is known is that it is not older than it is.
    """
    if not depth.waiting or depth.backlog_since is None:
        return 0.0
    age = seconds_between(depth.backlog_since, now)
    if age < YOUNG_BACKLOG_SECONDS:
        return round(max(0.0, age), 3)
    rate = max(_rate_in_backlog(age, counted), *_rates_by_minute(counted))
    if not rate:
        rate = 1 / min(age, RATE_MEMORY_SECONDS)  # not one in all that time: it cannot be faster than this
    return round(depth.waiting / rate, 3)


def _rate_in_backlog(age: float, counted: Sequence[tuple[float, LaneCounts]]) -> float:
    """Starts a second since something has waited, but for the newest counts, which are not complete."""
    oldest = min(age, RATE_MEMORY_SECONDS)
    newest = TOLD_AFTER_SECONDS if oldest >= 2 * TOLD_AFTER_SECONDS else 0.0
    starts = sum(counts.starts for at, counts in counted if newest <= at < oldest + newest)
    return starts / oldest


def _rates_by_minute(counted: Sequence[tuple[float, LaneCounts]]) -> list[float]:
    """Starts a second in each of the last minutes: whoever was that fast lately can be so again."""
    minutes = [0] * round(RATE_MEMORY_SECONDS / 60)
    for at, counts in counted:
        if 0 <= at < RATE_MEMORY_SECONDS:
            minutes[int(at // 60)] += counts.starts
    return [starts / 60 for starts in minutes]


def _oldest(depth: LaneDepth, counted: Sequence[tuple[float, LaneCounts]], now: str) -> float:
    """Return how long the oldest waiting message has waited, at most.

    Whoever is next came before the last one that started had waited much longer than that one, and has waited on since.
    """
    if not depth.waiting or depth.backlog_since is None:
        return 0.0
    backlog = max(0.0, seconds_between(depth.backlog_since, now))
    last = next(((at, counts) for at, counts in counted if counts.first_starts), None)
    if last is None:
        return round(backlog, 3)
    at, counts = last
    waited = counts.waited_ms / counts.first_starts / 1000
    return round(min(backlog, waited + max(0.0, at)), 3)


@dataclass(slots=True)
class Tally:
    """What one process has counted and not told yet. Not a value: it is counted on, and taken when it is told."""

    lanes: dict[str, LaneCounts] = field(default_factory=dict)

    def count(self, lane: str, counts: LaneCounts) -> None:
        """Add to a lane's counts."""
        self.lanes[lane] = self.lanes.get(lane, LaneCounts()) + counts

    @property
    def starts(self) -> int:
        """How many attempts were started, on all lanes."""
        return sum(counts.starts for counts in self.lanes.values())

    def take(self) -> Mapping[str, LaneCounts]:
        """Return what was counted, and begin anew."""
        taken, self.lanes = self.lanes, {}
        return taken


def first_wait(started_at: str, could_run_at: str) -> LaneCounts:
    """Return the count of a job's first start."""
    waited = max(0.0, seconds_between(could_run_at, started_at))
    return replace(LaneCounts(starts=1, first_starts=1), waited_ms=round(waited * 1000))


def expiry_of(bucket: str, seconds: float) -> int:
    """Return the second (Unix time) at which a bucket may be forgotten."""
    return int(to_datetime(add_seconds(bucket, seconds)).timestamp())
