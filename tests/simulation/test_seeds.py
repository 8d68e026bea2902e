"""Both Regions, simulated from seeds: whatever goes wrong on the way, at the end every promise has been kept.

More seeds: python -m tests.simulation --seeds 5000. One seed with its plan: python -m tests.simulation --seed 17.
"""

import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.simulation.plan import Blow, Plan
from tests.simulation.report import describe
from tests.simulation.world import simulate

SEEDS = 300
AT_ONCE = 20


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_no_promise_is_broken_whatever_goes_wrong(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        outcome = simulate(seed)
        assert not outcome.violations, describe(outcome)


def test_the_seeds_strike_every_blow_at_both_regions() -> None:
    struck = Counter((fault.blow, fault.region) for seed in range(SEEDS) for fault in Plan.of(seed).faults)
    assert len(struck) == 2 * len(Blow)
    assert min(struck.values()) >= 10, struck


def test_the_storms_really_cost_repeated_work_adoptions_and_durability() -> None:
    outcomes = [simulate(seed) for seed in range(30)]
    assert sum(outcome.adoptions for outcome in outcomes) > 10
    assert sum(outcome.repeated_effects for outcome in outcomes) > 50
    assert sum(outcome.local_only for outcome in outcomes) > 5


def test_the_command_repeats_a_seed_to_the_last_word() -> None:
    def said(hash_seed: str) -> str:
        command = [sys.executable, "-m", "tests.simulation", "--seed", "5", "--trace"]
        surroundings = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True).stdout

    first = said("1")
    assert "carried" in first
    assert said("2") == first
