"""The invariant of ownership leases can fail: with one of their rules switched off a run is found that breaks it."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.domain.ownership.lease import Lease, may_start_steps
from tests.simulation.counterexamples import SwitchedOff
from tests.simulation.plan_of_leases import is_parted
from tests.simulation.rules import Rules


async def never_fenced(self: object) -> None:
    """Workers ask nobody."""


async def always_fenced(self: object) -> bool:
    """Jobs of the peer are adopted as soon as it is held for lost."""
    return True


async def tell_nothing(self: object, *leases: object) -> None:
    """A lease is given back without a word on which jobs were taken over meanwhile."""


def run_out_at_once(self: object, now: object) -> bool:
    """A lease is taken, and acted on, without waiting until what was read of it before has run out."""
    return True


def taken_is_held(own: Lease | None, peer: Lease | None, region: str) -> bool:
    """The same: a Region that has just taken its peer's lease adopts by it."""
    return may_start_steps(own, region) and peer is not None and peer.holder == region


HARM = "is worked on in two Regions at once"
TELL = "functions.application.return_leases.ReturnLeases._tell_all"


def switched_off(name: str, stand_in: Callable[..., Any], seed: int) -> SwitchedOff:
    """Return a rule of leases that does not hold, and a seed in which the Regions are parted and that does harm."""
    rules = Rules(replaced=((name, stand_in),))
    return SwitchedOff(rules, HARM, seed, fits=is_parted, at_most=60, leased=True)


SWITCHED_OFF = {
    "self-fencing": switched_off("functions.application.heed_lease.HeedLease.check", never_fenced, seed=14),
    "the look at the peer's lease": switched_off(
        "functions.application.heed_lease.HeedLease.peer_is_fenced", always_fenced, seed=2
    ),
    "the wait until a lease has run out": SwitchedOff(
        Rules(
            replaced=(
                ("functions.domain.ownership.lease.Sight.run_out", run_out_at_once),
                ("functions.domain.ownership.lease.peer_is_fenced", taken_is_held),
            )
        ),
        HARM,
        seed=28,
        fits=is_parted,
        at_most=60,
        leased=True,
    ),
    "what Regions tell each other first": switched_off(TELL, tell_nothing, seed=14),
}


@pytest.mark.parametrize("rule", SWITCHED_OFF)
def test_without_this_rule_of_leases_a_job_is_worked_on_in_two_regions_at_once(rule: str) -> None:
    SWITCHED_OFF[rule].counterexample()
