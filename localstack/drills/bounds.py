"""What must hold at the end of a drill, and by when: each bound judges the evidence alone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from localstack.drills.evidence import FINISHED, Acknowledged, Evidence, JobSeen
from localstack.drills.times import FAILBACK, times_of

NAMED = 3
"""So many jobs are named in a verdict; the evidence has them all."""


class Verdict(StrEnum):
    """How a drill ended. Void: a fault had no visible effect, or nothing was at stake, so that nothing was shown."""

    HELD = "held"
    BROKEN = "broken"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Judged:
    """A bound, whether it held, and what was seen."""

    text: str
    held: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Bound:
    """Something that must hold. `text` completes "then ..."."""

    text: str
    judge: Callable[[Evidence], tuple[bool, str]]
    for_good: Callable[[Evidence], bool] | None = None
    """Whether it is broken whatever still comes, by what was seen so far; None where only the end can tell."""

    def judged(self, evidence: Evidence) -> Judged:
        """Hold it against what was seen."""
        held, seen = self.judge(evidence)
        return Judged(self.text, held, seen)


def _all_of(jobs: Iterable[JobSeen], wrong: Callable[[JobSeen], bool], of_what: str) -> tuple[bool, str]:
    found = sorted(job.job_id for job in jobs if wrong(job))
    named = f": {', '.join(found[:NAMED])}" if found else ""
    return not found, f"{len(found)} {of_what}{named}"


def _none_lost(evidence: Evidence) -> tuple[bool, str]:
    both = set(evidence.setting.regions)
    lost = [
        row.job_id
        for row in evidence.acknowledged
        if (seen := evidence.jobs.get(row.job_id)) is None or set(seen.known_in) != both
    ]
    named = f": {', '.join(lost[:NAMED])}" if lost else ""
    return bool(evidence.acknowledged) and not lost, f"{len(lost)} of {len(evidence.acknowledged)} lost{named}"


def _one_result(evidence: Evidence) -> tuple[bool, str]:
    found = [evidence.jobs.get(row.job_id) for row in evidence.acknowledged]
    wrong = [job for job in found if job is None or job.results != 1 or job.status not in FINISHED]
    return bool(found) and not wrong, f"{len(found) - len(wrong)} of {len(found)} acknowledged jobs have exactly one"


def _alike(evidence: Evidence) -> tuple[bool, str]:
    return _all_of(evidence.jobs.values(), lambda job: not job.alike, f"of {len(evidence.jobs)} jobs differ")


def _one_writer(evidence: Evidence) -> tuple[bool, str]:
    found = evidence.two_writers
    if found is None:
        return False, "not known"
    named = f": {', '.join(found[:NAMED])}" if found else ""
    return not found and evidence.items_compared > 0, f"{len(found)} of {evidence.items_compared} items{named}"


def _steps_once(evidence: Evidence) -> tuple[bool, str]:
    return _all_of(evidence.jobs.values(), lambda job: bool(job.steps_twice), "jobs with a recorded step done twice")


def _equal_effects(evidence: Evidence) -> tuple[bool, str]:
    again = sum(job.done_again for job in evidence.jobs.values())
    held, seen = _all_of(evidence.jobs.values(), lambda job: bool(job.unequal_effects), "jobs with unequal effects")
    return held, f"{seen}; {again} steps done again in all"


def _one_job_a_submit(evidence: Evidence) -> tuple[bool, str]:
    more, unheard = len(evidence.unasked), len(evidence.never_accepted)
    named = f": {', '.join(evidence.unasked[:NAMED])}" if more else ""
    return bool(evidence.acknowledged) and more <= unheard, f"{more} jobs that no client was told of{named}"


def _results_follow(evidence: Evidence) -> tuple[bool, str]:
    return _all_of(evidence.jobs.values(), lambda job: not job.follows, "results say something else than their steps")


def _has_two_results(evidence: Evidence) -> bool:
    return any(job.results > 1 for job in evidence.jobs.values())


def _too_many_jobs(evidence: Evidence) -> bool:
    """More than submits whose answer may still come."""
    return len(evidence.unasked) > evidence.submitted - len(evidence.acknowledged)


NOTHING_LOST = Bound("no acknowledged job is lost, in either Region", _none_lost)
ONE_RESULT = Bound("every acknowledged job has one result", _one_result, _has_two_results)
ALIKE = Bound("both Regions tell the same of every job", _alike)
#: What both Regions wrote meets when replication goes on: so it is waited for, whatever is seen before.
ONE_WRITER = Bound("no item had two writers", _one_writer)
STEPS_ONCE = Bound("no recorded step of a history that counts was done twice", _steps_once)
EQUAL_EFFECTS = Bound("what was done again carried the same idempotency key", _equal_effects)
ONE_JOB_A_SUBMIT = Bound("a submit that was sent again is one job", _one_job_a_submit, _too_many_jobs)
RESULTS_FOLLOW = Bound(
    "every result follows from what was recorded of its steps",
    _results_follow,
    lambda evidence: not _results_follow(evidence)[0],
)


def _known_at_once(evidence: Evidence) -> tuple[bool, str]:
    most = max((count for sample in evidence.samples for count in sample.unknown.values()), default=0)
    return bool(evidence.samples) and most == 0, f"{most} at most were known in one Region alone"


def _nobody_lost(evidence: Evidence) -> tuple[bool, str]:
    lost = sum(any(sample.peer_lost.values()) for sample in evidence.samples)
    return bool(evidence.samples) and lost == 0, f"at {lost} of {len(evidence.samples)} looks one did"


def _all_succeeded(evidence: Evidence) -> tuple[bool, str]:
    return _all_of(
        evidence.jobs.values(), lambda job: job.status != "succeeded", f"of {len(evidence.jobs)} jobs did not"
    )


def _accepted_meanwhile(evidence: Evidence) -> tuple[bool, str]:
    during = [row.home_region for row in evidence.acknowledged if evidence.begun_at < row.at < evidence.undone_at]
    counts = {region: during.count(region) for region in evidence.setting.regions}
    return all(counts.values()), ", ".join(f"{count} by {region}" for region, count in counts.items())


def _one_ended_otherwise(evidence: Evidence) -> bool:
    return any(job.status in FINISHED and job.status != "succeeded" for job in evidence.jobs.values())


KNOWN_AT_ONCE = Bound(
    "what is acknowledged as durable in both Regions is known in both at once",
    _known_at_once,
    lambda evidence: any(any(sample.unknown.values()) for sample in evidence.samples),
)
NOBODY_LOST = Bound(
    "no Region holds its peer for lost",
    _nobody_lost,
    lambda evidence: any(any(sample.peer_lost.values()) for sample in evidence.samples),
)
ALL_SUCCEEDED = Bound("every job succeeds", _all_succeeded, _one_ended_otherwise)
ACCEPTED_MEANWHILE = Bound(
    "each Region accepts submits while it lasts",
    _accepted_meanwhile,
    lambda evidence: evidence.is_undone and not _accepted_meanwhile(evidence)[0],
)

#: What holds whatever goes wrong.
ALWAYS = (
    NOTHING_LOST,
    ONE_RESULT,
    ALIKE,
    ONE_WRITER,
    STEPS_ONCE,
    EQUAL_EFFECTS,
    ONE_JOB_A_SUBMIT,
    RESULTS_FOLLOW,
)


def within(seconds: float, name: str) -> Bound:
    """The time of that name (times.py) is known, and at most so long."""

    def judge(evidence: Evidence) -> tuple[bool, str]:
        found = times_of(evidence)[name]
        return found is not None and found <= seconds, "never" if found is None else f"{found:.1f} s"

    def for_good(evidence: Evidence) -> bool:
        """What has not happened by then happens too late; failback alone counts from a moment that may yet come."""
        return name != FAILBACK and evidence.ended_at > evidence.begun_at + seconds and not judge(evidence)[0]

    return Bound(f"{name}: within {seconds:g} s", judge, for_good)


def finished_within(seconds: float) -> Bound:
    """Every acknowledged job is finished so soon after the first fault, or after its own acknowledgement if that came
    later.
    """

    def judge(evidence: Evidence) -> tuple[bool, str]:
        slowest = 0.0
        for row in evidence.acknowledged:
            seen = evidence.jobs.get(row.job_id)
            if seen is None or seen.finished_at is None:
                return False, f"{row.job_id} never was"
            slowest = max(slowest, seen.finished_at - max(row.at, evidence.begun_at))
        return bool(evidence.acknowledged) and slowest <= seconds, f"the last one after {slowest:.1f} s"

    return Bound(f"within {seconds:g} s every acknowledged job is finished", judge)


def accepted(share: float) -> Bound:
    """At least this share of all submits was accepted in the end."""

    def judge(evidence: Evidence) -> tuple[bool, str]:
        done = len(evidence.acknowledged)
        return done >= share * evidence.submitted > 0, f"{done} of {evidence.submitted}"

    return Bound(f"at least {share:.0%} of all submits are accepted in the end", judge)


def waits_at_most(seconds: float) -> Bound:
    """From its acknowledgement until a worker began with it no job waited longer than that."""

    def judge(evidence: Evidence) -> tuple[bool, str]:
        longest = max((_waited(evidence, row) for row in evidence.acknowledged), default=0.0)
        return bool(evidence.acknowledged) and longest <= seconds, f"the longest waited {longest:.1f} s"

    def for_good(evidence: Evidence) -> bool:
        return bool(evidence.acknowledged) and not judge(evidence)[0]

    return Bound(f"no job waits longer than {seconds:g} s for a worker", judge, for_good)


def _waited(evidence: Evidence, row: Acknowledged) -> float:
    seen = evidence.jobs.get(row.job_id)
    first = next((part.begins for part in seen.stretches if part.phase == "working"), None) if seen else None
    return max(0.0, (evidence.ended_at if first is None else first) - row.at)


def finished_meanwhile(share: float, before_seconds: float = 5.0) -> Bound:
    """Of the jobs that came while the fault lasted, or so long before, at least this share was finished by its end.

    Those that came earlier may have been over, or nearly, when it began: of them nothing could be seen. How many
    workers a job needed says less: one that could write nothing down is not in its history.
    """

    def judge(evidence: Evidence) -> tuple[bool, str]:
        since, until = evidence.begun_at - before_seconds, evidence.undone_at
        came = {row.job_id for row in evidence.acknowledged if row.at >= since}
        ends = [evidence.jobs[job].finished_at if job in evidence.jobs else None for job in came]
        done = sum(end is not None and end <= until for end in ends)
        return done >= share * len(came) > 0, f"{done} of {len(came)}"

    which = f"the jobs that came while it lasted, or at most {before_seconds:g} s before,"
    return Bound(
        f"at least {share:.0%} of {which} are finished while it lasts",
        judge,
        lambda evidence: evidence.is_undone and not judge(evidence)[0],
    )


def voids(evidence: Evidence, in_flight: int) -> list[str]:
    """Why the drill has shown nothing, if so."""
    found = [f"no visible effect: {fault.told} ({fault.effect})" for fault in evidence.faults if not fault.visible]
    if not evidence.faults:
        found.append("no fault was ordered")
    if len(evidence.in_flight) < in_flight:
        found.append(f"{len(evidence.in_flight)} jobs in flight when it began, {in_flight} were to be")
    return found


def undone(evidence: Evidence) -> Judged:
    """Whether every fault was undone exactly: it is a bound of each drill."""
    left = [fault.told for fault in evidence.faults if not fault.restored]
    return Judged("all faults were undone exactly", not left, "; ".join(left) or "yes")
