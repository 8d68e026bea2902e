"""What the demo wrote down while it ran. Every number and every picture of its report comes from here and nowhere else.

Times are seconds since the story began, on the clock that also stamps the jobs' histories (one machine, one clock).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from localstack.evidence.replicas import Comparison
from localstack.evidence.stretches import Stretch

FINISHED = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A 202: from then on the job must not be lost."""

    job_id: str
    distribution: str
    at: float
    home_region: str
    durability: str
    hidden: bool
    """Whether the distribution's own License-Expression was kept from the model."""
    tries: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a job, as the API tells it and as its history does."""

    status: str
    owner_region: str
    epoch: int
    attempts: int
    finished_at: float | None
    adopted_at: float | None
    results: int
    """How many results the history that counts holds: one, if all is well."""
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    stretches: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSeen:
    """What became of a review that an audit called."""

    job_id: str
    distribution: str
    status: str
    owner_region: str
    adopted_at: float | None
    ends: int
    """How often the histories of both Regions say that it ended, also where that does not count any more."""
    stretches: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided, and where."""

    approval: str
    question: str
    spdx: str
    distributions: tuple[str, ...]
    by: str
    approved: bool
    comment: str
    at: float
    region: str
    """The Region whose API took it."""
    owner_then: str
    """The Region that owned the audit at that moment."""
    settled: bool
    """Whether it was certain at once that no other decision comes before it: not while the owner is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a person who decided too late was told."""

    by: str
    status: int
    code: str
    detail: str
    at: float


@dataclass(slots=True, kw_only=True)
class AuditSeen:
    """One release audit, from its submit to its report."""

    name: str
    job_id: str
    distributions: tuple[str, ...]
    at: float
    home_region: str
    questions_at_kill: int = 0
    reviews_at_kill: tuple[str, ...] = ()
    """Its reviews that were in flight in the Region when it was killed."""
    ended_at_kill: tuple[str, ...] = ()
    """Its reviews that had ended, as the Region itself saw it in its last moment."""
    decisions: list[Decision] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    reviews: tuple[ReviewSeen, ...] = ()
    outcome: Outcome | None = None

    @property
    def report(self) -> Mapping[str, Any]:
        """The audit's own result; empty while it has none."""
        return {} if self.outcome is None or self.outcome.status != "succeeded" else self.outcome.result or {}

    @property
    def ended_again(self) -> tuple[str, ...]:
        """Reviews whose end was lost with the Region, within the replication lag: the survivor did them once more."""
        ended = set(self.ended_at_kill)
        return tuple(each.job_id for each in self.reviews if each.job_id in ended and each.adopted_at is not None)

    def decided_by(self) -> tuple[str, ...]:
        """Who decided, by the audit's own report; nobody if a single decision is missing."""
        deciders = [row["by"] for row in self.report.get("decisions", ()) if row["approved"] is not None]
        return tuple(deciders) if len(deciders) == len(self.report.get("decisions", ())) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """The loss of a Region and its return."""

    region: str
    survivor: str
    killed_at: float
    in_flight: tuple[str, ...]
    """Jobs acknowledged, not finished and owned by the Region when it was killed."""
    failed_tries: int = 0
    """Requests through the failover name that met nobody."""
    returned_at: float | None = None
    alike_at: float | None = None
    """When both replicas held the same again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How far the jobs were at a moment."""

    at: float
    acknowledged: int
    finished: int
    busy: Mapping[str, int]
    """Jobs waiting or at work, by the Region that owns them."""
    answering: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where and on what it ran."""

    regions: tuple[str, str]
    failover_name: str
    begun: str
    """Date and time, UTC."""
    python: str
    cores: int
    model: str
    up_seconds: float


@dataclass(slots=True, kw_only=True)
class Observations:
    """All of it."""

    surroundings: Surroundings
    distributions: int
    accepted: list[Accepted] = field(default_factory=list)
    never_accepted: dict[str, str] = field(default_factory=dict)
    """Distributions whose submit was refused to the end, and the reason. Not acknowledged, so not lost."""
    audits: list[AuditSeen] = field(default_factory=list)
    loss: Loss | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """By job. A job that is missing here is one that nobody knows any more."""
    comparison: Comparison | None = None
    link_conflicts: tuple[str, ...] | None = None
    """Items that the replication link saw both Regions write; None if it could not be asked."""
    samples: list[Sample] = field(default_factory=list)
    ended_at: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Observations:
        """Read back what `to_json` gave."""
        rest = dict(data)
        rest["surroundings"] = Surroundings(**_pair(rest["surroundings"], "regions"))
        rest["accepted"] = [Accepted(**row) for row in rest["accepted"]]
        rest["audits"] = [_audit(row) for row in rest["audits"]]
        rest["loss"] = None if rest["loss"] is None else Loss(**_pair(rest["loss"], "in_flight"))
        rest["outcomes"] = {job: _outcome(row) for job, row in rest["outcomes"].items()}
        if rest["comparison"] is not None:
            rest["comparison"] = Comparison(**_pair(rest["comparison"], "items", "two_writers", "folds_differ"))
        if rest["link_conflicts"] is not None:
            rest["link_conflicts"] = tuple(rest["link_conflicts"])
        rest["samples"] = [Sample(**row) for row in rest["samples"]]
        return cls(**rest)


def _outcome(row: Mapping[str, Any]) -> Outcome:
    return Outcome(**_stretched(row))


def _audit(row: Mapping[str, Any]) -> AuditSeen:
    return AuditSeen(
        **{
            **_pair(row, "distributions", "reviews_at_kill", "ended_at_kill"),
            "decisions": [Decision(**_pair(each, "distributions")) for each in row["decisions"]],
            "refusals": [Refusal(**each) for each in row["refusals"]],
            "reviews": tuple(ReviewSeen(**_stretched(each)) for each in row["reviews"]),
            "outcome": None if row["outcome"] is None else _outcome(row["outcome"]),
        }
    )


def _stretched(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "stretches": tuple(Stretch(**part) for part in row["stretches"])}


def _pair(row: Mapping[str, Any], *tuples: str) -> dict[str, Any]:
    """The row, with its lists as the tuples that they were."""
    return {**row, **{name: tuple(row[name]) for name in tuples}}
