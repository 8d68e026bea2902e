"""With ownership leases no job is worked on in two Regions at once: no step of it is started in a Region while a worker
of the other Region, which has started one, may still start another.

Until when a worker may is what it relies on: its reading of its lease. A job that both Regions have accepted while
neither saw the other is another matter: there each works on what it has been given, which leases do not prevent.
"""

from collections.abc import Iterator, Sequence

from functions.domain.job.events import JobHandedOver
from functions.domain.job.history import Segment
from tests.simulation.effects import Effect
from tests.simulation.evidence import Evidence, Job, seconds_of

#: A Region's clock is so much ahead or behind at most, drift included.
SKEW_SECONDS = 15.0


def worked_on_in_two_regions(evidence: Evidence, done: Sequence[Effect]) -> Iterator[str]:
    """Yield each effect that was begun while a worker of the other Region could still begin one of the same job."""
    last: dict[tuple[str, str], Effect] = {}
    for effect in done:
        for (job_id, region), other in last.items():
            if job_id != effect.job_id or region == effect.region or other.may_start_until is None:
                continue
            job = evidence.jobs.get(job_id)
            if job is None or effect.at >= other.may_start_until or not born_once(job.segments):
                continue
            if not _handed_over(job, other, effect.at):
                yield (
                    f"{job_id} is worked on in two Regions at once: {effect.process} began {effect.place} at "
                    f"{effect.at:.2f}s, {other.process} {other.place} at {other.at:.2f}s and could go on until "
                    f"{other.may_start_until:.2f}s"
                )
        last[effect.job_id, effect.region] = effect


def _handed_over(job: Job, before: Effect, upto: float) -> bool:
    """Say whether the Region of an effect has handed the job over after it: its worker then has no more part in it."""
    events = ((each.region, event) for each in job.segments for event in each.events)
    return any(
        region == before.region
        and isinstance(event, JobHandedOver)
        and before.at - SKEW_SECONDS < seconds_of(event.at) < upto + SKEW_SECONDS
        for region, event in events
    )


def born_once(segments: Sequence[Segment]) -> bool:
    """Say whether one Region only has accepted the job."""
    return len({segment.region for segment in segments if segment.epoch == 1 and segment.opens_epoch}) == 1
