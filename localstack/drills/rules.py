"""The rules that drills guard, and how each is switched off in the functions' code, to show that its drill can fail.

A drill that cannot fail shows nothing. So for each rule there is the one piece of source that stands for it and what to
put in its place; the drill is then played on functions built so, and has to break the bound that is named here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from localstack.drills.engine import Engine, Tell
from localstack.drills.evidence import Evidence
from localstack.drills.local_release import Release, bundle_with
from localstack.drills.local_target import LocalTarget
from localstack.drills.stories import DRILLS
from localstack.drills.verdicts import Outcome, outcome_of
from localstack.workers import end_processes

Changes = Mapping[str, Sequence[tuple[str, str]]]

WELL_WITHIN_SECONDS = 120.0
#: What a broken rule keeps from happening need not be waited for as long as what is only slow.
PATIENCE_SECONDS = 75.0
#: What appends to histories without being asked.
_LOOPS = ("sweep-jobs", "fire-schedules")
_WORK = ("advance-jobs", *_LOOPS)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, the drill that guards it, how it is switched off, and words of the bound that this must break."""

    name: str
    drill: str
    functions: tuple[str, ...]
    changes: Changes
    breaks: str
    patience_seconds: float = PATIENCE_SECONDS


RULES = (
    Rule(
        "adoption",
        "region-killed",
        _LOOPS,
        {"functions/application/keep_sweeping.py": [("if self.adopt is None:", "if self is not None:")]},
        "adoption: within",
    ),
    Rule(
        "one-writer",
        "regions-parted",
        _WORK,
        {
            "functions/domain/job/history.py": [
                ('return f"E#{epoch:06d}.{region}#{place:08d}"', 'return f"E#{epoch:06d}.us-east-1#{place:08d}"')
            ]
        },
        "no item had two writers",
    ),
    Rule(
        "highest-epoch",
        "region-frozen",
        _WORK,
        {"functions/domain/job/state.py": [("return (-chain.branch.epoch,", "return (chain.branch.epoch,")]},
        "every acknowledged job has one result",
    ),
    Rule(
        "sweeper",
        "workers-and-messages",
        _LOOPS,
        {
            "functions/application/sweep_jobs.py": [
                (
                    "await self.lanes.send([hint(entry.job_id, state.epoch, state.job, reason)])",
                    "await asyncio.sleep(0)",
                )
            ]
        },
        "every acknowledged job is finished",
    ),
    Rule(
        "two-signs",
        "first-unheard",
        ("watch-regions",),
        {
            "functions/domain/ownership/verdict.py": [
                ("silent = stale and watch.failed_probes >= PROBES_TO_DECLARE", "silent = stale")
            ]
        },
        "no Region holds its peer for lost",
    ),
    Rule(
        "both-replicas",
        "replication-paused",
        ("submit-job",),
        {
            "functions/application/submit_job.py": [
                ("self.peer.append(segment, due=due),", "self.history.append(segment, due=due),")
            ]
        },
        "known in both at once",
    ),
    Rule(
        "one-key-one-job",
        "answers-lost",
        ("submit-job",),
        {
            "functions/application/submit_job.py": [
                (
                    "job_id(request.tenant, request.idempotency_key or self.entropy.token())",
                    "job_id(request.tenant, self.entropy.token())",
                )
            ]
        },
        "a submit that was sent again is one job",
    ),
    Rule(
        "without-the-peer",
        "second-unheard",
        ("submit-job",),
        {
            "functions/application/submit_job.py": [
                (
                    "if isinstance(outcome, BaseException) and not isinstance(outcome, StateUnavailable):",
                    "if isinstance(outcome, BaseException):",
                )
            ]
        },
        "each Region accepts submits",
    ),
    Rule(
        "tried-again",
        "model-failing",
        ("advance-jobs",),
        {
            "functions/application/replay_steps.py": [
                ("if not request.retry.mends(error, attempt):", "if attempt:"),
            ]
        },
        "every job succeeds",
    ),
    Rule(
        "finished-is-finished",
        "messages-late",
        ("advance-jobs",),
        {
            "functions/domain/job/decider.py": [
                (
                    "    if is_over(state, news):\n        return Ignore(",
                    "    if state is None:\n        return Ignore(",
                )
            ]
        },
        "every acknowledged job has one result",
    ),
    Rule(
        "self-fencing",
        "lease-run-out",
        ("advance-jobs",),
        {
            "functions/application/heed_lease.py": [
                (
                    "if not await self.may_start_steps():",
                    "if self.leases is None and not await self.may_start_steps():",
                )
            ]
        },
        "no job is worked on in two Regions at once",
    ),
)


class NotShown(Exception):
    """The drill did not break where it had to. One line."""


@dataclass(slots=True)
class WithoutRule:
    """One play of a drill on functions that lack the rule."""

    rule: Rule
    target: LocalTarget
    seed: int
    tell: Tell = lambda _, __: None
    releases: list[Release] = field(default_factory=list)

    def play(self) -> tuple[Evidence, Outcome]:
        """Put the changed functions into both Regions, play, take them back. Raises NotShown if the drill held."""
        drill = replace(DRILLS[self.rule.drill], patience_seconds=self.rule.patience_seconds)
        code = bundle_with(self.rule.changes)
        try:
            for place in self.target.layout.regions:
                release = Release(place, self.rule.functions, code)
                self.releases.append(release)
                release.publish()
            self._start_anew()
            evidence = Engine(
                drill, self.target, self.seed, tell=self.tell, well_within_seconds=WELL_WITHIN_SECONDS
            ).play()
        finally:
            for release in self.releases:
                release.withdraw()
            self._start_anew()
        outcome = outcome_of(drill, evidence)
        if not any(self.rule.breaks in each.text for each in outcome.broken):
            broken = "; ".join(each.text for each in outcome.broken) or "nothing"
            raise NotShown(f"without the rule {self.rule.name!r} {drill.name} broke {broken}, not: {self.rule.breaks}")
        return evidence, outcome

    def _start_anew(self) -> None:
        """Loops that began with other code go on for a minute: end their processes, and the next ones have the new."""
        for place in self.target.layout.regions:
            end_processes(place, self.rule.functions)
