"""When a Region holds its peer for lost: its heartbeat is stale and its public health endpoint fails, for a while.

One sign alone is never enough: replication may be late while the peer is well, or the path to its endpoint may be cut.
What this does not promise: with both signs gone but the peer alive (a full cut), both Regions may run a job; the fold
reads one result only.

To hold a peer for lost is one thing, to take a job of its over another. The verdict is slow to be taken back, or a
Region that flaps would come and go; what is written by the peer stops its jobs from being taken over at once.
"""

from dataclasses import dataclass, replace

from functions.domain.moments import seconds_between

PROBES_TO_DECLARE = 3
BEATS_TO_CLEAR = 3
#: So long after the peer is back a Region looks for what each of the two took in for jobs that the other then owned.
LOOK_BACK_SECONDS = 900.0
#: A Region that was lost more than once within this time is flapping.
FLAPPING_SECONDS = 3600.0
#: So long a flapping Region stays away after the second loss; after each further one twice as long.
HOLD_SECONDS = 60.0
LONGEST_HOLD_SECONDS = 960.0


def hold_seconds(losses: int) -> float:
    """Return how long at least a Region stays away that was lost so often within `FLAPPING_SECONDS`."""
    return 0.0 if losses < 2 else min(LONGEST_HOLD_SECONDS, HOLD_SECONDS * 2.0 ** (losses - 2))


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a Region's sentinel last wrote. `fenced`: the Region begins nothing, for it cannot see that it may."""

    region: str
    at: str
    beat: int
    fenced: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `region` holds of `peer`. `parted_at`: when it was last taken for lost, also after it is back.

    `beat`: the number of the peer's last heartbeat when it was last found silent, None if there was none.
    """

    region: str
    peer: str
    lost: bool
    since: str
    parted_at: str | None = None
    beat: int | None = None

    def looks_back(self, now: str) -> bool:
        """Say whether the peer is back, but not for long."""
        return not self.lost and self.parted_at is not None and seconds_between(self.since, now) < LOOK_BACK_SECONDS


def silent_since(verdict: Verdict | None, heartbeat: Heartbeat | None) -> bool:
    """Say whether the peer is held for lost, and no heartbeat of it has come since it was."""
    beat = heartbeat.beat if heartbeat else None
    return verdict is not None and verdict.lost and verdict.beat == beat


def outlived(heartbeat_at: str, written_at: str, stale_seconds: float) -> bool:
    """Say whether a write of the peer is so much later than its last heartbeat that others must be on their way.

    Both moments are the peer's own, so no clock is compared with another's.
    """
    return seconds_between(heartbeat_at, written_at) >= stale_seconds


@dataclass(frozen=True, slots=True)
class Watch:
    """What a sentinel has seen of its peer so far. `seen_at` is read off this Region's own clock from the second round
    on, so a skew between clocks matters only in a sentinel's first seconds, and then only beside failing probes.
    """

    seen_beat: int | None = None
    seen_at: str | None = None
    failed_probes: int = 0
    good_rounds: int = 0


def observe(watch: Watch, *, heartbeat: Heartbeat | None, probe_ok: bool, now: str) -> Watch:
    """Return the watch after one round. A heartbeat counts as fresh only when its number has changed."""
    beat = heartbeat.beat if heartbeat else None
    fresh = beat is not None and beat != watch.seen_beat
    first = watch.seen_at is None
    return replace(
        watch,
        seen_beat=beat if beat is not None else watch.seen_beat,
        seen_at=_first_seen(heartbeat, now) if first else now if fresh else watch.seen_at,
        failed_probes=0 if probe_ok else watch.failed_probes + 1,
        good_rounds=watch.good_rounds + 1
        if probe_ok and fresh and not first
        else 0
        if not probe_ok
        else watch.good_rounds,
    )


def _first_seen(heartbeat: Heartbeat | None, now: str) -> str:
    """A sentinel that has just begun takes a heartbeat for as old as it says, or each restart would add to the RTO."""
    return min(heartbeat.at, now) if heartbeat else now


def judge(current: Verdict | None, watch: Watch, *, region: str, peer: str, stale_seconds: float, now: str) -> Verdict:
    """Return the verdict after a round; the same object when nothing changed."""
    stale = watch.seen_at is not None and seconds_between(watch.seen_at, now) >= stale_seconds
    if current is None:
        return Verdict(region, peer, False, now)
    silent = stale and watch.failed_probes >= PROBES_TO_DECLARE
    if not current.lost and silent:
        parted_at = current.parted_at if current.looks_back(now) else now
        return Verdict(region, peer, True, now, parted_at, watch.seen_beat)
    if current.lost and silent and current.beat != watch.seen_beat:
        return replace(current, beat=watch.seen_beat)  # it had been heard again, and is silent once more
    if current.lost and watch.good_rounds >= BEATS_TO_CLEAR:
        return Verdict(region, peer, False, now, current.parted_at or current.since)
    return current
