"""Who may work on a Region's jobs: the Region's lease, how it changes hands, and what silence means to whom.

No clock is compared with another's. Two rules keep two Regions from working on one job at once:

- **Who relies on a lease** (a worker about to start a step, a sweeper about to adopt) relies on what it has read of it
  for `duration_seconds`, less a margin, counted from before it asked. Whoever cannot ask any more stops by itself.
- **Who waits** for that to run out counts the whole of `duration_seconds` from when it first saw that the lease has
  changed hands. By then everything that anybody has read of it before is out of date.

Each process counts on its own two clocks, for either may stand still: the monotonic one while a Lambda sandbox is
frozen, the wall clock while somebody sets it back. Who relies on a lease believes the clock by which more time has
passed, who waits the one by which less has.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from functions.domain.moments import seconds_between

#: So long a lease stands without a renewal, and so long what was read of it may count for anybody.
LEASE_SECONDS = 10.0
#: This share of it is not relied upon: clocks may run by so much faster or slower than each other, and a process may be
#: held up between the look at its clock and what it then does.
MARGIN = 0.3


class Phase(StrEnum):
    """How its holder stands to a lease."""

    #: It acts on it.
    HELD = "held"
    #: It has taken it, and waits until nobody relies on it any more who has read it before.
    TAKEN = "taken"
    #: It is about to give it back, does nothing new on it, and waits until none of its own processes rely on it.
    RETURNING = "returning"


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease of a Region, as it stands in the control table.

    `term` rises when it changes hands, `renewal` at each write: the two name one state of it. `caught_up`: the Region
    that has lost its lease has told its holder of all jobs that it took over itself. `apart_since`: since this moment
    each of the two Regions may have taken jobs over of which the other does not know.
    """

    region: str
    holder: str
    term: int = 1
    renewal: int = 1
    duration_seconds: float = LEASE_SECONDS
    phase: Phase = Phase.HELD
    caught_up: bool = False
    apart_since: str | None = None

    def renewed(self) -> "Lease":
        """Return it one renewal on."""
        return replace(self, renewal=self.renewal + 1, duration_seconds=LEASE_SECONDS)

    def moved(self, holder: str, phase: Phase, apart_since: str | None) -> "Lease":
        """Return it in other hands."""
        term = self.term + 1
        return replace(self.renewed(), holder=holder, term=term, phase=phase, caught_up=False, apart_since=apart_since)

    def in_phase(self, phase: Phase) -> "Lease":
        """Return it in another phase in the same hands."""
        return replace(self.renewed(), phase=phase, caught_up=self.caught_up and phase is Phase.RETURNING)

    def with_catching_up(self) -> "Lease":
        """Return it with the word of its Region that its holder knows of all that it took over."""
        return replace(self.renewed(), caught_up=True)


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment as one process's two clocks show it."""

    monotonic: float
    wall: str

    def longest_since(self, earlier: "Instant") -> float:
        """Return how many seconds have passed at most, as far as the clocks say."""
        return max(self.monotonic - earlier.monotonic, seconds_between(earlier.wall, self.wall))

    def shortest_since(self, earlier: "Instant") -> float:
        """Return how many seconds have passed at least, as far as the clocks say."""
        return min(self.monotonic - earlier.monotonic, seconds_between(earlier.wall, self.wall))


@dataclass(frozen=True, slots=True)
class Reading:
    """A lease as a process has read it, None when there was none, and when it was about to ask."""

    lease: Lease | None
    asked: Instant

    def stands(self, now: Instant) -> bool:
        """Say whether it may be relied upon still."""
        held = LEASE_SECONDS if self.lease is None else self.lease.duration_seconds
        return now.longest_since(self.asked) < held * (1 - MARGIN)


@dataclass(frozen=True, slots=True)
class Sight:
    """A lease as somebody who waits has seen it, and when it was first seen as it is."""

    lease: Lease | None
    since: Instant

    def run_out(self, now: Instant) -> bool:
        """Say whether it has been as it is for so long that nobody can rely on how it was before, or on a renewal."""
        return now.shortest_since(self.since) >= (LEASE_SECONDS if self.lease is None else self.lease.duration_seconds)


def see(previous: Sight | None, lease: Lease | None, answered: Instant) -> Sight:
    """Return what is known after another look, whose answer came at `answered`."""
    return previous if previous is not None and previous.lease == lease else Sight(lease, answered)


