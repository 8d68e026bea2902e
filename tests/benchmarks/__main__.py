"""`make bench`: runs every benchmark, prints what it found, and fails when a budget is broken.

`python -m tests.benchmarks cost cold` runs those alone. One that takes a Region away runs by its name only.
"""

import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from tests.benchmarks import (
    cold_start,
    cpu_per_action,
    job_cost,
    latency,
    many_workers,
    priority,
    redrive,
    region_loss,
    replay,
    throughput,
)
from tests.benchmarks.in_cloud import take_down
from tests.benchmarks.report import Line, over, show

#: Each by its short name: its title, what measures it, and what must be known to read it.
BENCHMARKS: dict[str, tuple[str, Callable[[], list[Line]], str]] = {
    "cost": (
        "What a job asks of AWS, and the list price of a million",
        job_cost.lines,
        "Orchestration alone, us-east-1; durations are stated in docs/cost.md, units are counted.",
    ),
    "cold": ("A worker's cold start", cold_start.lines, "CPU of fresh processes, each round in turn."),
    "cpu": (
        "CPU of the runtime beside the bare boto3 calls that it makes",
        cpu_per_action.lines,
        "Batches of ten jobs; over HTTP on the loopback unless it says otherwise.",
    ),
    "replay": (
        "A fresh worker goes on with a long job",
        replay.lines,
        "Every step in a segment of its own; the snapshot covers all but the last hundred segments.",
    ),
    "workers": ("Ten thousand steps from worker to worker", many_workers.lines, "Virtual time, real CPU."),
    "throughput": (
        "Agent actions through the local cloud, from the API to the result",
        throughput.lines,
        "An action is a recorded step. Emulators, functions and clients share the cores.",
    ),
    "latency": (
        "How long a submit takes, beside the emulator's bare Lambda call",
        latency.lines,
        "One client, both by turns, connections kept.",
    ),
    "redrive": (
        "Dead letters redriven in bulk",
        redrive.lines,
        "By the shipped agent `redrive`: several workers share a redrive of more than 125 a second.",
    ),
    "priority": (
        "Critical jobs while batch jobs are queued",
        priority.lines,
        "Waits are told by the jobs' own histories. One machine does the work of all lanes here, on AWS it does not.",
    ),
}
#: Too long for each time: four and five minutes, with a Region that has to come back.
BY_NAME: dict[str, tuple[str, Callable[[], list[Line]], str]] = {
    "region-loss": (
        f"kill -9 of one Region under {region_loss.A_MINUTE} jobs a minute, and its return",
        region_loss.lines,
        "Deployed timings. Times count from the kill, on the clock that stamps the histories.",
    ),
    "many-in-flight": (
        f"kill -9 of one Region with {region_loss.IN_FLIGHT} jobs in flight, and its return",
        region_loss.lines_of_many,
        region_loss.mixture(region_loss.many("")),
    ),
}


def main(names: Sequence[str]) -> int:
    """Run the benchmarks of these names, or all, and return the exit code."""
    console = Console(width=max(Console().width, 150))
    broken: list[str] = []
    try:
        for name in names or list(BENCHMARKS):
            title, measure, note = {**BENCHMARKS, **BY_NAME}[name]
            lines = measure()
            show(console, title, lines, note)
            broken += over(lines)
    finally:
        take_down()
    for each in broken:
        console.print(f"over budget: {each}", style="bold red")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
