"""The times that a drill is about, measured from its evidence: from the loss to the return. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from localstack.drills.evidence import Evidence, Sample

DETECTION = "detection"
NAME_MOVED = "the failover name leads elsewhere"
ACCEPTED_AGAIN = "first accepted submit"
ADOPTION = "adoption"
RECOVERY = "recovery"
FAILBACK = "failback"
ALIKE_AGAIN = "both Regions alike"
#: Longer than any job waits for a worker while all is well.
DELAYED_SECONDS = 15.0


def times_of(evidence: Evidence) -> dict[str, float | None]:
    """Each time in seconds; None where what it measures did not happen.

    Detection: until a Region holds its peer for lost. The failover name leads elsewhere: from its usual Region to
    the other one; that it leads back after a loss before is no time of this drill. First accepted submit: through
    the failover name, by another Region than the one that was taken away. Adoption: until the last job was taken
    over. Recovery: until the last job is finished that was in flight in the Region that was hit. Failback: from the
    undoing of the last fault until no Region holds its peer for lost, where one did.
    """
    begun, undone, away = evidence.begun_at, evidence.undone_at, evidence.away
    after = [sample for sample in evidence.samples if sample.at >= begun]
    parted = any(any(sample.peer_lost.values()) for sample in after)
    first = evidence.setting.regions[0]
    before = next((sample.answering for sample in evidence.samples if sample.at < begun), first)
    adopted = [job.adopted_at for job in evidence.jobs.values() if job.adopted_at is not None]
    return {
        DETECTION: _first(after, begun, lambda sample: any(sample.peer_lost.values())),
        NAME_MOVED: _first(after, begun, lambda sample: sample.answering not in (None, first, before)),
        ACCEPTED_AGAIN: _accepted_again(evidence) if away else None,
        ADOPTION: max(adopted) - begun if adopted else None,
        RECOVERY: _recovery(evidence, evidence.in_flight),
        FAILBACK: max(0.0, evidence.well_at - undone) if evidence.well_at is not None and parted else None,
        ALIKE_AGAIN: None if evidence.alike_at is None else max(0.0, evidence.alike_at - undone),
    }


def lanes_of(evidence: Evidence) -> dict[str, dict[str, float | None]]:
    """By lane: jobs acknowledged, lost (that is the RPO) and delayed, steps done again, and the RTO in seconds.

    The RTO is the time until the last job of the lane is finished that was in flight where it was hit.
    """
    rows: dict[str, dict[str, float | None]] = {}
    flying, late = set(evidence.in_flight), delayed(evidence)
    for lane in sorted({row.lane for row in evidence.acknowledged}):
        jobs = [row.job_id for row in evidence.acknowledged if row.lane == lane]
        known = [evidence.jobs[job] for job in jobs if job in evidence.jobs]
        rows[lane] = {
            "acknowledged": len(jobs),
            "lost": len(jobs) - len(known),
            "delayed": sum(row.job_id in late for row in evidence.acknowledged if row.lane == lane),
            "in flight": sum(job in flying for job in jobs),
            "adopted": sum(job.adopted_at is not None for job in known),
            "steps done again": sum(job.done_again for job in known),
            "rto seconds": _recovery(evidence, [job for job in jobs if job in flying]),
        }
    return rows


def delayed(evidence: Evidence) -> frozenset[str]:
    """The acknowledged jobs that ended much later than their own work takes, or not at all."""
    return frozenset(
        row.job_id
        for row in evidence.acknowledged
        if (seen := evidence.jobs.get(row.job_id)) is None
        or seen.finished_at is None
        or seen.finished_at - row.at - seen.asked_seconds > DELAYED_SECONDS
    )


def _first(samples: Iterable[Sample], begun: float, holds: Callable[[Sample], bool]) -> float | None:
    return next((sample.at - begun for sample in samples if holds(sample)), None)


def _accepted_again(evidence: Evidence) -> float | None:
    moments = [
        row.at - evidence.begun_at
        for row in evidence.acknowledged
        if row.by_name and row.at > evidence.begun_at and row.home_region != evidence.away
    ]
    return min(moments, default=None)


def _recovery(evidence: Evidence, jobs: Iterable[str]) -> float | None:
    """None while one of them has not finished: then there is no such moment yet."""
    ends = [evidence.jobs[job].finished_at if job in evidence.jobs else None for job in jobs]
    if not ends or None in ends:
        return None
    return max(0.0, max(end for end in ends if end is not None) - evidence.begun_at)
