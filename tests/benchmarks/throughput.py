"""Agent actions a minute from the API to the result, in both Regions of a local cloud at once, and where the time goes.

An action is a recorded step. Jobs are submitted through the API in either Region by turns, carried out by the Regions'
workers, and their results are asked for through the API. Everything shares one machine, the emulators included: so the
CPU of each kind of process is told beside it. No budget is judged: how much a machine does depends on its other work.
"""

import os
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.in_cloud import BenchedCloud, at_once, benched_cloud, turns
from tests.benchmarks.report import Line, line_of

STEPS = 10
JOBS = 150
ROUNDS = 3
#: So many clients at once: enough to keep two cores busy, and few enough not to queue before the API.
CLIENTS = 8
HEADLINE = 10_000


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a round: actions, seconds until the last job was accepted and until the last result was read."""

    actions: int
    accepted_seconds: float
    seconds: float
    cpu: Counter[str]

    @property
    def per_minute(self) -> float:
        """Actions a minute."""
        return self.actions / self.seconds * 60


def run_round(cloud: BenchedCloud, jobs: int = JOBS, steps: int = STEPS) -> Round:
    """Submit jobs, read all their results, and say what it took."""
    asked = {"input": {"steps": steps, "milliseconds": 0}}
    before, begun = cloud.cpu_seconds(), time.perf_counter()
    places = turns(cloud.regions, jobs)
    submitted = at_once(lambda region: (region, cloud.submit(region, **asked)), places, CLIENTS)
    accepted = time.perf_counter() - begun
    results = at_once(lambda each: cloud.result(*each), submitted, CLIENTS)
    seconds = time.perf_counter() - begun
    assert all(each["result"] == {"steps": steps, "payload_bytes": 0} for each in results), results
    return Round(jobs * steps, accepted, seconds, cloud.cpu_seconds() - before)


def shares(rounds: Sequence[Round]) -> list[Line]:
    """Where the CPU went, of all rounds together, the largest share first."""
    spent: Counter[str] = Counter()
    for each in rounds:
        spent.update(each.cpu)
    actions = sum(each.actions for each in rounds)
    told = [(kind, seconds) for kind, seconds in spent.most_common() if seconds / spent.total() >= 0.01]
    return [
        Line(f"  of it: {kind}", seconds / actions * 1000, "ms CPU an action", f"{seconds / spent.total():.0%} of all")
        for kind, seconds in told
    ]


def lines() -> list[Line]:
    """Measure and return what to print."""
    cloud = benched_cloud()
    run_round(cloud, jobs=4 * CLIENTS)  # starts the functions' processes
    load = os.getloadavg()[0]
    rounds = [run_round(cloud) for _ in range(ROUNDS)]
    per_minute = [each.per_minute for each in rounds]
    waiting = [1 - each.cpu.total() / each.seconds / (os.cpu_count() or 1) for each in rounds]
    busy = [each.cpu.total() / each.actions * 1000 for each in rounds]
    return [
        line_of(
            f"jobs of {STEPS} steps, both Regions (headline {HEADLINE:,})", per_minute, "actions a minute", digits=0
        ),
        line_of("the same of one step", [one_step(cloud) for _ in range(ROUNDS)], "actions a minute", digits=0),
        line_of("accepted", [each.actions / STEPS / each.accepted_seconds for each in rounds], "jobs a second"),
        line_of("CPU of all processes of the cloud and its client", busy, "ms an action"),
        *shares(rounds),
        line_of("cores' time that went to others or to nobody", waiting, "of all"),
        Line("the machine's load before it began", load, "", f"{os.cpu_count()} cores"),
        Line("and after it", statistics.fmean(os.getloadavg()[:1]), ""),
    ]


def one_step(cloud: BenchedCloud) -> float:
    """Actions a minute where each job has one step: what a job costs however little it does."""
    return run_round(cloud, jobs=JOBS // 3, steps=1).per_minute
