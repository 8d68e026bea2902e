"""The verdict on a drill, from its evidence: which bounds held, what broke, or why it showed nothing. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from localstack.drills.bounds import Bound, Judged, Verdict, undone, voids
from localstack.drills.evidence import Evidence
from localstack.drills.story import Drill


@dataclass(frozen=True, slots=True)
class Outcome:
    """A drill's verdict. `void_because` is empty unless it is void."""

    verdict: Verdict
    judged: tuple[Judged, ...]
    void_because: tuple[str, ...]

    @property
    def broken(self) -> tuple[Judged, ...]:
        """The bounds that did not hold."""
        return tuple(each for each in self.judged if not each.held)


def _can_be_judged(bound: Bound, evidence: Evidence) -> bool:
    return evidence.cut_short_at is None or (bound.for_good is not None and bound.for_good(evidence))


def outcome_of(drill: Drill, evidence: Evidence) -> Outcome:
    """Judge it. What is broken is broken, also where a fault had no visible effect: that is told first.

    Of one that was cut short only what is broken for good.
    """
    judged = (*(bound.judged(evidence) for bound in drill.bounds if _can_be_judged(bound, evidence)), undone(evidence))
    why = tuple(voids(evidence, drill.given.in_flight))
    if not all(each.held for each in judged):
        return Outcome(Verdict.BROKEN, judged, why)
    return Outcome(Verdict.VOID if why else Verdict.HELD, judged, why)
