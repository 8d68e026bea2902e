"""ArchiveBook on DynamoDB: a job item by item, and what takes items out of the table that the archive has."""

import asyncio
from collections.abc import Sequence

from functions.adapters.dynamodb_archive_places import PLACE, is_archive_place, place_from_item, place_item
from functions.adapters.dynamodb_history import record_of
from functions.adapters.dynamodb_table import DynamodbTable, text
from functions.application.archive_ports import Held, HeldItem
from functions.domain.job.history import ArchivePlace, job_key


class DynamodbArchiveBook:
    """One replica's book."""

    def __init__(self, table: DynamodbTable) -> None:
        self._table = table

    async def hold(self, job_id: str) -> Held:
        """See ArchiveBook."""
        items = await self._table.query("pk = :job", {":job": text(job_key(job_id))})
        held = [
            HeldItem(item["sk"]["S"], item["writer"]["S"], "due_pk" in item)
            for item in items
            if not is_archive_place(item)
        ]
        return Held(record_of(job_id, items), tuple(held))

    async def note(self, job_id: str, place: ArchivePlace) -> None:
        """See ArchiveBook."""
        await self._table.put(place_item(job_id, place))

    async def knows(self, job_id: str, place: ArchivePlace) -> bool:
        """See ArchiveBook."""
        item = await self._table.get(job_key(job_id), PLACE + place.region, consistent=False)
        return item is not None and place_from_item(item) == place

    async def strike_out(self, job_id: str, items: Sequence[HeldItem]) -> None:
        """See ArchiveBook."""
        for leading in (False, True):
            keys = (item.key for item in items if item.leads is leading)
            await asyncio.gather(*(self._table.delete(job_key(job_id), key) for key in keys))
