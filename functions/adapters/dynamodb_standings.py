"""How the Regions stand, on DynamoDB: what lies beside a Region's heartbeat, read by one query.

An order is an item of the Region that was told it; a Region's account of itself is its own.
"""

import json
from typing import Any

from functions.adapters.dynamodb_register import HEARTBEAT, PEER, is_fenced, verdict_in
from functions.adapters.dynamodb_table import DynamodbTable, Item, text
from functions.domain.ownership.standing import Order, Phase, Progress, RegionNotes

_ORDER = "STANDING#"
#: The key, within its partition, of what a Region tells of itself.
PROGRESS = "PROGRESS"


class DynamodbStandings:
    """The notes in one replica; on the peer's table it writes the same items as on the own."""

    def __init__(self, table: DynamodbTable) -> None:
        self._table = table

    async def put_order(self, order: Order) -> None:
        """See Standings. Two requests at once may arrive at the peer in the other order, so an older one never wins."""
        item: dict[str, dict[str, Any]] = {
            "pk": text(partition_of(order.subject)),
            "sk": text(_ORDER + order.region),
            "writer": text(order.region),
            "away": {"BOOL": order.away},
            "at": text(order.at),
            "by": text(order.by),
        }
        if order.reason is not None:
            item["reason"] = text(order.reason)
        await self._table.put_newer(item, "at")

    async def put_progress(self, progress: Progress) -> None:
        """See Standings."""
        counts = {name: getattr(progress, name) for name in ("left", "running", "handing", "handed_over")}
        item: dict[str, dict[str, Any]] = {
            "pk": text(partition_of(progress.region)),
            "sk": text(PROGRESS),
            "writer": text(progress.region),
            "phase": text(progress.phase.value),
            "since": text(progress.since),
            "counts": text(json.dumps(counts, separators=(",", ":"))),
            "losses": text(" ".join(progress.losses)),
            "settled": text(progress.settled),
        }
        for name, value in (
            ("answers", progress.answers),
            ("until", progress.until),
            ("waits_for", progress.waits_for),
        ):
            if value is not None:
                item[name] = text(value)
        await self._table.put(item)

    async def read(self, region: str) -> RegionNotes:
        """See Standings."""
        items = await self._table.query("pk = :region", {":region": text(partition_of(region))})
        by_key = {str(item["sk"]["S"]): item for item in items}
        progress, verdict = by_key.get(PROGRESS), by_key.get(PEER)
        return RegionNotes(
            region=region,
            orders=tuple(_order(region, item) for key, item in sorted(by_key.items()) if key.startswith(_ORDER)),
            progress=None if progress is None else _progress(region, progress),
            verdict=None if verdict is None else verdict_in(region, verdict),
            fenced=HEARTBEAT in by_key and is_fenced(by_key[HEARTBEAT]),
        )


def partition_of(region: str) -> str:
    """Return where all lies that is known of a Region's standing."""
    return f"REGION#{region}"


def _maybe(item: Item, name: str) -> str | None:
    return str(item[name]["S"]) if name in item else None


def _order(subject: str, item: Item) -> Order:
    return Order(
        subject=subject,
        region=item["writer"]["S"],
        away=bool(item["away"]["BOOL"]),
        at=item["at"]["S"],
        by=item["by"]["S"],
        reason=_maybe(item, "reason"),
    )


def _progress(region: str, item: Item) -> Progress:
    return Progress(
        region=region,
        phase=Phase(item["phase"]["S"]),
        since=item["since"]["S"],
        answers=_maybe(item, "answers"),
        **json.loads(item["counts"]["S"]),
        losses=tuple(item["losses"]["S"].split()),
        settled=item["settled"]["S"],
        until=_maybe(item, "until"),
        waits_for=_maybe(item, "waits_for"),
    )
