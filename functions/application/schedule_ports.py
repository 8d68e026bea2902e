"""What schedules need of the world: one replica's settings and markers, and the index of when to look at which."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from functions.domain.schedule import Marker, Schedule, ScheduleRecord


class MarkerConflict(Exception):
    """Another process of this Region has seen to the schedule meanwhile: leave it alone, and read it again."""


@dataclass(frozen=True, slots=True)
class DueSchedule:
    """One entry of the index: look at this schedule at `due_at`. `of_settings`: new settings asked for it."""

    tenant: str
    name: str
    due_at: str
    of_settings: bool


class Schedules(Protocol):
    """One replica's schedules. Every method raises StateUnavailable."""

    async def put(self, schedule: Schedule, due_at: str | None) -> None:
        """Write a Region's settings, unless what lies there was written later. `due_at`: when to look at it first."""

    async def settle(self, schedule: Schedule) -> None:
        """Take these settings, if they are still there, off the index: a marker stands for them."""

    async def read(self, tenant: str, name: str) -> ScheduleRecord:
        """Return what this replica holds of a schedule; an empty record where there is none."""

    async def list(self, tenant: str) -> Sequence[ScheduleRecord]:
        """Return all of a tenant's schedules, the deleted ones too, in the order of their names."""

    async def put_marker(self, marker: Marker) -> None:
        """Write a Region's marker over the one with the revision before. Raises MarkerConflict for any other."""

    async def due(self, region: str, *, upto: str) -> Sequence[DueSchedule]:
        """Return what `region` has to look at up to the moment `upto`, earliest first."""


class Rounds(Protocol):
    """When the loops of this Region last worked, so that one can stand in for another that has died."""

    async def note(self, what: str, at: str) -> None:
        """Write that this loop works. Raises StateUnavailable."""

    async def last(self, what: str) -> str | None:
        """Return when it last did; None when it never has. Raises StateUnavailable."""
