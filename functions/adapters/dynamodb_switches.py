"""Switches on DynamoDB: an item for each tenant, scope and Region, written by that Region alone."""

from collections.abc import Sequence
from typing import Any

from functions.adapters.dynamodb_table import DynamodbTable, Item, text
from functions.domain.switches import Switch


class DynamodbSwitches:
    """The switches in one replica; on the peer's table it writes the same items as on the own."""

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
        items = await self._table.query("pk = :tenant", {":tenant": text(_partition(tenant))})
        return [_switch(tenant, item) for item in items]


def _partition(tenant: str) -> str:
    return f"SWITCH#{tenant}"


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
