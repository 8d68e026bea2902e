"""From what was observed to the figures that are reported, and to the promises that were broken, if any. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from localstack.demo.observations import FINISHED, Observations, Outcome
from localstack.model.accuracy import Accuracy, accuracy_of

#: The classes of risk, what needs a lawyer first.
RISKS: Final = ("proprietary", "strong-copyleft", "unknown", "weak-copyleft", "permissive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of one run. A time is None where what it measures did not happen."""

    distributions: int
    acknowledged: int
    acknowledged_by_one_region: int
    finished: int
    succeeded: int
    failed: int
    lost: int
    unfinished: int
    in_flight_at_the_kill: int
    adopted: int
    finished_twice: int
    two_writers: int | None
    folds_that_differ: int | None
    jobs_compared: int
    items_compared: int
    failed_tries: int
    audits: int
    audits_decided: int
    """Audits that succeeded, and in whose report every question has a decision by somebody."""
    questions_at_the_kill: int
    audit_reviews: int
    audit_reviews_at_the_kill: int
    """Reviews of audits that were in flight in the Region when it was killed."""
    audit_reviews_adopted: int
    audit_reviews_ended_twice: int
    """Reviews of which the histories hold two ends."""
    audit_reviews_ended_again: int
    """Reviews whose first end was lost with the Region, within the replication lag."""
    decided_while_owner_lost: int
    up_seconds: float
    accepted_again_seconds: float | None
    """From the kill to the first submit that was accepted through the failover name."""
    adopted_finished_seconds: float | None
    """From the kill to the end of the last adopted job."""
    returned_seconds: float | None
    alike_seconds: float | None
    """From the Region's return to both replicas holding the same."""
    story_seconds: float


