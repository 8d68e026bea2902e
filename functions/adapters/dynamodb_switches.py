"""Switches and limits on DynamoDB: an item for each tenant, scope and Region, written by that Region alone.

They share a partition, so that a worker learns of both by one query.
"""

from collections.abc import Sequence
from typing import Any

from functions.adapters.dynamodb_table import DynamodbTable, Item, number, text
from functions.domain.limits import Limit
from functions.domain.switches import Switch

#: What the sort keys of limits begin with.
_LIMIT = "limit/"


class DynamodbSwitches:
    """The switches and limits in one replica; on the peer's table it writes the same items as on the own."""

    def __init__(self, table: DynamodbTable) -> None:
        self._table = table

    async def put(self, switch: Switch) -> None:
        """See Switches. Two requests at once may arrive at the peer in the other order, so an older one never wins."""
        item: dict[str, dict[str, Any]] = {
            "pk": text(_partition(switch.tenant)),
            "sk": text(f"{switch.scope}#{switch.region}"),
            "writer": text(switch.region),
            "paused": {"BOOL": switch.paused},
            "at": text(switch.at),
            "by": text(switch.by),
        }
        if switch.reason is not None:
            item["reason"] = text(switch.reason)
        await self._table.put_newer(item, "at")

    async def read(self, tenant: str) -> Sequence[Switch]:
        """See Switches."""
        return (await self.read_rules(tenant))[0]

    async def read_rules(self, tenant: str) -> tuple[Sequence[Switch], Sequence[Limit]]:
        """See Switches."""
        items = await self._table.query("pk = :tenant", {":tenant": text(_partition(tenant))})
        limits = [_limit(tenant, item) for item in items if item["sk"]["S"].startswith(_LIMIT)]
        return [_switch(tenant, item) for item in items if not item["sk"]["S"].startswith(_LIMIT)], limits

    async def put_limit(self, limit: Limit) -> None:
        """See Limits."""
        item: dict[str, dict[str, Any]] = {
            "pk": text(_partition(limit.tenant)),
            "sk": text(f"{_LIMIT}{limit.scope}#{limit.region}"),
            "writer": text(limit.region),
            "at": text(limit.at),
            "by": text(limit.by),
        }
        if limit.concurrency is not None:
            item["concurrency"] = number(limit.concurrency)
        if limit.starts_per_minute is not None:
            item["starts_per_minute"] = {"N": repr(limit.starts_per_minute)}
        await self._table.put_newer(item, "at")

    async def read_limits(self, tenant: str) -> Sequence[Limit]:
        """See Limits."""
        return (await self.read_rules(tenant))[1]


def _partition(tenant: str) -> str:
    return f"SWITCH#{tenant}"


def _limit(tenant: str, item: Item) -> Limit:
    scope, _, region = item["sk"]["S"].removeprefix(_LIMIT).rpartition("#")
    concurrency, starts = item.get("concurrency"), item.get("starts_per_minute")
    return Limit(
        tenant=tenant,
        scope=scope,
        region=region,
        concurrency=None if concurrency is None else int(concurrency["N"]),
        starts_per_minute=None if starts is None else float(starts["N"]),
        at=item["at"]["S"],
        by=item["by"]["S"],
    )


def _switch(tenant: str, item: Item) -> Switch:
    scope, _, region = item["sk"]["S"].rpartition("#")
    reason = item.get("reason")
    return Switch(
        tenant=tenant,
        scope=scope,
        region=region,
        paused=bool(item["paused"]["BOOL"]),
        at=item["at"]["S"],
        by=item["by"]["S"],
        reason=None if reason is None else reason["S"],
    )
