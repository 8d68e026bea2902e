"""The twins of the ports Schedules and Rounds in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.adapters.memory import MemoryTable
from functions.application.schedule_ports import DueSchedule, MarkerConflict
from functions.domain.schedule import Marker, Schedule, ScheduleRecord


@dataclass(slots=True)
class MemorySchedules:
    """Schedules beside a MemoryTable, which says whether they refuse."""

    table: MemoryTable
    settings: dict[tuple[str, str, str], tuple[Schedule, str | None]] = field(default_factory=dict)
    markers: dict[tuple[str, str, str], Marker] = field(default_factory=dict)

    async def put(self, schedule: Schedule, due_at: str | None) -> None:
        """See Schedules."""
        self.table.check()
        key = (schedule.tenant, schedule.name, schedule.region)
        known = self.settings.get(key)
        if known is None or known[0].at < schedule.at:
            self.settings[key] = (schedule, due_at)

    async def settle(self, schedule: Schedule) -> None:
        """See Schedules."""
        self.table.check()
        key = (schedule.tenant, schedule.name, schedule.region)
        known = self.settings.get(key)
        if known is not None and known[0].at == schedule.at:
            self.settings[key] = (known[0], None)

    async def read(self, tenant: str, name: str) -> ScheduleRecord:
        """See Schedules."""
        self.table.check()
        wanted = (tenant, name)
        settings = tuple(each for key, (each, _) in sorted(self.settings.items()) if key[:2] == wanted)
        return ScheduleRecord(settings, tuple(each for key, each in sorted(self.markers.items()) if key[:2] == wanted))

    async def list(self, tenant: str) -> Sequence[ScheduleRecord]:
        """See Schedules."""
        self.table.check()
        return [await self.read(tenant, name) for name in sorted({key[1] for key in self.settings if key[0] == tenant})]

    async def put_marker(self, marker: Marker) -> None:
        """See Schedules."""
        self.table.check()
        key = (marker.tenant, marker.name, marker.region)
        known = self.markers.get(key)
        if (0 if known is None else known.revision) != marker.revision - 1:
            raise MarkerConflict(marker.name)
        self.markers[key] = marker

    async def due(self, region: str, *, upto: str) -> Sequence[DueSchedule]:
        """See Schedules."""
        self.table.check()
        found = [
            DueSchedule(tenant, name, due_at, True)
            for (tenant, name, writer), (_, due_at) in self.settings.items()
            if writer == region and due_at is not None and due_at <= upto
        ]
        found += [
            DueSchedule(tenant, name, marker.due_at, False)
            for (tenant, name, writer), marker in self.markers.items()
            if writer == region and marker.due_at is not None and marker.due_at <= upto
        ]
        return sorted(found, key=lambda each: (each.due_at, each.tenant, each.name))


@dataclass(slots=True)
class MemoryRounds:
    """Rounds beside a MemoryTable."""

    table: MemoryTable
    noted: dict[str, str] = field(default_factory=dict)

    async def note(self, what: str, at: str) -> None:
        """See Rounds."""
        self.table.check()
        self.noted[what] = at

    async def last(self, what: str) -> str | None:
        """See Rounds."""
        self.table.check()
        return self.noted.get(what)
