"""What can be done to a system in a drill, as plain values: the same words for every target.

How a fault is ordered, undone and measured is the target's business (`local_faults.py`). `FIRST` is the Region that the
failover name leads to while all is well, `SECOND` its peer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Where(StrEnum):
    """A Region of a story."""

    FIRST = "first"
    SECOND = "second"

    @property
    def other(self) -> Where:
        """Its peer."""
        return Where.SECOND if self is Where.FIRST else Where.FIRST


FIRST, SECOND = Where.FIRST, Where.SECOND
Names = Mapping[Where, str]


@dataclass(frozen=True, slots=True)
class RegionKilled:
    """All of a Region is gone at once, with all its state; it comes back empty. `again`: lost once more meanwhile."""

    where: Where = FIRST
    again: bool = False

    def told(self, names: Names) -> str:
        """Say it in a sentence."""
        return f"{names[self.where]} is killed" + (", and once more while it comes back" if self.again else "")


@dataclass(frozen=True, slots=True)
class RegionFrozen:
    """A Region stops as it is, and later goes on with its old state."""

    where: Where = FIRST

    def told(self, names: Names) -> str:
        """Say it in a sentence."""
        return f"{names[self.where]} is frozen"


@dataclass(frozen=True, slots=True)
class RegionsParted:
    """Nothing passes between the Regions: no call, no replication; in one direction alone, if `out_of` says which."""

    out_of: Where | None = None

    def told(self, names: Names) -> str:
        """Say it in a sentence."""
        if self.out_of is None:
            return "the Regions are cut off from each other, but not from clients"
        return f"nothing gets from {names[self.out_of]} to {names[self.out_of.other]}"


@dataclass(frozen=True, slots=True)
class ClientsCutOff:
    """No client and no health check reaches a Region; it reaches its peer, and its peer it."""

    where: Where = FIRST

    def told(self, names: Names) -> str:
        """Say it in a sentence."""
        return f"no client reaches {names[self.where]}"


@dataclass(frozen=True, slots=True)
class LanesClosed:
    """Nobody can use a Region's lanes, nor see how deep they are. On AWS alone: a policy denies it."""

    where: Where = FIRST

    def told(self, names: Names) -> str:
        """Say it in a sentence."""
        return f"nobody can use the lanes of {names[self.where]}"


@dataclass(frozen=True, slots=True)
class InvocationsSpoilt:
    """Invocations of a Region's workers fail before they begin, or begin late. On AWS alone: FIS does it.

    How many, and how late, the experiment's template says (`stacks/constructs/drill_experiments.py`).
    """

    how: Literal["failing", "late"] = "failing"
    where: Where = FIRST

    def told(self, names: Names) -> str:
        """Say it in a sentence."""
        what = "fail before they begin" if self.how == "failing" else "begin late"
        return f"invocations of the workers of {names[self.where]} {what}"


@dataclass(frozen=True, slots=True)
class ControlTableCutOff:
    """A Region does not reach the control table, in which the leases lie; neither does, if `where` is None."""

    where: Where | None = FIRST

    def told(self, names: Names) -> str:
        """Say it in a sentence."""
        return (
            f"{'neither Region can' if self.where is None else f'{names[self.where]} cannot'} reach the control table"
        )

    def cut(self, names: Names) -> list[str]:
        """The Regions that cannot."""
        return list(names.values()) if self.where is None else [names[self.where]]


@dataclass(frozen=True, slots=True)
class ReplicationPaused:
    """Nothing is replicated in either direction; calls pass."""

    def told(self, _: Names) -> str:
        """Say it in a sentence."""
        return "replication is paused"


@dataclass(frozen=True, slots=True)
class ReplicationShaped:
    """Changes take long to arrive; in any order of items, and some of them twice, if so asked."""

    median_seconds: float = 4.0
    p99_seconds: float = 15.0
    doubled_share: float = 0.0

    def told(self, _: Names) -> str:
        """Say it in a sentence."""
        twice = f" and delivers {self.doubled_share:.0%} twice" if self.doubled_share else ""
        return f"replication takes {self.median_seconds:g} s at the median, out of order{twice}"


