"""A tool that has gone bad, on the local cloud: a release in which that of the agent `probe` misbehaves.

The tools of the agents that ship call nothing outside, so there is no service of theirs to be spoilt. What they did is
read from the jobs' histories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from functions.domain.job.events import StepAttemptFailed, StepFailed, StepSucceeded
from functions.domain.job.state import JobState, Recorded
from functions.domain.moments import seconds_between, to_moment
from localstack.admin import admin_client
from localstack.drills.faults import ToolSpoilt
from localstack.drills.local_release import Release, bundle_with
from localstack.drills.rules import Changes
from localstack.evidence.replicas import ReplicaReader, fold_all
from localstack.first_use import TABLE
from localstack.layout import Place

FILE = "functions/agents/probe.py"
TOOL = "probe_step"
ANSWERS = '    return "x" * payload_bytes'
#: By this the failures of a tool are told from all others.
DETAIL = "this tool fails by order of a drill"
FUNCTIONS = ("advance-jobs",)


def changes(fault: ToolSpoilt) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The piece of source that stands for the tool's answer, and what takes its place."""
    return {FILE: [(ANSWERS, _instead(fault))]}


def _instead(fault: ToolSpoilt) -> str:
    match fault.how:
        case "slow":
            return f"    await asyncio.sleep({fault.seconds:g})\n{ANSWERS}"
        case "failing":
            chance = f'    if __import__("random").random() < {fault.share:g}:\n'
            return f'{chance}        raise ConnectionError("{DETAIL}")\n{ANSWERS}'
        case "lying":
            return '    return "x" * __import__("random").randrange(1, 1000)'


@dataclass(slots=True)
class SpoiltTool:
    """One release of it in both Regions."""

    regions: Sequence[Place]
    fault: ToolSpoilt
    also: Changes = field(default_factory=dict)
    """What is replaced in the functions' source besides."""
    releases: list[Release] = field(default_factory=list)
    begun: str = ""

    def publish(self) -> None:
        """Put the bad tool behind `live`."""
        code = bundle_with({**self.also, **changes(self.fault)})
        self.begun = to_moment(datetime.now(UTC))
        for place in self.regions:
            self.releases.append(Release(place, FUNCTIONS, code))
            self.releases[-1].publish()

    def withdraw(self) -> None:
        """Take it back."""
        for release in self.releases:
            release.withdraw()

    def is_withdrawn(self) -> bool:
        """Whether it is taken back in both Regions."""
        return all(release.is_withdrawn() for release in self.releases)

    def effect(self) -> tuple[str, bool]:
        """How often it misbehaved, by the histories that count."""
        count = sum(misbehaved(state, self.fault, self.begun) for state in self._states().values())
        said = {
            "slow": f"{count} steps took {self.fault.seconds:g} s or longer",
            "failing": f"{count} tries of steps failed",
            "lying": f"{count} steps have a result that nobody asked for",
        }
        return said[self.fault.how], count > 0

    def _states(self) -> dict[str, JobState]:
        """Of each job the state by the replica that knows most of it."""
        newest: dict[str, JobState] = {}
        for place in self.regions:
            reader = ReplicaReader(admin_client("dynamodb", place.name, place.url, read_seconds=10.0), TABLE)
            for job, state in fold_all(reader.segments().values()).items():
                known = newest.get(job)
                if known is None or (state.epoch, state.last_sequence) > (known.epoch, known.last_sequence):
                    newest[job] = state
        return newest


def misbehaved(state: JobState, fault: ToolSpoilt, since: str) -> int:
    """How often the tool did so in a job from that moment on."""
    history = [item for item in state.history if item.event.at >= since]
    counts: dict[str, Callable[[Sequence[Recorded]], int]] = {
        "slow": lambda items: sum(seconds >= fault.seconds for seconds in _between_steps(items)),
        "failing": lambda items: sum(
            isinstance(item.event, StepAttemptFailed | StepFailed) and DETAIL in item.event.detail for item in items
        ),
        "lying": lambda items: sum(
            isinstance(item.event, StepSucceeded) and item.event.step.startswith(TOOL) and bool(item.event.result)
            for item in items
        ),
    }
    return counts[fault.how](history)


def _between_steps(items: Sequence[Recorded]) -> Iterator[float]:
    """The seconds from each step's end to the next one's."""
    ends = [item.event.at for item in items if isinstance(item.event, StepSucceeded)]
    yield from (seconds_between(one, other) for one, other in pairwise(ends))
