"""The seeds of the suite, in two halves: each has a test file of its own, so that two processes can share them."""

from tests.simulation.report import describe
from tests.simulation.world import simulate

SEEDS = 2000
AT_ONCE = 20
FIRST_HALF = range(0, SEEDS // 2, AT_ONCE)
SECOND_HALF = range(SEEDS // 2, SEEDS, AT_ONCE)


def assert_promises_kept(first: int) -> None:
    """Run the seeds from `first` on."""
    for seed in range(first, first + AT_ONCE):
        outcome = simulate(seed)
        assert not outcome.violations, describe(outcome)
