"""What an evacuation must not do: lose what a job has recorded, or let the Region that has gone begin anything.

That no job is lost, that each comes to its end, and that each item has one writer hold in every run.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from functions.domain.job.events import JobAdopted, JobHandedOver, StepFailed, StepSucceeded
from functions.domain.job.history import Segment
from functions.domain.ownership.standing import Phase, Progress
from functions.domain.ownership.verdict import Verdict
from tests.simulation.effects import Effect
from tests.simulation.evidence import Evidence, Job
from tests.simulation.invariants_of_leases import born_once
from tests.simulation.oracle import Position
from tests.simulation.plan import Plan
from tests.simulation.region import Region

#: What a process knows of how its Region stands may be five seconds old, and a call may be slow.
HEARD_SECONDS = 8.0


def steps_left_behind(evidence: Evidence, regions: Sequence[Region], done: Sequence[Effect]) -> Iterator[str]:
    """Yield each recorded step that whoever was handed the job does not count, and so does again.

    Where no Region was ever held for lost, jobs change hands in no other way: then every recorded step counts, but for
    what follows a gap that a Region left which was lost and came back empty before it was missed: what it had not
    replicated is gone, and a history is read up to its first gap only (seed 10682).
    """
    handed_only = not any(isinstance(each, Verdict) and each.lost for region in regions for _, each in _log(region))
    for job in evidence.jobs.values():
        counted = {place for place, _ in job.reading.events}
        handed = _epochs_handed_over(job)
        for place, step in _recorded(job.segments):
            if place in counted:
                continue
            kept = handed_only and born_once(job.segments) and not _follows_what_is_lost(place, job, evidence.plan)
            if place[:2] in handed or kept:
                yield f"{job.job_id} was handed over without {step.step}, which {place[1]} had recorded at {place}"


def begun_when_gone(evidence: Evidence, regions: Sequence[Region], done: Sequence[Effect]) -> Iterator[str]:
    """Yield each step that was begun in a Region which was evacuated and did not hold its peer for lost."""
    for region in regions:
        for since, until in _away(region):
            for effect in done:
                if effect.region == region.name and since + HEARD_SECONDS < effect.at < until:
                    yield (
                        f"{effect.process} began {effect.place} of {effect.job_id} at {effect.at:.2f}s, though "
                        f"{region.name} was evacuated from {since:.2f}s to {until:.2f}s"
                    )


def of_run(evidence: Evidence, regions: Sequence[Region], done: Sequence[Effect]) -> list[str]:
    """Return what is wrong."""
    if not evidence.plan.evacuations:
        return []
    return [*steps_left_behind(evidence, regions, done), *begun_when_gone(evidence, regions, done)]


def _log(region: Region) -> Sequence[tuple[float, Progress | Verdict]]:
    return region.replica.standing_log


def _epochs_handed_over(job: Job) -> set[tuple[int, str]]:
    """Return the epochs of the history that counts whose owner has handed the job over."""
    pairs = pairwise(job.reading.events)
    return {
        place[:2]
        for (place, event), (_, after) in pairs
        if isinstance(event, JobHandedOver) and isinstance(after, JobAdopted)
    }


def _recorded(segments: Sequence[Segment]) -> Iterator[tuple[Position, StepSucceeded | StepFailed]]:
    for segment in segments:
        for offset, event in enumerate(segment.events):
            if isinstance(event, StepSucceeded | StepFailed):
                yield (segment.epoch, segment.region, segment.first_sequence + offset), event


def _follows_what_is_lost(place: Position, job: Job, plan: Plan) -> bool:
    """Say whether a part of the epoch before an event is gone, with the data of the Region that wrote it."""
    epoch, region, sequence = place
    if not plan.loses_data(region):
        return False
    own = [each for each in job.segments if (each.epoch, each.region) == (epoch, region)]
    held = {each.first_sequence + offset for each in own for offset in range(len(each.events))}
    first = min((each.first_sequence for each in own if each.opens_epoch), default=None)
    return first is None or not held.issuperset(range(first, sequence))


def _away(region: Region) -> Iterator[tuple[float, float]]:
    """Yield from when until when a Region was evacuated by its own account; not while it held its peer for lost."""
    since: float | None = None
    away = lost = False
    for at, said in [*_log(region), (float("inf"), None)]:
        if since is not None:
            yield since, at
        match said:
            case Progress():
                away = said.phase is Phase.EVACUATED
            case Verdict():
                lost = said.lost
            case None:
                return
        since = at if away and not lost else None
