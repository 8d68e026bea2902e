"""A Region takes nothing over from a peer that it has just heard again, though it may hold it for lost a while longer.

Who adopts looks at most a second before, and each of the calls until the epoch is open may be slow: so what came in the
last seconds may have been overlooked. What came so long before that it counts no more says nothing either.

That is what decision 50 promises of the epochs that a Region opens for the peer's loss, and of no others. Of one job it
may open several: it begins with what the peer has handed over while that is heard, and does without what never came,
also where it has adopted the same job for a loss before that or does so after it (seeds 2282, 5454).
"""

from collections.abc import Iterable, Iterator

from functions.domain.job.events import JobAdopted
from functions.domain.job.history import Segment
from tests.simulation.replication import Replica

OVERLOOKED_SECONDS = 6.0
#: A sentinel finds a peer silent again after three probes at the earliest.
COUNTS_SECONDS = 9.9


def adopted_from_a_living_peer(replicas: Iterable[Replica]) -> Iterator[str]:
    """Yield each job that was taken over for the peer's loss while that was heard."""
    for replica in replicas:
        for at, opening in replica.adoptions:
            heard = [when for when in replica.heard if at - COUNTS_SECONDS < when < at - OVERLOOKED_SECONDS]
            if heard and _for_a_loss(opening):
                told = f"{replica.name} at {at:.2f}s, though it had heard its peer at {heard[-1]:.2f}s"
                yield f"{opening.job_id} was adopted by {told}"


def _for_a_loss(opening: Segment) -> bool:
    """Whether this epoch was opened because the peer was lost, be the job the peer's own or one that was left to it."""
    event = opening.events[0]
    return isinstance(event, JobAdopted) and event.reason.endswith(" is lost")
