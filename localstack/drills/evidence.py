"""What a drill wrote down. Every number, verdict and picture of its report comes from here and nowhere else.

Times are seconds since the drill began, on the clock that also stamps the jobs' histories.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from localstack.evidence.stretches import Stretch

FINISHED = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """A 202: from then on the job must not be lost. `by_name`: through the failover name."""

    job_id: str
    lane: str
    at: float
    home_region: str
    durability: str
    by_name: bool
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSeen:
    """What became of a job, by the histories of both Regions at the end."""

    job_id: str
    known_in: tuple[str, ...]
    """The Regions whose replica knows it."""
    alike: bool
    """Whether both tell the same of it, the result included."""
    status: str
    owner_region: str
    epoch: int
    attempts: int
    results: int
    """How many ends the history that counts has: one, if all is well."""
    finished_at: float | None
    adopted_at: float | None
    steps_twice: tuple[str, ...]
    """Steps that the history that counts has more than one result of."""
    done_again: int
    """Results of steps that do not count any more, because the step was done again by a later owner."""
    unequal_effects: tuple[str, ...]
    """Steps that were done again as something else: their idempotency keys would stand for different effects."""
    follows: bool = True
    """Whether its result is what follows from the results of steps that were recorded."""
    asked_seconds: float = 0.0
    """How long the job takes by itself, by what was asked of it."""
    stretches: tuple[Stretch, ...] = ()
    steps_at: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """When each Region ended a step of it, in any history, those that do not count any more included."""

    @property
    def regions_apart(self) -> float | None:
        """Between two steps of different Regions lie so many seconds at least; None where one Region did all steps."""
        ends = sorted((at, region) for region, moments in self.steps_at.items() for at in moments)
        return min(
            (later - at for (at, one), (later, other) in pairwise(ends) if one != other),
            default=None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSeen:
    """A fault, when it was ordered and undone, and the measured effect it had."""

    told: str
    begun_at: float
    undone_at: float
    effect: str
    visible: bool
    away: str | None = None
    """The Region that answered nobody meanwhile."""
    restored: bool = True
    """Whether all was as before once it was undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How things stood at a moment. What could not be asked is missing or None."""

    at: float
    acknowledged: int
    finished: int
    answering: str | None
    """The Region that the failover name leads to."""
    answers: Mapping[str, bool] = field(default_factory=dict)
    """Whether each Region's health endpoint answers a client that it is well."""
    peer_lost: Mapping[str, bool] = field(default_factory=dict)
    """Whether each Region holds its peer for lost."""
    behind: Mapping[str, int] = field(default_factory=dict)
    """Changes on their way out of each Region."""
    unknown: Mapping[str, int] = field(default_factory=dict)
    """Jobs that were acknowledged as durable in both Regions and that a Region's replica does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What was played, on what, with which versions and configuration."""

    drill: str
    story: str
    target: str
    seed: int
    regions: tuple[str, str]
    begun: str
    """Date and time, UTC."""
    versions: Mapping[str, str]
    configuration: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Evidence:
    """All of it."""

    setting: Setting
    submitted: int
    acknowledged: list[Acknowledged] = field(default_factory=list)
    never_accepted: dict[str, str] = field(default_factory=dict)
    """Submits that were refused to the end, and why. Not acknowledged, so not lost."""
    in_flight: tuple[str, ...] = ()
    """Acknowledged jobs that were unfinished in the Region that is hit, when it was."""
    faults: list[FaultSeen] = field(default_factory=list)
    jobs: dict[str, JobSeen] = field(default_factory=dict)
    """Acknowledged jobs that are known at the end."""
    unasked: tuple[str, ...] = ()
    """Jobs that bear the drill's tag and that no acknowledgement names."""
    two_writers: tuple[str, ...] | None = None
    """Items that both Regions wrote, by the replication link or by a look at both replicas; None if unknown."""
    items_compared: int = 0
    lag_ms: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    """Replication lag out of each Region."""
    alike_at: float | None = None
    """When both replicas told the same of every job again, after all faults were undone."""
    well_at: float | None = None
    """When no Region held its peer for lost any more, after all faults were undone."""
    samples: list[Sample] = field(default_factory=list)
    ended_at: float = 0.0
    cut_short_at: float | None = None
    """When it was ended, having shown what it was to show: it says nothing of what holds at the end."""

    @property
    def begun_at(self) -> float:
        """When the first fault began; never, if there was none."""
        return min((fault.begun_at for fault in self.faults), default=float("inf"))

    @property
    def undone_at(self) -> float:
        """When the last fault was undone."""
        return max((fault.undone_at for fault in self.faults), default=0.0)

    @property
    def is_undone(self) -> bool:
        """Whether faults were ordered, and all of them are undone."""
        return bool(self.faults) and all(fault.restored for fault in self.faults)

    @property
    def away(self) -> str | None:
        """The Region that was taken away, if one was."""
        return next((fault.away for fault in self.faults if fault.away is not None), None)

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Evidence:
        """Read back what `to_json` gave."""
        rest = dict(data)
        rest["setting"] = Setting(**{**rest["setting"], "regions": tuple(rest["setting"]["regions"])})
        rest["acknowledged"] = [Acknowledged(**row) for row in rest["acknowledged"]]
        rest["in_flight"] = tuple(rest["in_flight"])
        rest["unasked"] = tuple(rest.get("unasked", ()))
        rest["faults"] = [FaultSeen(**row) for row in rest["faults"]]
        rest["jobs"] = {job: _job(row) for job, row in rest["jobs"].items()}
        rest["two_writers"] = None if rest["two_writers"] is None else tuple(rest["two_writers"])
        rest["samples"] = [Sample(**row) for row in rest["samples"]]
        return cls(**rest)


def _job(row: Mapping[str, Any]) -> JobSeen:
    tuples = {name: tuple(row[name]) for name in ("known_in", "steps_twice", "unequal_effects")}
    steps_at = {region: tuple(moments) for region, moments in row.get("steps_at", {}).items()}
    stretches = tuple(Stretch(**part) for part in row["stretches"])
    return JobSeen(**{**row, **tuples, "stretches": stretches, "steps_at": steps_at})
