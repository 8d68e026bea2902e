"""A Region takes nothing over from a peer that it has just heard again, though it may hold it for lost a while longer.

Who adopts looks at most a second before, and each of the calls until the epoch is open may be slow: so what came in the
last seconds may have been overlooked. What came so long before that it counts no more says nothing either.
"""

from collections.abc import Iterator, Sequence

from functions.domain.job.events import JobAdopted
from tests.simulation.evidence import Evidence
from tests.simulation.region import Region

OVERLOOKED_SECONDS = 6.0
#: A sentinel finds a peer silent again after three probes at the earliest.
COUNTS_SECONDS = 9.9


def adopted_from_a_living_peer(evidence: Evidence, regions: Sequence[Region]) -> Iterator[str]:
    """Yield each job that was taken over for its Region's loss while that was heard."""
    for region in regions:
        for at, job_id in region.replica.adoptions:
            heard = [when for when in region.replica.heard if at - COUNTS_SECONDS < when < at - OVERLOOKED_SECONDS]
            if heard and _for_a_loss(evidence, job_id, region.name):
                told = f"{region.name} at {at:.2f}s, though it had heard its peer at {heard[-1]:.2f}s"
                yield f"{job_id} was adopted by {told}"


def _for_a_loss(evidence: Evidence, job_id: str, region: str) -> bool:
    """Whether the Region took it over because its peer was lost, and not because a part of it never came."""
    job = evidence.jobs.get(job_id)
    segments = () if job is None else job.segments
    openings = (each.events[0] for each in segments if each.epoch > 1 and each.opens_epoch and each.region == region)
    return any(isinstance(event, JobAdopted) and event.reason.endswith(" is lost") for event in openings)
