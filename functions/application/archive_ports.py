"""What keeping old histories in S3 needs of the world: a shelf in each Region, and a book of what lies there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from functions.application.ports import PayloadUnavailable, StateUnavailable
from functions.domain.job.history import ArchivePlace, JobRecord


class HistoryFrozen(StateUnavailable):
    """The history lies where S3 hands nothing out before somebody has asked for it and waited for hours."""


class ShelfFrozen(PayloadUnavailable):
    """The object is in a storage class that hands nothing out at once."""


class Archive(Protocol):
    """One Region's shelf. Every method raises PayloadUnavailable."""

    async def put(self, name: str, data: bytes) -> None:
        """Keep these bytes under a name that follows from them; keeping them again is no error."""

    async def get(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """Return what lies there, from `offset` on. Raises PayloadMissing, ShelfFrozen."""

    async def size(self, name: str) -> int | None:
        """Return how many bytes lie there; None when nothing does."""


@dataclass(frozen=True, slots=True)
class HeldItem:
    """An item of a job in the table. `leads` is set where the due index leads to the job by it."""

    key: str
    writer: str
    leads: bool


@dataclass(frozen=True, slots=True)
class Held:
    """What a replica holds of a job: as it is read, and item by item, but for what says where the archive has it."""

    record: JobRecord
    items: tuple[HeldItem, ...]


class ArchiveBook(Protocol):
    """What one replica holds of jobs, and where the archive has them. Every method raises StateUnavailable."""

    async def hold(self, job_id: str) -> Held:
        """Return all that this replica holds of a job itself. Raises UnreadableEvent."""

    async def note(self, job_id: str, place: ArchivePlace) -> None:
        """Write down where the archive has a job, in place of what the same Region noted before."""

    async def knows(self, job_id: str, place: ArchivePlace) -> bool:
        """Say whether this is noted here."""

    async def strike_out(self, job_id: str, items: Sequence[HeldItem]) -> None:
        """Delete these items, those last that lead to the job; what is gone already is no error."""
