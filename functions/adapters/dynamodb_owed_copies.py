"""The payloads of which a Region owes its peer a copy, on DynamoDB: an item each, in the partition of that Region.

Written only when the peer did not answer while a payload was kept, so that a Region which is well has none.
"""

from collections.abc import Sequence

from functions.adapters.dynamodb_table import DynamodbTable, text
from functions.application.ports import PayloadKey

#: Sorts before any key: a tenant's name is not empty.
_FIRST = " "


class DynamodbOwedCopies:
    """The port OwedCopies: `region` alone writes and reads its items."""

    def __init__(self, table: DynamodbTable, region: str) -> None:
        self._table = table
        self._region = region

    async def owe(self, key: PayloadKey, at: str) -> None:
        """See OwedCopies."""
        item = {"pk": text(self._partition), "sk": text(_sort_key(key)), "writer": text(self._region), "at": text(at)}
        await self._table.put(item)

    async def owed(self, *, after: PayloadKey | None, limit: int) -> Sequence[PayloadKey]:
        """See OwedCopies."""
        start = _FIRST if after is None else _sort_key(after)
        values = {":region": text(self._partition), ":after": text(start)}
        items = await self._table.query("pk = :region AND sk > :after", values, limit=limit)
        return [_key(item["sk"]["S"]) for item in items]

    async def settle(self, key: PayloadKey) -> None:
        """See OwedCopies."""
        await self._table.delete(self._partition, _sort_key(key))

    @property
    def _partition(self) -> str:
        return f"COPY#{self._region}"


def _sort_key(key: PayloadKey) -> str:
    return f"{key.tenant}#{key.sha256}"


def _key(sort_key: str) -> PayloadKey:
    tenant, _, sha256 = sort_key.rpartition("#")
    return PayloadKey(tenant, sha256)
