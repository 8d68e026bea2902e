"""The rules that drills guard, and how each is switched off, to show that its drills can fail.

A drill that cannot fail shows nothing. So for each rule there is the one piece of source that stands for it and what to
put in its place; its drills are then played on functions built so (`without_rules.py`), and each has to break the bound
that is named here. One rule is not of the functions but of the deployed health checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Changes = Mapping[str, Sequence[tuple[str, str]]]

#: What a broken rule keeps from happening need not be waited for as long as what is only slow.
PATIENCE_SECONDS = 75.0
#: What appends to histories without being asked.
_LOOPS = ("sweep-jobs", "fire-schedules")
_WORK = ("advance-jobs", *_LOOPS)


@dataclass(frozen=True, slots=True)
class CodeWithout:
    """Functions whose code has other text in place of some: {file: [(old, new)]}."""

    functions: tuple[str, ...]
    changes: Changes


@dataclass(frozen=True, slots=True)
class HealthCheckDisabled:
    """Route 53 takes the first Region for healthy, whatever its checkers see."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, how it is switched off, and for each drill that guards it words of the bound that this must break."""

    name: str
    off: CodeWithout | HealthCheckDisabled
    breaks: Mapping[str, str]
    patience_seconds: float = PATIENCE_SECONDS


#: As a step does it; a wait does the same and begins otherwise.
_REPLAYED = """            return {}
        with self.at_step(key):
            opened = self.state.waits.get(key)
            if opened"""
_ALL_AT_ONCE = """    outcomes = await asyncio.gather(
        *(advance(job.message, delivery=job.delivery, stop_at=stop_at) for job in jobs), return_exceptions=True
    )
"""
_ONE_AFTER_THE_OTHER = """    outcomes = []
    for job in jobs:
        one = advance(job.message, delivery=job.delivery, stop_at=stop_at)
        outcomes += await asyncio.gather(one, return_exceptions=True)
"""

