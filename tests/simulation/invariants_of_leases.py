"""With ownership leases no job is worked on in two Regions at once: shown by what their workers really began.

A worker that begins an effect of a job in an older epoch, after one of the other Region has begun one in a newer epoch,
was still at work when that one was. A job that both Regions have accepted while neither saw the other is another
matter: there each works on what it has been given, which leases do not prevent.
"""

from collections.abc import Iterator, Sequence

from functions.domain.job.history import Segment
from tests.simulation.effects import Effect
from tests.simulation.evidence import Evidence


def worked_on_in_two_regions(evidence: Evidence, done: Sequence[Effect]) -> Iterator[str]:
    """Yield each effect that was begun in a Region while another Region had the job already."""
    newest: dict[str, tuple[int, Effect]] = {}
    for effect in done:
        epoch = max(segment.epoch for segment in effect.known)
        known = newest.get(effect.job_id)
        if known is not None and epoch < known[0] and effect.region != known[1].region:
            job = evidence.jobs.get(effect.job_id)
            if job is not None and born_once(job.segments):
                yield (
                    f"{effect.job_id} is worked on in two Regions at once: {effect.process} began {effect.place} at "
                    f"{effect.at:.2f}s in epoch {epoch}, {known[1].process} {known[1].place} at {known[1].at:.2f}s "
                    f"in epoch {known[0]}"
                )
        if known is None or epoch >= known[0]:
            newest[effect.job_id] = (epoch, effect)


def born_once(segments: Sequence[Segment]) -> bool:
    """Say whether one Region only has accepted the job."""
    return len({segment.region for segment in segments if segment.epoch == 1 and segment.opens_epoch}) == 1