def may_start_steps(lease: Lease | None, region: str) -> bool:
    """Say whether workers of `region` may start steps on the strength of their own lease."""
    return lease is not None and lease.holder == region and lease.phase is Phase.HELD


def peer_is_fenced(own: Lease | None, peer: Lease | None, region: str) -> bool:
    """Say whether no worker of the peer can start a step any more, so that `region` may take its jobs over."""
    return may_start_steps(own, region) and peer is not None and (peer.holder, peer.phase) == (region, Phase.HELD)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a sentinel goes by: both leases as it has seen them, whether it holds its peer for lost, and the time.

    `away`: its Region is evacuated, and nothing is left to be done there.
    """

    region: str
    peer: str
    own: Sight
    other: Sight
    peer_lost: bool
    now: Instant
    away: bool = False


def next_own(look: Outlook) -> Lease | None:
    """Return what this Region makes of its own lease; None to leave it as it is.

    It comes back without being given back only when the peer is fenced in turn, and so holds nobody's lease in fact.
    Both may find that at the same time: so it is not acted on before what anybody has read of either has run out.
    """
    lease, theirs = look.own.lease, look.other.lease
    if lease is None:
        return Lease(look.region, look.region)
    if lease.holder == look.region and lease.phase is Phase.HELD:
        return _left(look, lease) or lease.renewed()
    if lease.holder == look.region:
        return lease.in_phase(Phase.HELD) if look.own.run_out(look.now) else None
    if theirs is not None and (theirs.holder, theirs.phase) == (look.region, Phase.HELD):
        return lease.moved(look.region, Phase.TAKEN, lease.apart_since)
    return None


def _left(look: Outlook, lease: Lease) -> Lease | None:
    """Return the lease of a Region that is evacuated in the hands of its peer, if that is there and holds its own.

    The peer waits, as if it had taken it; so it need not when this Region is lost later on.
    """
    theirs = look.other.lease
    there = theirs is not None and (theirs.holder, theirs.phase) == (look.peer, Phase.HELD) and not look.peer_lost
    return lease.moved(look.peer, Phase.TAKEN, lease.apart_since or look.now.wall) if look.away and there else None


def next_other(look: Outlook) -> Lease | None:
    """Return what this Region makes of its peer's lease; None to leave it as it is."""
    lease, waited = look.other.lease, look.other.run_out(look.now)
    if lease is None or lease.holder == look.peer:
        return _take(look, lease) if waited else None
    match lease.phase:
        case Phase.TAKEN:
            return lease.in_phase(Phase.HELD) if waited else None
        case Phase.HELD:
            return lease.in_phase(Phase.RETURNING) if lease.caught_up and not look.peer_lost else None
        case Phase.RETURNING:
            return lease.in_phase(Phase.HELD) if look.peer_lost else None


def _take(look: Outlook, lease: Lease | None) -> Lease | None:
    if not look.peer_lost:
        return None
    apart_since = look.now.wall
    if lease is None:
        return Lease(look.peer, look.region, phase=Phase.TAKEN, apart_since=apart_since)
    return lease.moved(look.region, Phase.TAKEN, lease.apart_since or apart_since)


def may_catch_up(own: Sight, region: str, now: Instant) -> bool:
    """Say whether the holder of this Region's lease waits to be told what this Region has taken over itself.

    Not before what its own processes had under way is over.
    """
    lease = own.lease
    waits = lease is not None and lease.holder != region and lease.phase is Phase.HELD and not lease.caught_up
    return waits and own.run_out(now)


def may_give_back(other: Sight, region: str, now: Instant) -> bool:
    """Say whether none of this Region's processes relies any more on the peer's lease, which is on its way back."""
    lease = other.lease
    returning = lease is not None and (lease.holder, lease.phase) == (region, Phase.RETURNING)
    return returning and other.run_out(now)


def given_back(lease: Lease) -> Lease:
    """Return a lease back in the hands of its Region, both Regions knowing of all that the other took over."""
    return lease.moved(lease.region, Phase.HELD, None)


def brought_together(own: Lease) -> Lease:
    """Return the own lease of a Region that has given its peer's back: nothing is unknown to either any more."""
    return replace(own.renewed(), apart_since=None)
