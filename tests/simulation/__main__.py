"""Run simulations by hand: one seed with all that was planned, or many until one fails.

python -m tests.simulation --seed 17
python -m tests.simulation --seeds 5000
"""

import argparse
import sys
import time

from tests.simulation.world import Outcome, simulate


def main() -> int:
    """Return 1 when an invariant was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this seed alone, and print its plan")
    parser.add_argument("--first", type=int, default=0, help="the first of many seeds")
    parser.add_argument("--seeds", type=int, default=300, help="how many seeds to run")
    options = parser.parse_args()
    if options.seed is not None:
        return _one(options.seed)
    began = time.monotonic()
    outcomes = []
    for seed in range(options.first, options.first + options.seeds):
        outcome = simulate(seed)
        outcomes.append(outcome)
        if outcome.violations:
            print(describe(outcome))
    print(_summary(outcomes, time.monotonic() - began))
    return int(any(outcome.violations for outcome in outcomes))


def describe(outcome: Outcome) -> str:
    """Say what was planned, what went wrong, and how to see it again."""
    wrong = "\n".join([*(f"  - {violation}" for violation in outcome.violations), *outcome.evidence]) or "  nothing"
    return f"{outcome.plan}\nwrong:\n{wrong}\nagain: python -m tests.simulation --seed {outcome.plan.seed}"


def _one(seed: int) -> int:
    outcome = simulate(seed)
    print(describe(outcome))
    print(_summary([outcome], None))
    return int(bool(outcome.violations))


def _summary(outcomes: list[Outcome], took: float | None) -> str:
    total = {
        "seeds": len(outcomes),
        "failed": sum(bool(outcome.violations) for outcome in outcomes),
        "jobs": sum(outcome.jobs for outcome in outcomes),
        "acknowledged": sum(outcome.acknowledged for outcome in outcomes),
        "adoptions": sum(outcome.adoptions for outcome in outcomes),
        "effects": sum(outcome.effects for outcome in outcomes),
        "repeated effects": sum(outcome.repeated_effects for outcome in outcomes),
        "simulated hours": round(sum(outcome.seconds for outcome in outcomes) / 3600, 1),
    }
    text = ", ".join(f"{name} {value}" for name, value in total.items())
    return text if took is None else f"{text}; took {took:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
