"""How a snapshot of a long job lies in the table: one item a Region, beside the job's segments."""

from collections.abc import Iterable

from functions.adapters.dynamodb_table import Item, number, text
from functions.domain.job.history import job_key, segment_key
from functions.domain.job.snapshot import Snapshot

_SNAPSHOT = "SNAP#"
#: What an item may hold, with room for its keys.
LARGEST_BODY_BYTES = 390_000


def snapshot_item(snapshot: Snapshot) -> Item | None:
    """Return the item, or None for a snapshot that does not fit into one: then the job is read in full, as before."""
    body = snapshot.packed()
    if len(body) > LARGEST_BODY_BYTES:
        return None
    return {
        "pk": text(job_key(snapshot.job_id)),
        "sk": text(f"{_SNAPSHOT}{snapshot.writer}"),
        "writer": text(snapshot.writer),
        "epoch": number(snapshot.epoch),
        "region": text(snapshot.region),
        "seq": number(snapshot.sequence),
        "body": {"B": body},
    }


def newest_snapshot_item(items: Iterable[Item]) -> Item | None:
    """Return the snapshot that goes furthest, if there is one among the items."""
    snapshots = (item for item in items if item["sk"]["S"].startswith(_SNAPSHOT))
    return max(snapshots, key=lambda item: (int(item["epoch"]["N"]), sequence_of(item), item["sk"]["S"]), default=None)


def sequence_of(item: Item) -> int:
    """Return up to which sequence a snapshot goes."""
    return int(item["seq"]["N"])


def key_after(item: Item) -> str:
    """Return the sort key from which on segments are not covered by the snapshot."""
    return segment_key(int(item["epoch"]["N"]), item["region"]["S"], sequence_of(item) + 1)


def snapshot_from_item(job_id: str, item: Item) -> Snapshot:
    """Read it. Raises UnreadableEvent for what a newer version wrote."""
    epoch, region = int(item["epoch"]["N"]), item["region"]["S"]
    return Snapshot.unpacked(job_id, item["writer"]["S"], epoch, region, sequence_of(item), bytes(item["body"]["B"]))
