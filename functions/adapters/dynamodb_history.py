"""HistoryStore on DynamoDB: a segment is one item, and one conditional put is both the write and the fence."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from functions.adapters.dynamodb_archive_places import is_archive_place, place_from_item
from functions.adapters.dynamodb_dead_letters import is_dead_letter, letter_from_item
from functions.adapters.dynamodb_projections import ARRIVAL, head_from_item, is_head
from functions.adapters.dynamodb_snapshots import WholeSnapshot, is_of_snapshot, newest_whole
from functions.adapters.dynamodb_table import DynamodbTable, Item, text
from functions.application.ports import AppendConflict, Due
from functions.domain.ids import shard_of
from functions.domain.job.arrivals import Arrival, ArrivalKind, arrival_key
from functions.domain.job.events import JobSubmitted, decode, encode
from functions.domain.job.history import (
    JobRecord,
    Segment,
    job_key,
    newest_place,
    rival_keys,
    segment_from,
    segment_key,
)
from functions.domain.lanes import DUE_SHARDS

#: A job is read from its end, so many items at once: most have fewer, and of a long one the end is enough, after its
#: newest snapshot.
PAGE_ITEMS = 200


class DynamodbHistory:
    """One replica's histories; on the peer's table it writes the same items as on the own."""

    def __init__(self, table: DynamodbTable) -> None:
        self._table = table

    async def append(self, segment: Segment, *, due: Due | None = None) -> None:
        """See HistoryStore."""
        item = _segment_item(segment, due)
        present = await self._table.put_new(item)
        if present is not None and not _same(present, segment):
            raise AppendConflict(f"{item['pk']['S']} {item['sk']['S']} is taken")

    async def read(self, job_id: str) -> JobRecord:
        """See HistoryStore."""
        items: list[Item] = []
        snapshots: list[Item] = []
        covers: WholeSnapshot | None = None
        pages = self._table.pages(
            "pk = :job", {":job": text(job_key(job_id))}, newest_first=True, page_items=PAGE_ITEMS
        )
        async for page in pages:
            items.extend(page)
            if any(is_archive_place(item) for item in page):
                return await self.read_whole(job_id)  # the rest is in the archive, or will be
            if found := [item for item in page if is_of_snapshot(item)]:
                snapshots.extend(found)
                covers = newest_whole(snapshots)
            if covers is not None and page and page[-1]["sk"]["S"] < covers.next_key:
                return await self._since(job_id, items, covers)
        return record_of(job_id, items)

    async def read_whole(self, job_id: str) -> JobRecord:
        """See HistoryStore."""
        return record_of(job_id, await self._table.query("pk = :job", {":job": text(job_key(job_id))}))

    async def _since(self, job_id: str, items: list[Item], covers: WholeSnapshot) -> JobRecord:
        """Return what came after a snapshot, and the beginning of what another Region wrote in its epoch, if it did.

        What was read beyond it is left out, for it is read in part only.
        """
        snapshot = covers.unpacked(job_id)
        low, high = rival_keys(snapshot)
        values = {":job": text(job_key(job_id)), ":low": text(low), ":high": text(high)}
        rivals = await self._table.query("pk = :job AND sk BETWEEN :low AND :high", values, limit=1)
        later = [item for item in items if item["sk"]["S"] >= covers.next_key]
        return replace(record_of(job_id, [*rivals, *later]), snapshot=snapshot)

    async def receive(self, arrival: Arrival, *, owner: str, lane: str) -> Arrival:
        """See HistoryStore."""
        present = await self._table.put_new(_arrival_item(arrival, owner, lane))
        return arrival if present is None else _arrival(arrival.job_id, present)

    async def arrivals(self, job_id: str) -> Sequence[Arrival]:
        """See HistoryStore."""
        values = {":job": text(job_key(job_id)), ":arrivals": text(ARRIVAL)}
        items = await self._table.query("pk = :job AND begins_with(sk, :arrivals)", values)
        return [_arrival(job_id, item) for item in items]

    async def read_opening(self, job_id: str, region: str) -> Segment | None:
        """See HistoryStore."""
        item = await self._table.get(job_key(job_id), segment_key(1, region, 1), consistent=True)
        return None if item is None else _segment(job_id, item)


def record_of(job_id: str, items: Iterable[Item]) -> JobRecord:
    """Return the job that these items are. Raises UnreadableEvent."""
    items = sorted(items, key=lambda item: str(item["sk"]["S"]))
    segments = tuple(_segment(job_id, item) for item in items if item["sk"]["S"].startswith("E#"))
    heads = tuple(head_from_item(job_id, item) for item in items if is_head(item))
    arrivals = tuple(_arrival(job_id, item) for item in items if _is_arrival(item))
    covers = newest_whole(items)
    return JobRecord(
        segments,
        heads,
        arrivals,
        dead=tuple(letter_from_item(item) for item in items if is_dead_letter(item)),
        snapshot_sequence=0 if covers is None else covers.sequence,
        archived=newest_place(place_from_item(item) for item in items if is_archive_place(item)),
    )


def _segment_item(segment: Segment, due: Due | None) -> Item:
    item = {
        "pk": text(job_key(segment.job_id)),
        "sk": text(segment_key(segment.epoch, segment.region, segment.place)),
        "writer": text(segment.region),
        "events": text(encode(segment.events)),
    }
    if due is not None:
        shard = shard_of(segment.job_id, DUE_SHARDS)
        item["due_pk"] = text(f"{segment.region}#{due.lane}#{shard}")
        item["due_sk"] = text(f"{due.at}#{segment.job_id}")
    first = segment.events[0]
    if isinstance(first, JobSubmitted):
        item["list_pk"] = text(first.tenant)
        item["list_sk"] = text(f"{first.at}#{segment.job_id}")
    return item


def _arrival_item(arrival: Arrival, owner: str, lane: str) -> Item:
    return {
        "pk": text(job_key(arrival.job_id)),
        "sk": text(arrival_key(arrival.region, arrival.kind, arrival.name)),
        "writer": text(arrival.region),
        "at": text(arrival.at),
        "by": text(arrival.by),
        "body": text(json.dumps(arrival.body, separators=(",", ":"), ensure_ascii=False)),
        "due_pk": text(f"{owner}#{lane}#{shard_of(arrival.job_id, DUE_SHARDS)}"),
        "due_sk": text(f"{arrival.at}#{arrival.job_id}"),
    }


def _is_arrival(item: Item) -> bool:
    return str(item["sk"]["S"]).startswith(ARRIVAL)


def _arrival(job_id: str, item: Item) -> Arrival:
    _, region, kind, name = item["sk"]["S"].split("#", 3)
    return Arrival(
        job_id=job_id,
        region=region,
        kind=ArrivalKind(kind),
        name=name,
        at=item["at"]["S"],
        by=item["by"]["S"],
        body=json.loads(item["body"]["S"]),
    )


def _segment(job_id: str, item: Item) -> Segment:
    return segment_from(job_id, item["sk"]["S"], decode(item["events"]["S"]))


def _same(present: Item, segment: Segment) -> bool:
    """Whether the item there is this very segment: our own put sent twice, or the copy that replication brought."""
    return present["writer"]["S"] == segment.region and _segment(segment.job_id, present) == segment