@dataclass(frozen=True, slots=True)
class WorkersKilled:
    """Every worker of a Region is killed, whatever it is at; again and again while the fault lasts."""

    where: Where = FIRST
    every_seconds: float = 8.0
    times: int = 2

    def told(self, names: Names) -> str:
        """Say it in a sentence."""
        return f"all workers of {names[self.where]} are killed in mid-step, {self.times} times"


@dataclass(frozen=True, slots=True)
class MessagesSpoilt:
    """Shares of the lanes' messages in both Regions are lost, doubled, or kept back until the fault ends."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0

    def told(self, _: Names) -> str:
        """Say it in a sentence."""
        shares = (("lost", self.lost), ("doubled", self.doubled), ("kept back for long", self.late))
        said = [f"{share:.0%} of the lanes' messages are {word}" for word, share in shares if share]
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class TableThrottled:
    """A share of all calls of a Region's functions to its table is refused as throttled."""

    where: Where = FIRST
    share: float = 0.3

    def told(self, names: Names) -> str:
        """Say it in a sentence."""
        return f"the table of {names[self.where]} refuses {self.share:.0%} of all calls"


@dataclass(frozen=True, slots=True)
class ModelSpoilt:
    """The model is slow, or a share of its answers is a failure or a lie."""

    how: Literal["slow", "failing", "throttling", "lying"] = "failing"
    share: float = 0.4
    seconds: float = 6.0

    def told(self, _: Names) -> str:
        """Say it in a sentence."""
        if self.how == "slow":
            return f"the model takes {self.seconds:g} s for each answer"
        return f"the model is {self.how} in {self.share:.0%} of its answers"


@dataclass(frozen=True, slots=True)
class ToolSpoilt:
    """A tool that agents call is slow, or a share of its calls fails, or it says something else each time it is asked.

    The tool is that of the agent `probe`, in both Regions.
    """

    how: Literal["slow", "failing", "lying"] = "failing"
    share: float = 0.3
    seconds: float = 3.0

    def told(self, _: Names) -> str:
        """Say it in a sentence."""
        match self.how:
            case "slow":
                return f"a tool takes {self.seconds:g} s longer for each answer"
            case "failing":
                return f"a tool fails in {self.share:.0%} of all calls"
            case "lying":
                return "a tool says something else each time it is asked"


@dataclass(frozen=True, slots=True)
class AnswersLost:
    """A share of what a Region answers to clients' submits and changes is lost; it was carried out all the same."""

    where: Where = FIRST
    share: float = 0.5

    def told(self, names: Names) -> str:
        """Say it in a sentence."""
        return f"{self.share:.0%} of the answers of {names[self.where]} to submits are lost on their way"


@dataclass(frozen=True, slots=True)
class ClockSkewed:
    """The clock of a Region's functions is ahead of the other's, or behind, if negative."""

    where: Where = SECOND
    seconds: float = 25.0

    def told(self, names: Names) -> str:
        """Say it in a sentence."""
        return f"the clock of {names[self.where]} is {self.seconds:+g} s off"


@dataclass(frozen=True, slots=True)
class Released:
    """A new version of the functions goes out in a Region, as by a deploy, the code being the same."""

    where: Where = SECOND
    functions: tuple[str, ...] = ("advance-jobs", "sweep-jobs", "submit-job")
    version_note: str = field(default="drill", compare=False)

    def told(self, names: Names) -> str:
        """Say it in a sentence."""
        return f"{names[self.where]} is deployed meanwhile"


Fault = (
    RegionKilled
    | RegionFrozen
    | RegionsParted
    | ClientsCutOff
    | LanesClosed
    | InvocationsSpoilt
    | ControlTableCutOff
    | ReplicationPaused
    | ReplicationShaped
    | WorkersKilled
    | MessagesSpoilt
    | TableThrottled
    | ModelSpoilt
    | ToolSpoilt
    | AnswersLost
    | ClockSkewed
    | Released
)


def takes_away(fault: Fault) -> Where | None:
    """The Region that does not answer anybody while the fault lasts."""
    return fault.where if isinstance(fault, RegionKilled | RegionFrozen) else None
