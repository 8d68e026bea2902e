"""Run simulations by hand: one seed with all that was planned, or many until one fails.

python -m tests.simulation --seed 17
python -m tests.simulation --seeds 5000
"""

import argparse
import sys
import time

from tests.simulation.report import describe, summary
from tests.simulation.world import simulate


def main() -> int:
    """Return 1 when an invariant was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this seed alone, and print its plan")
    parser.add_argument("--first", type=int, default=0, help="the first of many seeds")
    parser.add_argument("--seeds", type=int, default=300, help="how many seeds to run")
    parser.add_argument("--trace", action="store_true", help="with --seed: print every effect and what was answered")
    options = parser.parse_args()
    if options.seed is not None:
        return _one(options.seed, trace=options.trace)
    began = time.monotonic()
    outcomes = []
    for seed in range(options.first, options.first + options.seeds):
        outcome = simulate(seed)
        outcomes.append(outcome)
        if outcome.violations:
            print(describe(outcome))
    print(summary(outcomes, time.monotonic() - began))
    return int(any(outcome.violations for outcome in outcomes))


def _one(seed: int, *, trace: bool) -> int:
    outcome = simulate(seed)
    if trace:
        print(*outcome.trace, sep="\n")
    print(describe(outcome))
    print(summary([outcome], None))
    return int(bool(outcome.violations))


if __name__ == "__main__":
    sys.exit(main())
