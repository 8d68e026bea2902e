"""A replica of the histories, and behind it the archive: who reads an old job reads it as if it had never left.

The table says by one item that the archive has a job, and what it still holds may be any part of it: nothing, when all
has been struck out, or what came later. Both together are the job. A job that was never archived costs nothing here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.application.archive_ports import Archive, HistoryFrozen, ShelfFrozen
from functions.application.ports import Due, HistoryStore, PayloadMissing, PayloadUnavailable, StateUnavailable
from functions.domain.job.archived import merged, unpacked
from functions.domain.job.arrivals import Arrival
from functions.domain.job.history import ArchivePlace, JobRecord, Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallHistory:
    """A HistoryStore over another one. `own` is asked first; `peer`, whose shelf holds the same, if that fails."""

    table: HistoryStore
    own: Archive
    peer: Archive

    async def append(self, segment: Segment, *, due: Due | None = None) -> None:
        """See HistoryStore."""
        await self.table.append(segment, due=due)

    async def read(self, job_id: str) -> JobRecord:
        """See HistoryStore. Raises HistoryFrozen."""
        record = await self.table.read(job_id)
        return record if record.archived is None else await self._with_archived(job_id, record, record.archived)

    async def read_whole(self, job_id: str) -> JobRecord:
        """See HistoryStore. Raises HistoryFrozen."""
        record = await self.table.read_whole(job_id)
        return record if record.archived is None else await self._with_archived(job_id, record, record.archived)

    async def receive(self, arrival: Arrival, *, owner: str, lane: str) -> Arrival:
        """See HistoryStore."""
        return await self.table.receive(arrival, owner=owner, lane=lane)

    async def arrivals(self, job_id: str) -> Sequence[Arrival]:
        """See HistoryStore. Only those that the table holds: who runs a job has read the others."""
        return await self.table.arrivals(job_id)

    async def read_opening(self, job_id: str, region: str) -> Segment | None:
        """See HistoryStore. Only in the table: who asks wants to know of a submission of this moment."""
        return await self.table.read_opening(job_id, region)

    async def _with_archived(self, job_id: str, held: JobRecord, place: ArchivePlace) -> JobRecord:
        return merged(unpacked(job_id, await self._fetch(job_id, place)), held)

    async def _fetch(self, job_id: str, place: ArchivePlace) -> bytes:
        refused: list[str] = []
        for archive in (self.own, self.peer):
            try:
                return await archive.get(place.name, place.offset, place.length)
            except ShelfFrozen as error:
                raise HistoryFrozen(f"the history of {job_id} is frozen in {place.name}") from error
            except (PayloadMissing, PayloadUnavailable) as error:
                refused.append(str(error))
        raise StateUnavailable(f"the archive does not give {job_id} back: {'; '.join(refused)}")
