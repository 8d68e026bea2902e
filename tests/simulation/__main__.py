"""Run simulations by hand: one seed with all that was planned, or many, on all cores, with what fails as it is found.

python -m tests.simulation --seed 17
python -m tests.simulation --seeds 100000

With a safety rule switched off: which seeds show the harm, so that the quickest is recorded beside its rule.

python -m tests.simulation --find-counterexamples
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from tests.simulation.counterexamples import SwitchedOff
from tests.simulation.report import describe, summary
from tests.simulation.world import Outcome, simulate

AT_ONCE = 25
SAY_EVERY_SECONDS = 10.0
#: Test files with a table SWITCHED_OFF.
RULES_SWITCHED_OFF = tuple(
    f"tests.simulation.{each.stem}" for each in sorted(Path(__file__).parent.glob("test_*rules_switched_off.py"))
)


def main() -> int:
    """Return 1 when an invariant was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this seed alone, and print its plan")
    parser.add_argument("--first", type=int, default=0, help="the first of many seeds")
    parser.add_argument("--seeds", type=int, default=2000, help="how many seeds to run")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="how many run at once")
    parser.add_argument("--trace", action="store_true", help="with --seed: print every effect and what was answered")
    parser.add_argument("--find-counterexamples", action="store_true", help="print the seeds to record for each rule")
    parser.add_argument("--leased", action="store_true", help="with ownership leases (`ownership: strong`)")
    options = parser.parse_args()
    if options.find_counterexamples:
        return _find_counterexamples(options.processes)
    if options.seed is not None:
        return _one(options.seed, trace=options.trace, leased=options.leased)
    return _many(range(options.first, options.first + options.seeds), options.processes, leased=options.leased)


def _one(seed: int, *, trace: bool, leased: bool) -> int:
    outcome = simulate(seed, leased=leased)
    if trace:
        print(*outcome.trace, sep="\n")
    print(describe(outcome))
    print(summary([outcome], None))
    return int(bool(outcome.violations))


def _many(seeds: range, processes: int, *, leased: bool) -> int:
    began = said = time.monotonic()
    outcomes: list[Outcome] = []
    for outcome in _in_parallel(seeds, processes, leased=leased):
        outcomes.append(outcome)
        if outcome.violations:
            print(describe(outcome), flush=True)
        now = time.monotonic()
        if now - said >= SAY_EVERY_SECONDS:
            said = now
            failed = sum(bool(each.violations) for each in outcomes)
            speed = len(outcomes) / (now - began)
            print(f"{len(outcomes)} of {len(seeds)} seeds, {failed} failed, {speed:.0f} a second", file=sys.stderr)
    print(summary(outcomes, time.monotonic() - began))
    return int(any(outcome.violations for outcome in outcomes))


def _find_counterexamples(processes: int) -> int:
    """Print each rule with its quickest seeds. Return 1 when a rule has none among those that were tried."""
    rules = [(module, rule) for module in RULES_SWITCHED_OFF for rule in import_module(module).SWITCHED_OFF]
    missing = 0
    with ProcessPoolExecutor(processes) as pool:
        for (module, rule), (recorded, found) in zip(
            rules, pool.map(_quickest, *zip(*rules, strict=True)), strict=True
        ):
            missing += not found
            file = module.rpartition(".")[2]
            shown = ", ".join(f"{seed} ({seconds:.2f} s)" for seconds, seed in found[:5]) or "none"
            still = "" if recorded in {seed for _, seed in found} else ", not among these"
            print(f"{file}: {rule}: {shown}; recorded {recorded}{still}", flush=True)
    return int(missing > 0)


def _quickest(module: str, rule: str) -> tuple[int, list[tuple[float, int]]]:
    off: SwitchedOff = import_module(module).SWITCHED_OFF[rule]
    return off.seed, off.quickest(off.at_most)


def _in_parallel(seeds: range, processes: int, *, leased: bool) -> Iterator[Outcome]:
    """Yield outcomes as they come, in no order."""
    with ProcessPoolExecutor(processes) as pool:
        parts = [pool.submit(_some, seeds[start : start + AT_ONCE], leased) for start in range(0, len(seeds), AT_ONCE)]
        for part in as_completed(parts):
            yield from part.result()


def _some(seeds: range, leased: bool) -> list[Outcome]:
    return [replace(simulate(seed, leased=leased), trace=()) for seed in seeds]


if __name__ == "__main__":
    sys.exit(main())
