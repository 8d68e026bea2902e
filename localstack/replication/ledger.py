"""Who wrote which item: finds items that both Regions wrote, and the newest write of each Region to an item.

An item that a Region's code writes into its peer directly (so that it is durable in both before it is acknowledged)
shows in both streams with one and the same image: one write, seen twice, and no conflict. Which sighting comes first is
chance, and if replication is quicker than the second of the two writes, that one changes nothing and is never seen.
So sightings are matched by image, and a *new* item whose image names the peer as its `writer` is taken for such a loan,
unless the peer made a new item of another image under the same key. An item is in conflict while each Region has a
write of its own that the other has not made identically.

Memory is bounded: the items written longest ago are forgotten, and per item and Region only the last few unmatched
images are kept. Two writes to one item further apart than `capacity` other items are therefore not compared.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from localstack.replication.change import Change, Version

Item = tuple[str, str]

WRITER = "writer"
_IMAGES_KEPT = 4


@dataclass(slots=True)
class _Writes:
    newest: dict[str, Version] = field(default_factory=dict)
    unmatched: dict[str, tuple[int, ...]] = field(default_factory=dict)
    created: dict[str, int] = field(default_factory=dict)
    lent: dict[str, int] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    """Regions whose unmatched images were more than are kept: they certainly wrote this item."""

    def both_wrote(self, region: str, peer: str) -> bool:
        return all(self.unmatched.get(side) or side in self.own for side in (region, peer))


class WriterLedger:
    def __init__(self, regions: tuple[str, str], capacity: int = 100_000) -> None:
        self._peer = {regions[0]: regions[1], regions[1]: regions[0]}
        self._capacity = capacity
        self._items: OrderedDict[Item, _Writes] = OrderedDict()
        self._conflicts: dict[Item, None] = {}

    def note(self, change: Change, *, evidence: bool = True) -> None:
        """Take in a write that a client made in the Region whose stream showed it (never one of the link's own).

        `evidence=False`: it may have been made by the link after all, so it orders writes but accuses nobody.
        """
        item = change.item
        writes = self._items.pop(item, None) or _Writes()
        self._items[item] = writes
        region = change.version.region
        writes.newest[region] = max(change.version, writes.newest.get(region, change.version))
        if evidence and not change.by_service:
            self._match(writes, change)
            if writes.both_wrote(region, self._peer[region]):
                self._conflicts[item] = None
            else:
                self._conflicts.pop(item, None)
        if len(self._items) > self._capacity:
            # A conflict once found stays on the list for good: it is evidence.
            self._items.popitem(last=False)

    def newest(self, item: Item, region: str) -> Version | None:
        """The newest write to the item that came from the Region, as far as is remembered."""
        writes = self._items.get(item)
        return writes.newest.get(region) if writes else None

    def conflicts(self) -> list[Item]:
        """Items that both Regions wrote, each in its own way."""
        return list(self._conflicts)

    def __len__(self) -> int:
        return len(self._items)

    def _match(self, writes: _Writes, change: Change) -> None:
        region, image = change.version.region, change.fingerprint
        peer = self._peer[region]
        theirs = writes.unmatched.get(peer, ())
        if image in theirs:
            index = theirs.index(image)
            writes.unmatched[peer] = theirs[:index] + theirs[index + 1 :]
        elif image == writes.lent.get(peer):
            del writes.lent[peer]
        elif change.old is None and _declared_writer(change) == peer and writes.created.get(peer, image) == image:
            writes.lent[region] = image
        else:
            self._own(writes, region, image)
        if change.old is None:
            writes.created[region] = image
            if writes.lent.get(peer, image) != image:
                self._own(writes, peer, writes.lent.pop(peer))

    def _own(self, writes: _Writes, region: str, image: int) -> None:
        mine = (*writes.unmatched.get(region, ()), image)
        if len(mine) > _IMAGES_KEPT:
            writes.own |= {region}
        writes.unmatched[region] = mine[-_IMAGES_KEPT:]


def _declared_writer(change: Change) -> object:
    return (change.new or {}).get(WRITER, {}).get("S")