RULES = (
    Rule(
        "adoption",
        CodeWithout(
            _LOOPS,
            {"functions/application/keep_sweeping.py": [("if self.adopt is None:", "if self is not None:")]},
        ),
        {
            "region-killed": "adoption: within",
            "deploy-during-failover": "adoption: within",
            "lost-during-failback": "adoption: within",
        },
    ),
    Rule(
        # Of the epochs alone that are opened for jobs of the other Region: else none of the second Region's would end,
        # and no drill begin.
        "one-writer",
        CodeWithout(
            _WORK,
            {
                "functions/domain/job/history.py": [
                    (
                        'return f"{epoch_keys(epoch)}{region}#{place:08d}"',
                        "return f\"{epoch_keys(epoch)}{region if epoch == 1 else 'us-east-1'}#{place:08d}\"",
                    )
                ]
            },
        ),
        {"regions-parted": "no item had two writers"},
    ),
    Rule(
        "highest-epoch",
        CodeWithout(
            _WORK,
            {"functions/domain/job/state.py": [("return (-chain.branch.epoch,", "return (chain.branch.epoch,")]},
        ),
        {"region-frozen": "every acknowledged job has one result"},
        patience_seconds=60.0,  # twice: while the Region is frozen, and after that
    ),
    Rule(
        "sweeper",
        CodeWithout(
            _LOOPS,
            {
                "functions/application/sweep_jobs.py": [
                    (
                        "await self.lanes.send([hint(entry.job_id, state.epoch, state.job, reason)])",
                        "await asyncio.sleep(0)",
                    )
                ]
            },
        ),
        {"workers-and-messages": "every acknowledged job is finished"},
    ),
    Rule(
        "two-signs",
        CodeWithout(
            ("watch-regions",),
            {
                "functions/domain/ownership/verdict.py": [
                    ("silent = stale and watch.failed_probes >= PROBES_TO_DECLARE", "silent = stale")
                ]
            },
        ),
        {"first-unheard": "no Region holds its peer for lost"},
    ),
    Rule(
        # Each of both keeps a skewed clock from doing harm: that a heartbeat's age is told by one clock, and two signs.
        "own-clock-and-two-signs",
        CodeWithout(
            ("watch-regions",),
            {
                "functions/domain/ownership/verdict.py": [
                    ("silent = stale and watch.failed_probes >= PROBES_TO_DECLARE", "silent = stale"),
                    (
                        "seen_at=_first_seen(heartbeat, now) if first else now if fresh else watch.seen_at,",
                        "seen_at=_first_seen(heartbeat, now),",
                    ),
                ]
            },
        ),
        {
            "clock-skewed": "no Region holds its peer for lost",
            "clock-behind": "no Region holds its peer for lost",
        },
    ),
    Rule(
        "name-follows-health",
        HealthCheckDisabled(),
        {"clients-cut-off": "the failover name leads elsewhere"},
    ),
    Rule(
        "both-replicas",
        CodeWithout(
            ("submit-job",),
            {
                "functions/application/submit_job.py": [
                    ("self.peer.append(segment, due=due),", "self.history.append(segment, due=due),")
                ]
            },
        ),
        {"replication-paused": "known in both at once", "replication-slow": "known in both at once"},
    ),
    Rule(
        "one-key-one-job",
        CodeWithout(
            ("submit-job",),
            {
                "functions/application/submit_job.py": [
                    (
                        "job_id(request.tenant, request.idempotency_key or self.entropy.token())",
                        "job_id(request.tenant, self.entropy.token())",
                    )
                ]
            },
        ),
        {"answers-lost": "a submit that was sent again is one job"},
    ),
    Rule(
        "without-the-peer",
        CodeWithout(
            ("submit-job",),
            {
                "functions/application/submit_job.py": [
                    (
                        "if isinstance(outcome, BaseException) and not isinstance(outcome, StateUnavailable):",
                        "if isinstance(outcome, BaseException):",
                    )
                ]
            },
        ),
        {"second-unheard": "each Region accepts submits"},
        patience_seconds=40.0,  # what is not accepted keeps it from ending
    ),
    Rule(
        "calls-tried-again",
        CodeWithout(
            ("advance-jobs",),
            {
                "functions/adapters/aws_clients.py": [
                    (
                        'STATE = _Use("dynamodb", connect_seconds=1.0, read_seconds=3.0, attempts=3,',
                        'STATE = _Use("dynamodb", connect_seconds=1.0, read_seconds=3.0, attempts=1,',
                    )
                ]
            },
        ),
        {"table-throttled": "are finished while it lasts"},
    ),
    Rule(
        "steps-tried-again",
        CodeWithout(
            ("advance-jobs",),
            {
                "functions/application/replay_steps.py": [
                    ("if not request.retry.mends(error, attempt):", "if attempt:"),
                ]
            },
        ),
        {"tool-failing": "every job succeeds", "model-failing": "every job succeeds"},
    ),
    Rule(
        "recorded-counts",
        CodeWithout(
            ("advance-jobs",),
            {
                "functions/application/replay_steps.py": [
                    (
                        _REPLAYED.format("await self.replayed(ended, request.kind, digest)"),
                        _REPLAYED.format("(await request.effect(step_idempotency_key(self.job_id, key))).result"),
                    )
                ]
            },
        ),
        {"tool-lying": "every result follows"},
    ),
    Rule(
        "all-at-once",
        CodeWithout(
            ("advance-jobs",),
            {"functions/adapters/sqs_batch.py": [(_ALL_AT_ONCE, _ONE_AFTER_THE_OTHER)]},
        ),
        {"tool-slow": "waits longer", "model-slow": "waits longer"},
    ),
    Rule(
        "answers-checked",
        CodeWithout(
            ("advance-jobs",),
            {
                "functions/agents/licence_review.py": [
                    ("check=lambda given: check_answer(given, evidence, shown),", "check=None,"),
                    ('raise ValueError(f"evidence: no file has the line {line!r}")', "continue"),
                ]
            },
        ),
        {"model-lying": "every result follows"},
    ),
    Rule(
        "finished-is-finished",
        CodeWithout(
            ("advance-jobs",),
            {
                "functions/domain/job/decider.py": [
                    (
                        "    if is_over(state, news):\n        return Ignore(",
                        "    if state is None:\n        return Ignore(",
                    )
                ]
            },
        ),
        {"messages-late": "every acknowledged job has one result"},
    ),
    Rule(
        "self-fencing",
        CodeWithout(
            ("advance-jobs",),
            {
                "functions/application/heed_lease.py": [
                    (
                        "if not await self.may_start_steps():",
                        "if self.leases is None and not await self.may_start_steps():",
                    )
                ]
            },
        ),
        {
            "lease-run-out": "no job is worked on in two Regions at once",
            "control-table-away": "ends a step from",
            "control-table-cut-off": "ends a step from",
        },
        patience_seconds=240.0,  # its jobs take 88 s each, and begin anew when they are adopted
    ),
)
