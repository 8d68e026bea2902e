"""The archive in memory: twins of `s3_archive` and `dynamodb_archive_book`, held to the same contracts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.adapters.memory import MemoryHistory, MemoryTable
from functions.application.archive_ports import Held, HeldItem, ShelfFrozen
from functions.application.ports import PayloadMissing, PayloadUnavailable
from functions.domain.dead_letter import LetterType
from functions.domain.job.history import ArchivePlace, segment_key


@dataclass(slots=True)
class MemoryArchive:
    """One Region's shelf. `refusing` makes every call fail, `frozen` the reads of what lies there."""

    objects: dict[str, bytes] = field(default_factory=dict)
    refusing: bool = False
    frozen: bool = False

    async def put(self, name: str, data: bytes) -> None:
        """See Archive."""
        self._check()
        self.objects[name] = data

    async def get(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """See Archive."""
        self._check()
        if name not in self.objects:
            raise PayloadMissing(f"nothing lies at {name}")
        if self.frozen:
            raise ShelfFrozen(f"{name} is frozen")
        return self.objects[name][offset : None if length is None else offset + length]

    async def size(self, name: str) -> int | None:
        """See Archive."""
        self._check()
        return len(self.objects[name]) if name in self.objects else None

    def _check(self) -> None:
        if self.refusing:
            raise PayloadUnavailable("the shelf refuses")


@dataclass(slots=True)
class MemoryArchiveBook:
    """ArchiveBook on a MemoryTable."""

    table: MemoryTable

    async def hold(self, job_id: str) -> Held:
        """See ArchiveBook."""
        self.table.check()
        items = self._rows(job_id).values()
        return Held(await MemoryHistory(self.table).read_whole(job_id), tuple(sorted(items, key=lambda each: each.key)))

    async def note(self, job_id: str, place: ArchivePlace) -> None:
        """See ArchiveBook."""
        self.table.check()
        self.table.places[job_id, place.region] = place

    async def knows(self, job_id: str, place: ArchivePlace) -> bool:
        """See ArchiveBook."""
        self.table.check()
        return self.table.places.get((job_id, place.region)) == place

    async def strike_out(self, job_id: str, items: Sequence[HeldItem]) -> None:
        """See ArchiveBook."""
        self.table.check()
        gone = {item.key for item in items}
        for (kind, key), item in self._rows(job_id).items():
            if item.key in gone:
                rows: dict[Any, Any] = getattr(self.table, kind)
                rows.pop(key, None)

    def _rows(self, job_id: str) -> dict[tuple[str, Any], HeldItem]:
        """Return the items that a real table would have, by the rows that stand for them here."""
        table = self.table
        rows: dict[tuple[str, Any], HeldItem] = {}
        for key, row in table.segments.items():
            segment = row.segment
            item = HeldItem(
                segment_key(segment.epoch, segment.region, segment.place), segment.region, row.due is not None
            )
            rows["segments", key] = item
        for head in table.heads.values():
            item = HeldItem(f"HEAD#{head.region}", head.region, head.due_at is not None)
            rows["heads", (head.job_id, head.region)] = item
        for arrival in table.arrivals:
            rows["arrivals", arrival] = HeldItem(arrival[1], table.arrivals[arrival].arrival.region, True)
        for snapshot in table.snapshots:
            rows["snapshots", snapshot] = HeldItem(f"SNAP#{snapshot[1]}", snapshot[1], False)
        for ask in table.asks:
            rows["asks", ask] = HeldItem(f"ASK#{ask[1]}#{ask[2]}", ask[1], False)
        of_job = {key: item for key, item in rows.items() if key[1][0] == job_id}
        for dead, letter in table.dead.items():
            if dead[1:3] == (LetterType.JOB, job_id):
                of_job["dead", dead] = HeldItem(f"LETTER#{letter.region}", letter.region, False)
        return of_job
