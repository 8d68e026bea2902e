"""`python -m tests.replay.record`: record the scenarios that have no history yet. What is recorded is never changed."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from functions.domain.job.history import Segment
from functions.sdk.testing.run_agent import Scene
from tests.replay.kept import DIGESTS, HISTORIES, digest_of_file, digests, to_text
from tests.replay.scenarios import SCENARIOS, Scenario, agent_named


class AlreadyRecorded(Exception):
    """A history is kept for ever: give the scenario another name."""


class UnknownScenario(Exception):
    """No scenario has that name."""


def recorded(scenario: Scenario) -> dict[str, Sequence[Segment]]:
    """Run a scenario and return the segments of each of its jobs."""
    if scenario.told is not None:
        return dict(scenario.told(agent_named(scenario.agent)))
    scene = Scene(agent_named(scenario.agent), scenario.input, scenario.surroundings())
    run, cloud = scene.play()
    jobs: dict[str, list[Segment]] = {job: [] for job in cloud.jobs}
    for _, row in sorted(cloud.region.table.segments.items()):
        jobs[row.segment.job_id].append(row.segment)
    if scenario.rewritten is not None:
        jobs[run.job_id] = scenario.rewritten(jobs[run.job_id])
    return {job: tuple(segments) for job, segments in jobs.items()}


def record(folder: Path, scenarios: Mapping[str, Scenario], names: Sequence[str]) -> list[str]:
    """Record the named scenarios, or all that have no history yet, and return their names.

    Raises AlreadyRecorded for a name that has one, UnknownScenario for one that is none; then nothing is written.
    """
    unknown = sorted(set(names) - scenarios.keys())
    if unknown:
        raise UnknownScenario(f"{', '.join(unknown)}: there are {', '.join(scenarios)}")
    there = {path.stem for path in folder.glob("*.json")} | {Path(name).stem for name in digests(folder)}
    taken = sorted(there & set(names))
    if taken:
        raise AlreadyRecorded(f"{', '.join(taken)}: recorded before, and kept for ever; give the scenario another name")
    chosen = list(names) or [name for name in scenarios if name not in there]
    texts = {name: to_text(recorded(scenarios[name])) for name in chosen}
    for name, text in texts.items():
        path = folder / f"{name}.json"
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        with (folder / DIGESTS).open("a", encoding="utf-8") as file:
            file.write(f"{digest_of_file(path)}  {path.name}\n")
    return chosen


def main(arguments: Sequence[str]) -> int:
    """Record, and say what."""
    parser = argparse.ArgumentParser(prog="python -m tests.replay.record", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"scenarios, by default all new ones: {', '.join(SCENARIOS)}")
    try:
        done = record(HISTORIES, SCENARIOS, parser.parse_args(arguments).names)
    except (AlreadyRecorded, UnknownScenario) as error:
        print(f"record: {error}", file=sys.stderr)
        return 1
    print("\n".join(f"recorded {name}" for name in done) or "nothing new to record")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
