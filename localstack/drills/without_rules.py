"""Plays a drill where the rule that it guards is switched off, and insists that it breaks.

Everything is put back afterwards, so that the drills of all rules can be played on one cloud.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import assert_never

from localstack.admin import admin_client
from localstack.drills.engine import Engine, Tell
from localstack.drills.evidence import Evidence
from localstack.drills.local_release import Release, bundle_with
from localstack.drills.local_target import LocalTarget
from localstack.drills.rules import CodeWithout, HealthCheckDisabled, Rule
from localstack.drills.stories import DRILLS
from localstack.drills.verdicts import Outcome, outcome_of
from localstack.layout import GLOBAL
from localstack.naming.records import read_health_check
from localstack.naming.route53 import CONTROL_PLANE_REGION
from localstack.workers import end_processes

WELL_WITHIN_SECONDS = 120.0


class NotShown(Exception):
    """The drill did not break where it had to. One line, and what was seen, if it was played at all."""

    def __init__(self, line: str, evidence: Evidence | None = None, outcome: Outcome | None = None) -> None:
        super().__init__(line)
        self.played = None if evidence is None or outcome is None else (evidence, outcome)


@dataclass(frozen=True, slots=True)
class WithoutRule:
    """One play of one of the rule's drills without it."""

    rule: Rule
    drill: str
    target: LocalTarget
    seed: int
    tell: Tell = lambda _, __: None

    def play(self) -> tuple[Evidence, Outcome]:
        """Switch the rule off in both Regions, play, switch it on. Raises NotShown if the drill held."""
        drill = replace(DRILLS[self.drill], patience_seconds=self.rule.patience_seconds)
        wanted = self.rule.breaks[self.drill]
        bound = next(bound for bound in drill.bounds if wanted in bound.text)
        self.target.calm()
        with self._switched_off():
            engine = Engine(
                drill,
                self.target,
                self.seed,
                tell=self.tell,
                well_within_seconds=WELL_WITHIN_SECONDS,
                cut_short=bound.for_good,
            )
            evidence = engine.play()
        outcome = outcome_of(drill, evidence)
        if not any(wanted in each.text for each in outcome.broken):
            broken = "; ".join(each.text for each in outcome.broken) or "nothing"
            said = f"without the rule {self.rule.name!r} {drill.name} broke {broken}, not: {wanted}"
            raise NotShown(said, evidence, outcome)
        return evidence, outcome

    @contextmanager
    def _switched_off(self) -> Iterator[None]:
        match self.rule.off:
            case CodeWithout():
                with self._released(self.rule.off):
                    yield
            case HealthCheckDisabled():
                with self._health_check_disabled():
                    yield
            case other:
                assert_never(other)

    @contextmanager
    def _released(self, off: CodeWithout) -> Iterator[None]:
        """The changed functions behind `live` in both Regions; faults that release functions build on them."""
        code, releases = bundle_with(off.changes), []
        self.target.changes = off.changes
        try:
            for place in self.target.layout.regions:
                releases.append(Release(place, off.functions, code))
                releases[-1].publish()
            self._start_anew(off)
            yield
        finally:
            self.target.changes = {}
            for release in releases:
                release.withdraw()
            self._start_anew(off)

    def _start_anew(self, off: CodeWithout) -> None:
        """Loops that began with other code go on for a minute: end their processes, and the next ones have the new."""
        for place in self.target.layout.regions:
            end_processes(place, off.functions)

    @contextmanager
    def _health_check_disabled(self) -> Iterator[None]:
        first, _ = self.target.regions
        route53 = admin_client("route53", CONTROL_PLANE_REGION, self.target.layout.emulator(GLOBAL).url)
        checks = [read_health_check(raw) for raw in route53.list_health_checks()["HealthChecks"]]
        mine = [check.id for check in checks if (check.host or "").startswith(f"{first}.")]
        if not mine:
            raise NotShown(f"{first} has no health check that could be disabled")
        try:
            for check in mine:
                route53.update_health_check(HealthCheckId=check, Disabled=True)
            yield
        finally:
            for check in mine:
                route53.update_health_check(HealthCheckId=check, Disabled=False)
