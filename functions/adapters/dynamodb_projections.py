"""Projections on DynamoDB: heads, the two sparse indexes, and the sweeper's cursors."""

from collections.abc import Sequence

from functions.adapters.dynamodb_snapshots import snapshot_items
from functions.adapters.dynamodb_table import DynamodbTable, Item, number, text
from functions.domain.ids import shard_of
from functions.domain.job.history import Ask, DueEntry, Head, epoch_keys, job_key
from functions.domain.job.snapshot import Snapshot
from functions.domain.lanes import DUE_SHARDS

DUE_INDEX = "due"
LISTING_INDEX = "listing"
_HEAD = "HEAD#"
_ASK = "ASK#"
ARRIVAL = "IN#"
#: Sorts after any job id, so that a moment with it ends the range of the entries due by then.
_AFTER_ANY_JOB = "#~"
#: Sorts before the "#" of a position, so that with it a range begins behind a position, or at a moment's first entry.
_JUST_AFTER = " "


class DynamodbProjections:
    """The projections in one replica."""

    def __init__(self, table: DynamodbTable) -> None:
        self._table = table

    async def put_head(self, head: Head) -> None:
        """See Projections."""
        await self._table.put(_head_item(head))

    async def put_snapshot(self, snapshot: Snapshot) -> None:
        """See Projections."""
        for item in snapshot_items(snapshot):
            await self._table.put(item)

    async def put_ask(self, ask: Ask) -> None:
        """See Projections."""
        item = {
            "pk": text(job_key(ask.job_id)),
            "sk": text(f"{_ASK}{ask.region}#{ask.step}"),
            "writer": text(ask.region),
        }
        if ask.open:
            item |= {"list_pk": text(_asked(ask.tenant, ask.group)), "list_sk": text(ask.position)}
        await self._table.put(item)

    async def list_asks(self, tenant: str, group: str, *, before: str | None, limit: int) -> Sequence[Ask]:
        """See Projections."""
        items = await self._list(_asked(tenant, group), before, limit)
        return [_ask(item, tenant, group) for item in items]

    async def _list(self, partition: str, before: str | None, limit: int) -> Sequence[Item]:
        condition, values = "list_pk = :partition", {":partition": text(partition)}
        if before is not None:
            condition, values[":before"] = condition + " AND list_sk < :before", text(before)
        return await self._table.query(condition, values, index=LISTING_INDEX, newest_first=True, limit=limit)

    async def due(self, region: str, lane: str, shard: int, *, after: str, upto: str, limit: int) -> Sequence[DueEntry]:
        """See Projections."""
        first, last = after + _JUST_AFTER, upto + _AFTER_ANY_JOB
        if first > last:
            return []
        values = {":partition": text(f"{region}#{lane}#{shard}"), ":first": text(first), ":last": text(last)}
        condition = "due_pk = :partition AND due_sk BETWEEN :first AND :last"
        items = await self._table.query(condition, values, index=DUE_INDEX, limit=limit)
        return [_due_entry(item) for item in items]

    async def list_jobs(self, tenant: str, *, before: str | None, limit: int) -> Sequence[tuple[str, str]]:
        """See Projections."""
        items = await self._list(tenant, before, limit)
        return [_split(item["list_sk"]["S"]) for item in items]

    async def read_cursor(self, region: str, lane: str, shard: int) -> str:
        """See Projections."""
        item = await self._table.get(f"SWEEP#{region}", f"{lane}#{shard}", consistent=True)
        return "" if item is None else str(item["upto"]["S"])

    async def put_cursor(self, region: str, lane: str, shard: int, upto: str) -> None:
        """See Projections."""
        key = {"pk": text(f"SWEEP#{region}"), "sk": text(f"{lane}#{shard}")}
        await self._table.put({**key, "writer": text(region), "upto": text(upto)})


def _asked(tenant: str, group: str) -> str:
    """Return the partition of what a group is asked. A tenant's own listing lies under its name, which has no "#"."""
    return f"{tenant}#{group}"


def _ask(item: Item, tenant: str, group: str) -> Ask:
    at, job_id, step = item["list_sk"]["S"].split("#", 2)
    return Ask(job_id, item["sk"]["S"].split("#", 2)[1], step, tenant, group, at)


def is_head(item: Item) -> bool:
    """Say whether an item of a job is a head."""
    return str(item["sk"]["S"]).startswith(_HEAD)


def head_from_item(job_id: str, item: Item) -> Head:
    """Read a head."""
    due = item.get("due_sk")
    durability = item.get("durability")
    return Head(
        job_id,
        item["writer"]["S"],
        int(item["epoch"]["N"]),
        int(item["seq"]["N"]),
        item["status"]["S"],
        item["lane"]["S"],
        due_at=None if due is None else _split(due["S"])[0],
        durability=None if durability is None else durability["S"],
    )


def _head_item(head: Head) -> Item:
    item = {
        "pk": text(job_key(head.job_id)),
        "sk": text(_HEAD + head.region),
        "writer": text(head.region),
        "epoch": number(head.epoch),
        "seq": number(head.sequence),
        "status": text(head.status),
        "lane": text(head.lane),
    }
    if head.due_at is not None:
        item["due_pk"] = text(f"{head.region}#{head.lane}#{shard_of(head.job_id, DUE_SHARDS)}")
        item["due_sk"] = text(f"{head.due_at}#{head.job_id}")
    if head.durability is not None:
        item["durability"] = text(head.durability)
    return item


def _due_entry(item: Item) -> DueEntry:
    due_at, job_id = _split(item["due_sk"]["S"])
    key = str(item["sk"]["S"])
    arrival = key if key.startswith(ARRIVAL) else None
    head_region = key.removeprefix(_HEAD) if is_head(item) else None
    return DueEntry(job_id, due_at, head_region, arrival, submission=key.startswith(epoch_keys(1)))


def _split(position: str) -> tuple[str, str]:
    moment, _, job_id = position.partition("#")
    return moment, job_id
