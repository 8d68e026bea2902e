"""How a snapshot of a long job lies in the table: one item a Region beside the job's segments, more for what is large.

The further parts lie in one of two places, in turn, and say which snapshot they belong to: one that has been written or
replicated in part is told from a whole one, and counts as none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from functions.adapters.dynamodb_table import Item, number, text
from functions.domain.job.history import job_key, segment_key
from functions.domain.job.snapshot import Snapshot

_SNAPSHOT = "SNAP#"
#: An item holds 400 KB, keys and names included.
PART_BYTES = 390_000
#: What is larger than so many parts is not written: reading the job's segments is no dearer then.
MOST_PARTS = 16


def snapshot_items(snapshot: Snapshot) -> Sequence[Item]:
    """Return the items in the order in which to write them; none for a snapshot that is too large."""
    body = snapshot.packed()
    parts = [body[start : start + PART_BYTES] for start in range(0, len(body), PART_BYTES)]
    if len(parts) > MOST_PARTS:
        return []
    turn = snapshot.sequence % 2
    further = [_item(snapshot, f"#{turn}#{place:02d}", part) for place, part in enumerate(parts[1:], 1)]
    marks = {"parts": number(len(parts)), "turn": number(turn), "region": text(snapshot.region)}
    return [*further, {**_item(snapshot, "", parts[0]), **marks}]


def _item(snapshot: Snapshot, place: str, part: bytes) -> Item:
    return {
        "pk": text(job_key(snapshot.job_id)),
        "sk": text(f"{_SNAPSHOT}{snapshot.writer}{place}"),
        "writer": text(snapshot.writer),
        "epoch": number(snapshot.epoch),
        "seq": number(snapshot.sequence),
        "body": {"B": part},
    }


def is_of_snapshot(item: Item) -> bool:
    """Say whether an item of a job is a snapshot's, or a part of one."""
    return str(item["sk"]["S"]).startswith(_SNAPSHOT)


def newest_whole(items: Iterable[Item]) -> "WholeSnapshot | None":
    """Return the snapshot that goes furthest, of those whose parts are all among the items."""
    found = {item["sk"]["S"]: item for item in items if is_of_snapshot(item)}
    whole = [WholeSnapshot(item, body) for item in found.values() if (body := _body(item, found)) is not None]
    return max(whole, key=lambda each: (_place(each.first), each.first["sk"]["S"]), default=None)


@dataclass(frozen=True, slots=True)
class WholeSnapshot:
    """A snapshot as it lies in the table, not unpacked yet: most reads do not need it."""

    first: Item
    body: bytes

    @property
    def sequence(self) -> int:
        """Up to which sequence it goes."""
        return _place(self.first)[1]

    @property
    def next_key(self) -> str:
        """The sort key from which on segments are not covered by it."""
        epoch, sequence = _place(self.first)
        return segment_key(epoch, self.first["region"]["S"], sequence + 1)

    def unpacked(self, job_id: str) -> Snapshot:
        """Return it. Raises UnreadableEvent for what a newer version wrote."""
        epoch, sequence = _place(self.first)
        writer, region = self.first["writer"]["S"], self.first["region"]["S"]
        return Snapshot.unpacked(job_id, writer, epoch, region, sequence, self.body)


def _body(first: Item, found: Mapping[str, Item]) -> bytes | None:
    if "parts" not in first:
        return None
    places = range(1, int(first["parts"]["N"]))
    keys = [f"{first['sk']['S']}#{first['turn']['N']}#{place:02d}" for place in places]
    parts = [first, *(found[key] for key in keys if key in found)]
    if len(parts) <= len(keys) or any(_place(part) != _place(first) for part in parts):
        return None
    return b"".join(bytes(part["body"]["B"]) for part in parts)


def _place(item: Item) -> tuple[int, int]:
    return int(item["epoch"]["N"]), int(item["seq"]["N"])
