"""HistoryStore on DynamoDB: a segment is one item, and one conditional put is both the write and the fence."""

from functions.adapters.dynamodb_projections import head_from_item, is_head
from functions.adapters.dynamodb_table import DynamodbTable, Item, text
from functions.application.ports import AppendConflict, Due
from functions.domain.ids import shard_of
from functions.domain.job.events import JobSubmitted, decode, encode
from functions.domain.job.history import JobRecord, Segment, job_key, segment_from, segment_key
from functions.domain.lanes import DUE_SHARDS


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
        items = await self._table.query("pk = :job", {":job": text(job_key(job_id))})
        segments = tuple(_segment(job_id, item) for item in items if item["sk"]["S"].startswith("E#"))
        return JobRecord(segments, tuple(head_from_item(job_id, item) for item in items if is_head(item)))

    async def read_opening(self, job_id: str, region: str) -> Segment | None:
        """See HistoryStore."""
        item = await self._table.get(job_key(job_id), segment_key(1, region, 1), consistent=True)
        return None if item is None else _segment(job_id, item)


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


def _segment(job_id: str, item: Item) -> Segment:
    return segment_from(job_id, item["sk"]["S"], decode(item["events"]["S"]))


def _same(present: Item, segment: Segment) -> bool:
    """Whether the item there is this very segment: our own put sent twice, or the copy that replication brought."""
    return present["writer"]["S"] == segment.region and _segment(segment.job_id, present) == segment
