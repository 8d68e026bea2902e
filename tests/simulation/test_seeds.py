"""What the seeds stand for: every blow strikes, it costs something, and a seed is the same run each time."""

import os
import subprocess
import sys
from collections import Counter

from tests.simulation.plan import Blow, Plan
from tests.simulation.seeds import SEEDS
from tests.simulation.world import simulate

#: What has to happen in jobs, and be told to clients, for there to be anything to go wrong with.
KINDS = (
    "admitted",
    "adopted",
    "cancel_requested",
    "cancelled",
    "continued",
    "failed",
    "paused",
    "resumed",
    "snapshots",
    "step_attempt_failed",
    "step_failed",
    "succeeded",
    "told cancel",
    "told decision",
    "told signal",
    "told to pause",
    "wait_opened",
    "waiting",
    "withdrawn",
)


def test_the_seeds_strike_every_blow_at_both_regions() -> None:
    struck = Counter((fault.blow, fault.region) for seed in range(SEEDS) for fault in Plan.of(seed).faults)
    assert len(struck) == 2 * len(Blow)
    assert min(struck.values()) >= 60, struck


def test_the_storms_really_cost_repeated_work_adoptions_and_durability() -> None:
    # switches are in few seeds: more of those, so that what they do is there often enough
    paused = [seed for seed in range(60, SEEDS) if Plan.of(seed).switchings]
    outcomes = [simulate(seed) for seed in (*range(60), *paused[:25])]
    assert sum(outcome.adoptions for outcome in outcomes) > 20
    assert sum(outcome.repeated_effects for outcome in outcomes) > 50
    assert sum(outcome.local_only for outcome in outcomes) > 5
    happened = sum((Counter(outcome.happened) for outcome in outcomes), Counter())
    rare = [kind for kind in KINDS if happened[kind] < 5]
    assert not rare, happened


def test_the_command_repeats_a_seed_to_the_last_word() -> None:
    def said(hash_seed: str) -> str:
        command = [sys.executable, "-m", "tests.simulation", "--seed", "5", "--trace"]
        surroundings = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True).stdout

    first = said("1")
    assert "carried" in first
    assert said("2") == first
