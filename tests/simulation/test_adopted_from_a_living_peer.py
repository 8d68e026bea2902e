"""Which adoptions count as ones from a peer that is heard: those for its loss, each judged by its own epoch."""

from random import Random

import pytest

from functions.domain.job.events import JobAdopted
from functions.domain.job.history import Segment
from tests.simulation.invariants_of_adoption import adopted_from_a_living_peer
from tests.simulation.replication import Link, Replica
from tests.unit.application.two_regions import EAST, WEST

HEARD_AT = 100.0
LONG_AFTER = 200.0


def adopting(*adoptions: tuple[float, str]) -> Replica:
    """Return a replica that heard its peer once and opened epochs of one job then, each for that reason."""
    replica = Link((EAST, WEST), Random(0), 0.0, 0.0).replicas[WEST]
    replica.heard.append(HEARD_AT)
    for epoch, (at, reason) in enumerate(adoptions, start=2):
        adopted = JobAdopted(
            at="2026-01-01T00:00:00.000Z", from_epoch=epoch - 1, from_region=EAST, from_sequence=epoch, reason=reason
        )
        replica.adoptions.append((at, Segment("job_a", epoch, WEST, epoch + 1, (adopted,))))
    return replica


@pytest.mark.parametrize("why", [f"{EAST} is lost", f"{EAST}, to which it was left, is lost"])
def test_a_job_that_is_adopted_for_the_loss_of_a_peer_that_was_heard_is_found(why: str) -> None:
    (found,) = adopted_from_a_living_peer([adopting((HEARD_AT + 8, why), (LONG_AFTER, f"{EAST} has handed it over"))])
    assert found == f"job_a was adopted by {WEST} at 108.00s, though it had heard its peer at 100.00s"


@pytest.mark.parametrize("why", [f"{EAST} has handed it over", "a part of its history has not arrived"])
def test_what_is_taken_over_for_another_reason_is_not_blamed_for_a_loss_of_another_time(why: str) -> None:
    for_a_loss = f"{EAST} is lost"
    before = adopting((HEARD_AT - 50, for_a_loss), (HEARD_AT + 8, why))
    after = adopting((HEARD_AT + 8, why), (LONG_AFTER, for_a_loss))
    assert not list(adopted_from_a_living_peer([before, after]))
