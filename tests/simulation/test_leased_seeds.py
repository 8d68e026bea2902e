"""Seeds with ownership leases: every invariant holds, and no job is worked on in two Regions at once."""

import pytest

from tests.simulation.plan import Plan
from tests.simulation.plan_of_evacuations import EVERY, WHICH
from tests.simulation.report import describe
from tests.simulation.world import simulate

SEEDS = 24
#: So many more in which Regions are told to go: then their leases change hands, too.
EVACUATED = 12


@pytest.mark.parametrize("first", range(0, SEEDS, 4))
def test_with_leases_every_invariant_holds(first: int) -> None:
    for seed in range(first, first + 4):
        outcome = simulate(seed, leased=True)
        assert not outcome.violations, describe(outcome)


@pytest.mark.parametrize("number", range(0, EVACUATED, 4))
def test_with_leases_and_evacuations_every_invariant_holds(number: int) -> None:
    for seed in range(WHICH + number * EVERY, WHICH + (number + 4) * EVERY, EVERY):
        outcome = simulate(seed, leased=True)
        assert not outcome.violations, describe(outcome)


def test_the_seeds_with_leases_cut_each_region_off_from_the_control_table_and_from_its_peer() -> None:
    plans = [Plan.of(seed).with_leases() for seed in range(SEEDS)]
    cut = {each.region for plan in plans for each in plan.control_cuts}
    assert cut == {"us-east-1", "us-west-2"}
    assert sum(plan.splits for plan in plans) > SEEDS / 3
    both = [plan for plan in plans if plan.splits and plan.control_cuts]
    assert len(both) > 3