@dataclass(frozen=True, slots=True)
class Promise:
    """Something that must hold, whether it did, and what was seen."""

    text: str
    kept: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A row of the findings table."""

    package: str
    version: str
    spdx: str
    risk: str
    confidence: float
    declared: str | None
    agrees: bool | None
    evidence: tuple[str, ...]
    """`file:line: text`."""
    adopted: bool


def figures_of(seen: Observations) -> Figures:
    """The figures."""
    outcomes = [seen.outcomes.get(job.job_id) for job in seen.accepted]
    known = [outcome for outcome in outcomes if outcome is not None]
    finished = [outcome for outcome in known if outcome.status in FINISHED]
    loss, comparison = seen.loss, seen.comparison
    return Figures(
        distributions=seen.distributions,
        acknowledged=len(seen.accepted),
        acknowledged_by_one_region=sum(job.durability != "both" for job in seen.accepted),
        finished=len(finished),
        succeeded=sum(outcome.status == "succeeded" for outcome in finished),
        failed=sum(outcome.status != "succeeded" for outcome in finished),
        lost=len(outcomes) - len(known),
        unfinished=len(known) - len(finished),
        in_flight_at_the_kill=len(loss.in_flight) if loss else 0,
        adopted=sum(outcome.adopted_at is not None for outcome in known),
        finished_twice=sum(outcome.results > 1 for outcome in known),
        two_writers=_two_writers(seen),
        folds_that_differ=len(comparison.folds_differ) if comparison else None,
        jobs_compared=comparison.jobs if comparison else 0,
        items_compared=max(comparison.items) if comparison else 0,
        **_audit_figures(seen),
        failed_tries=loss.failed_tries if loss else 0,
        up_seconds=seen.surroundings.up_seconds,
        accepted_again_seconds=_accepted_again(seen),
        adopted_finished_seconds=_adopted_finished(seen, known),
        returned_seconds=_after(loss.killed_at, loss.returned_at) if loss else None,
        alike_seconds=_after(loss.returned_at, loss.alike_at) if loss else None,
        story_seconds=seen.ended_at,
    )


def promises_of(seen: Observations) -> tuple[Promise, ...]:
    """What must hold at the end; the demo succeeds only if all of it does."""
    said = figures_of(seen)
    all_sent = said.acknowledged == said.distributions and not seen.never_accepted
    none_lost = said.lost == 0 and said.acknowledged > 0
    alike = said.folds_that_differ == 0 and said.jobs_compared >= said.acknowledged
    flying = said.in_flight_at_the_kill
    rows = (
        ("Every submit was acknowledged in the end", all_sent, f"{said.acknowledged} of {said.distributions}"),
        ("A Region was lost with jobs in flight", flying > 0, f"{flying} in flight"),
        ("No acknowledged job was lost", none_lost, f"{said.lost} lost"),
        (
            "Every acknowledged job finished",
            none_lost and said.unfinished == 0,
            f"{said.finished} of {said.acknowledged} finished",
        ),
        *_audit_promises(seen, said),
        ("No review failed", said.failed == 0, f"{said.failed} failed"),
        ("Every job has one result", said.finished_twice == 0, f"{said.finished_twice} with more than one"),
        (
            "No item had two writers",
            said.two_writers == 0,
            _count(said.two_writers, f"in {said.items_compared} items"),
        ),
        (
            "Both Regions tell the same of every job",
            alike,
            _count(said.folds_that_differ, f"of {said.jobs_compared} jobs differ"),
        ),
    )
    return tuple(Promise(*row) for row in rows)


def _audit_figures(seen: Observations) -> dict[str, int]:
    reviews = [review for audit in seen.audits for review in audit.reviews]
    decisions = [decision for audit in seen.audits for decision in audit.decisions]
    return {
        "audits": len(seen.audits),
        "audits_decided": sum(bool(audit.decided_by()) for audit in seen.audits),
        "questions_at_the_kill": sum(audit.questions_at_kill for audit in seen.audits),
        "audit_reviews": len(reviews),
        "audit_reviews_at_the_kill": sum(len(audit.reviews_at_kill) for audit in seen.audits),
        "audit_reviews_adopted": sum(review.adopted_at is not None for review in reviews),
        "audit_reviews_ended_twice": sum(review.ends > 1 for review in reviews),
        "audit_reviews_ended_again": sum(len(audit.ended_again) for audit in seen.audits),
        "decided_while_owner_lost": sum(decision.owner_then != decision.region for decision in decisions),
    }


def _audit_promises(seen: Observations, said: Figures) -> Iterator[tuple[str, bool, str]]:
    deciders = sorted({name for audit in seen.audits for name in audit.decided_by()})
    decided = said.audits > 0 and said.audits_decided == said.audits
    lived = said.questions_at_the_kill > 0 and said.audit_reviews_at_the_kill > 0
    called = sum(len(audit.distributions) for audit in seen.audits)
    once = said.audit_reviews == called and said.audit_reviews_ended_twice == 0
    first = {decision.by for audit in seen.audits for decision in audit.decisions}
    refusals = [row for audit in seen.audits for row in audit.refusals]
    refused = bool(refusals) and all(
        row.status == 409 and any(name in row.detail for name in first) for row in refusals
    )
    yield (
        "Every release audit ended with the decisions of people",
        decided,
        f"{said.audits_decided} of {said.audits}, decided by {', '.join(deciders) or 'nobody'}",
    )
    yield (
        "An audit's question and another's reviews were open at the kill",
        lived,
        f"{said.questions_at_the_kill} asked, {said.audit_reviews_at_the_kill} reviews in flight",
    )
    yield (
        "Every review of an audit ended once in the histories",
        once,
        f"{said.audit_reviews} of {called} reviews, {said.audit_reviews_ended_twice} ended twice",
    )
    told = "; ".join(f"{row.by}: {row.status} {row.detail}" for row in refusals)
    yield "A second decision was refused, by the name of the first", refused, told or "none was tried"


def accuracy_in(seen: Observations) -> Accuracy:
    """How well the licences were read where the declaration was hidden."""
    hidden = (seen.outcomes.get(job.job_id) for job in seen.accepted if job.hidden)
    return accuracy_of(outcome.result for outcome in hidden if outcome is not None and outcome.result is not None)


def findings_in(seen: Observations) -> tuple[Finding, ...]:
    """The findings, what needs a lawyer first."""
    outcomes = (seen.outcomes.get(job.job_id) for job in seen.accepted)
    rows = [_finding(one, one.result) for one in outcomes if one is not None and one.result is not None]
    return tuple(sorted(rows, key=lambda row: (RISKS.index(row.risk), row.package.lower())))


def risks_in(findings: tuple[Finding, ...]) -> Mapping[str, int]:
    """How many findings there are of each class of risk, what needs a lawyer first."""
    counts = Counter(finding.risk for finding in findings)
    return {risk: counts[risk] for risk in RISKS}


def _finding(outcome: Outcome, result: Mapping[str, Any]) -> Finding:
    return Finding(
        package=result["distribution"],
        version=result["version"],
        spdx=result["spdx"],
        risk=result["risk"],
        confidence=result["confidence"],
        declared=result["declared"],
        agrees=result["agrees"],
        evidence=tuple(f"{line['file']}:{line['line']}: {line['text']}" for line in result["evidence"]),
        adopted=outcome.adopted_at is not None,
    )


def _two_writers(seen: Observations) -> int | None:
    """Items that the link saw both Regions write, and items that a look at both replicas shows so. None if unknown."""
    if seen.comparison is None or seen.link_conflicts is None:
        return None
    return len({*seen.comparison.two_writers, *seen.link_conflicts})


def _accepted_again(seen: Observations) -> float | None:
    if seen.loss is None:
        return None
    killed, survivor = seen.loss.killed_at, seen.loss.survivor
    later = (job.at - killed for job in seen.accepted if job.at > killed and job.home_region == survivor)
    return min(later, default=None)


def _adopted_finished(seen: Observations, known: list[Outcome]) -> float | None:
    """None while an adopted job has not finished: then there is no such moment yet."""
    adopted = [outcome.finished_at for outcome in known if outcome.adopted_at is not None]
    if seen.loss is None or not adopted or None in adopted:
        return None
    return max(moment for moment in adopted if moment is not None) - seen.loss.killed_at


def _after(begin: float | None, end: float | None) -> float | None:
    return None if begin is None or end is None else end - begin


def _count(count: int | None, what: str) -> str:
    return "not known" if count is None else f"{count} {what}"
