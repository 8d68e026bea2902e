"""A Region takes nothing over from a peer that it has just heard again, though it may hold it for lost a while longer.

Who adopts looks at most a second before, and each of the calls until the epoch is open may be slow: so what came in the
last seconds may have been overlooked. What came so long before that it counts no more says nothing either.
"""

from collections.abc import Iterator, Sequence

from functions.domain.job.events import JobAdopted
from tests.simulation.region import Region

OVERLOOKED_SECONDS = 6.0
#: A sentinel finds a peer silent again after three probes at the earliest.
COUNTS_SECONDS = 9.9


def adopted_from_a_living_peer(regions: Sequence[Region]) -> Iterator[str]:
    """Yield each job that was taken over for its Region's loss while that was heard.

    That may be one of several times: a job is also taken over because a part of it never came (seed 198).
    """
    for region in regions:
        for at, job_id, opening in region.replica.adoptions:
            heard = [when for when in region.replica.heard if at - COUNTS_SECONDS < when < at - OVERLOOKED_SECONDS]
            if heard and isinstance(opening, JobAdopted) and opening.reason.endswith(" is lost"):
                told = f"{region.name} at {at:.2f}s, though it had heard its peer at {heard[-1]:.2f}s"
                yield f"{job_id} was adopted by {told}"
