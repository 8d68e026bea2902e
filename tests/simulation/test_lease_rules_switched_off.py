"""The invariant of ownership leases can fail: with one of their rules switched off a run is found that breaks it."""

import pytest

from functions.domain.ownership.lease import Instant, Sight
from tests.simulation.rules import Rules
from tests.simulation.world import simulate

#: So many seeds at most are tried for each rule, from the one at which it is known to be found.
SEEDS = 40
AT_ONCE = "is worked on in two Regions at once"


async def never_fenced(self: object) -> None:
    """Workers ask nobody."""


def at_once(self: Sight, now: Instant) -> bool:
    """Nobody waits for a lease, or for what was read of it, to run out."""
    return True


async def tell_nothing(self: object, *leases: object) -> None:
    """A lease is given back without a word on which jobs were taken over meanwhile."""


LEASES = "functions.domain.ownership.lease"
SWITCHED_OFF = {
    "self-fencing": (14, Rules(replaced=(("functions.application.heed_lease.HeedLease.check", never_fenced),))),
    "the wait for leases to run out": (16, Rules(replaced=((f"{LEASES}.Sight.run_out", at_once),))),
    "what Regions tell each other first": (
        10,
        Rules(replaced=(("functions.application.return_leases.ReturnLeases._tell_all", tell_nothing),)),
    ),
}


@pytest.mark.parametrize("rule", SWITCHED_OFF)
def test_without_this_rule_of_leases_a_job_is_worked_on_in_two_regions_at_once(rule: str) -> None:
    first, rules = SWITCHED_OFF[rule]
    for seed in range(first, first + SEEDS):
        if any(AT_ONCE in violation for violation in simulate(seed, rules, leased=True).violations):
            return
    pytest.fail(f"{SEEDS} seeds from {first} without {rule}, and none ended with: a job {AT_ONCE}")
