"""What comes to a job from outside of its owner's worker: signals, decisions, ends of child jobs, requests of people.

Each is an immutable item of the Region that took it in, in both replicas. The job's owner takes each one in once, as an
event that names it; until then it has no effect, so that only the history decides what happened and in which order.
"""

from dataclasses import dataclass
from enum import StrEnum

from functions.domain.job.events import Json


class ArrivalKind(StrEnum):
    """What may arrive."""

    SIGNAL = "signal"
    DECISION = "decision"
    CHILD_ENDED = "child_ended"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    REDRIVE = "redrive"


#: Marks the body of what was to be sent once, but was taken in where nobody could say whether another had come first.
PROVISIONAL = "provisional"
#: Those that concern the job as a whole, not one of its waits.
CONTROLS = frozenset({ArrivalKind.CANCEL, ArrivalKind.PAUSE, ArrivalKind.RESUME, ArrivalKind.REDRIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One arrival. `name` says for what: the signal's name and its sender's key, or the step that waits for it.

    `region` is the Region in whose replica it was first written. Two with one `key` are one and the same, sent twice.
    """

    job_id: str
    region: str
    kind: ArrivalKind
    name: str
    at: str
    by: str
    body: Json = None

    @property
    def key(self) -> str:
        """What it is known by in the history, whichever Region took it in."""
        return f"{self.kind}/{self.name}"

    @property
    def answers(self) -> str:
        """What a wait for it awaits: a signal's name without its sender's key, else the key."""
        return awaited(self.kind, self.name.partition("/")[0] if self.kind == ArrivalKind.SIGNAL else self.name)


def awaited(kind: ArrivalKind, topic: str) -> str:
    """Return what a wait for such arrivals names."""
    return f"{kind}/{topic}"


def in_order(arrivals: tuple[Arrival, ...], region: str) -> tuple[Arrival, ...]:
    """Return arrivals as the owner in `region` takes them: earliest first.

    Of one key only one: what is provisional comes last, then the owner's own comes first, then the earliest.
    """
    chosen: dict[str, Arrival] = {}
    for arrival in sorted(
        arrivals, key=lambda each: (is_provisional(each), each.region != region, each.at, each.region)
    ):
        chosen.setdefault(arrival.key, arrival)
    return tuple(sorted(chosen.values(), key=lambda each: (each.at, each.key)))


def is_provisional(arrival: Arrival) -> bool:
    """Say whether it was taken in where nobody could say whether another had come first."""
    return isinstance(arrival.body, dict) and arrival.body.get(PROVISIONAL) is True


def arrival_key(region: str, kind: str, name: str) -> str:
    """Return the sort key under which an arrival lies."""
    return f"IN#{region}#{kind}#{name}"
