"""What can be seen of both Regions at one moment: a plain value between watching and drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Condition = Literal["starting", "up", "lost", "returning"]
CellState = Literal["unsent", "queued", "running", "stranded", "done", "failed"]


@dataclass(frozen=True, slots=True)
class LaneDepth:
    """Messages of one lane: waiting for a worker, and with one."""

    waiting: int
    in_flight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPicture:
    """One Region. What it cannot say while it does not answer is None or empty."""

    name: str
    condition: Condition
    heartbeat_age: float | None = None
    lanes: Mapping[str, LaneDepth]
    queued: int = 0
    running: int = 0
    done: int = 0
    adopted: int = 0
    items: int | None = None
    """Items in its replica of the table."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One job of the story, whoever has it now."""

    state: CellState
    region: str | None = None
    adopted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPicture:
    """One release audit: a job that calls jobs and asks people."""

    name: str
    cell: Cell
    """The audit itself."""
    status: str
    reviews: tuple[Cell, ...]
    asked: int
    """Questions without an answer yet."""
    decided: int
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the story and when it was said, in seconds from its start."""

    at: float
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Both Regions, every job, and the story so far."""

    at: float
    act: str
    failover_name: str
    answering: str | None
    """The Region to which the failover name leads now; None while it leads nowhere."""
    regions: tuple[RegionPicture, RegionPicture]
    cells: tuple[Cell, ...]
    audits: tuple[AuditPicture, ...]
    told: tuple[Told, ...]

    def count(self, *states: CellState) -> int:
        """How many jobs are in one of these states."""
        return sum(cell.state in states for cell in self.cells)

    @property
    def acknowledged(self) -> int:
        """Jobs that a Region has accepted."""
        return len(self.cells) - self.count("unsent")
