"""Whether a Region works: what people have told it to do, how far it has come with that, and whether it was lost.

People's orders about a Region may be given in either one: each Region writes an order of its own, and the one given
last counts. How far the Region has come with it, it alone writes down. From both, and from its verdict on its peer,
follows its phase; everything that serves, works or sweeps goes by that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from functions.domain.job.events import Json
from functions.domain.last_word import last_word
from functions.domain.moments import add_seconds, seconds_between
from functions.domain.ownership.verdict import FLAPPING_SECONDS, Verdict, hold_seconds


class Phase(StrEnum):
    """How a Region stands. Only an active one begins steps; all of them take jobs in."""

    ACTIVE = "active"
    EVACUATING = "evacuating"
    EVACUATED = "evacuated"
    RETURNING = "returning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What `region` was told about the Region `subject`: that it is to go (`away`), or to come back."""

    subject: str
    region: str
    away: bool
    at: str
    by: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a Region has come, by its own account. `answers` is the moment of the order that it is about.

    Of its unfinished jobs `left` are still its own, `running` of these in a worker; `handing` are handed over, but the
    peer has not begun with them; `handed_over` counts those that it has handed over since it was told to go, at least.
    `losses` are when the peer took it for lost, by the peer's clock, within the last hour; all up to `settled` it has
    come back from. While it is returning, it does so until `until` at the earliest. `waits_for` says what it waits for.
    """

    region: str
    phase: Phase
    since: str
    answers: str | None = None
    left: int = 0
    running: int = 0
    handing: int = 0
    handed_over: int = 0
    losses: tuple[str, ...] = ()
    settled: str = ""
    until: str | None = None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionNotes:
    """What one replica holds about a Region: the orders about it, its own account, and its verdict on its peer.

    `fenced`: by its own word it begins nothing, for it does not hold its lease or cannot see that it does.
    """

    region: str
    orders: tuple[Order, ...] = ()
    progress: Progress | None = None
    verdict: Verdict | None = None
    fenced: bool = False

    @property
    def order(self) -> Order | None:
        """The order that counts."""
        return last_word(self.orders)

    @property
    def told_to_go(self) -> Order | None:
        """The order to go, while that is the last word."""
        order = self.order
        return order if order is not None and order.away else None

    @property
    def peer_lost(self) -> bool:
        """Whether it holds its peer for lost."""
        return self.verdict is not None and self.verdict.lost


def phase_of(notes: RegionNotes) -> Phase:
    """Return how a Region stands. The last one that is there works, whatever it was told."""
    if notes.peer_lost:
        return Phase.ACTIVE
    order, progress = notes.order, notes.progress
    if order is not None and order.away:
        if progress is not None and progress.answers == order.at:
            return progress.phase
        return Phase.EVACUATING
    if progress is None or progress.phase is Phase.ACTIVE:
        return Phase.ACTIVE
    return Phase.RETURNING


def fires_own(own: RegionNotes) -> bool:
    """Say whether a Region fires its schedules, as far as its standing goes: what it fired it would have to begin."""
    return phase_of(own) is Phase.ACTIVE


def fires_for(peer: RegionNotes, *, lost: bool) -> bool:
    """Say whether a Region that fires its own schedules fires its peer's, too, for the peer does not."""
    return lost or peer.fenced or phase_of(peer) is not Phase.ACTIVE


def may_go(subject: RegionNotes, peer: RegionNotes) -> str | None:
    """Return why a Region may not be evacuated, or None: somebody must be there who takes its jobs over."""
    if peer.told_to_go is not None:
        return f"{peer.region} has been told to go: {subject.region} is the last Region that works"
    if subject.peer_lost:
        return f"{subject.region} holds {peer.region} for lost, and is the last Region that works"
    if phase_of(peer) is Phase.RETURNING:
        return f"{peer.region} is still returning, so {subject.region} is the last Region that works"
    return None


def gives_way(own: RegionNotes, peer: RegionNotes) -> bool:
    """Say whether this Region, told to go, stays all the same, because its peer was told so as well, and before it.

    That can be only when both were told at once, each in a Region that had not heard of the other order.
    """
    mine, other = own.told_to_go, peer.told_to_go
    return mine is not None and other is not None and (other.at, other.subject) < (mine.at, mine.subject)


def lost_since(progress: Progress | None, peer: RegionNotes, *, silent: bool, apart: bool) -> str | None:
    """Return when the peer took this Region for lost, if that is new to it and it has to come back from it.

    `silent`: its own sentinel had stopped; `apart`: it held the peer for lost itself, at that time. Two Regions that
    were well and did not see each other have both worked all the time: neither has been away.
    """
    verdict = peer.verdict
    if verdict is None or verdict.parted_at is None:
        return None
    since = verdict.since if verdict.lost else verdict.parted_at
    if progress is not None and since <= max(progress.settled, *progress.losses, ""):
        return None
    return since if silent or (verdict.lost and not apart) else None


def returned_by_loss(region: str, known: Progress | None, since: str, now: str) -> Progress:
    """Return the account of a Region that finds that it has been lost: it stays away for longer each time."""
    before = () if known is None else known.losses
    losses = (*(each for each in before if seconds_between(each, since) < FLAPPING_SECONDS), since)
    return Progress(
        region=region,
        phase=Phase.RETURNING,
        since=now,
        answers=None if known is None else known.answers,
        losses=losses,
        settled="" if known is None else known.settled,
        until=add_seconds(now, hold_seconds(len(losses))),
        waits_for="what it has lost",
    )


def settled(progress: Progress, now: str) -> Progress:
    """Return the account of a Region that works again."""
    newest = max((progress.settled, *progress.losses))
    return replace(progress, phase=Phase.ACTIVE, since=now, settled=newest, until=None, waits_for=None)


def view_standing(notes: RegionNotes) -> Mapping[str, Json]:
    """Return how a Region stands as clients see it."""
    progress, order = notes.progress, notes.order
    view: dict[str, Json] = {"phase": phase_of(notes).value}
    if order is not None:
        view["told"] = {"away": order.away, "at": order.at, "by": order.by, "reason": order.reason}
    if progress is None:
        return view
    view["since"] = progress.since
    current = order is not None and order.away and progress.answers == order.at
    if current:
        counts = ("left", "running", "handing", "handed_over")
        view |= {name: getattr(progress, name) for name in counts}
    if progress.losses:
        view["lost_within_the_hour"] = len(progress.losses)
    for name, value in (("until", progress.until), ("waits_for", progress.waits_for)):
        if value is not None and view["phase"] != Phase.ACTIVE:
            view[name] = value
    return view
