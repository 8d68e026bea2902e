"""What a drill is: given some load, when faults happen, then invariants and bounds hold; and its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from localstack.drills.bounds import ALWAYS, Bound
from localstack.drills.faults import FIRST, Fault, Names, Where, takes_away


class Through(StrEnum):
    """Where clients send their submits."""

    NAME = "the failover name"
    FIRST = "the first Region's own address"
    BOTH = "both Regions' own addresses in turn"


class Until(StrEnum):
    """What has to have happened before the faults are undone."""

    FINISHED = "every acknowledged job is finished"
    PARTED = "both Regions hold each other for lost, and every acknowledged job is finished"
    TIME = "the time is up, and all submits are made"


EVENTUAL, STRONG = "eventual", "strong"
#: What a cloud is brought up with for each.
CONTEXT: Mapping[str, Mapping[str, str]] = {EVENTUAL: {}, STRONG: {"ownership": "strong", "witness": "us-east-2"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Synthetic jobs through the public API. `in_flight` of them run in the Region that is hit when it is hit.

    `slow_jobs` of the jobs sleep for `slow_seconds` after their steps, so that they outlast a loss being noticed.
    """

    jobs: int = 36
    per_second: float = 3.0
    steps: int = 12
    milliseconds: float = 400.0
    slow_jobs: int = 0
    slow_seconds: float = 50.0
    in_flight: int = 6
    through: Through = Through.NAME
    reviews: bool = False
    """Jobs of the agent `licence-review`, which asks the model, in place of `probe`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One drill. `guards` is the rule that it would find broken."""

    name: str
    guards: str
    given: Load
    when: tuple[Fault, ...]
    then: tuple[Bound, ...]
    until: Until = Until.FINISHED
    lasts_seconds: float = 0.0
    """The faults last so long at least."""
    patience_seconds: float = 180.0
    """What takes longer than this counts as never."""
    ownership: str = EVENTUAL
    """It is played where Regions own their jobs so: with `strong` by leases."""

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """Its own bounds, and what holds whatever goes wrong."""
        return (*self.then, *ALWAYS)

    @property
    def hit(self) -> Where:
        """The Region that is hit, or the first one where none is in particular."""
        found = (takes_away(fault) or getattr(fault, "where", None) for fault in self.when)
        return next((where for where in found if where is not None), FIRST)

    def told(self, names: Names) -> str:
        """Its story in a sentence."""
        faults = ", and ".join(fault.told(names) for fault in self.when)
        given = f"given two Regions and {self.given.jobs} jobs, {self.given.in_flight} of them in flight"
        then = "; ".join(bound.text for bound in self.bounds)
        return f"{given} in {names[self.hit]}, when {faults}, then {then}."
