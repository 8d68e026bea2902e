"""Start on two tables that were written before: which records of both streams the link made itself, and what is still
owed to the peer. The link keeps no file of its own; both streams together tell.

A record whose image the peer's stream showed before, for the same item, is the link's copy of it (or the same write
made directly in both Regions, which needs nothing either). What is left came from a client. Only the newest such write
of each Region to an item is still delivered; last writer wins, so older ones change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from localstack.replication.change import Change
from localstack.replication.ledger import WRITER


@dataclass(slots=True)
class _ItemHistory:
    writes: list[Change] = field(default_factory=list)  # without images
    newest: dict[str, Change] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recovered:
    originals: list[tuple[Change, bool]]
    """Clients' writes without images, oldest first; the flag tells whether they are evidence of a second writer."""
    owed: list[Change]
    """What the peer has not got yet, as far as the streams tell."""


class Recovery:
    """Feed it every record of both streams, in any order, then ask."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], _ItemHistory] = {}

    def read(self, changes: Iterable[Change]) -> None:
        for change in changes:
            history = self._items.setdefault(change.item, _ItemHistory())
            history.writes.append(replace(change, old=change.old and {}, new=_writer_only(change)))
            history.newest[change.version.region] = change

    def result(self) -> Recovered:
        originals: list[tuple[Change, bool]] = []
        owed: list[Change] = []
        for history in self._items.values():
            found, delivered = _tell_apart(history.writes)
            originals += [(change, _is_evidence(change)) for change in found]
            last = {change.version.region: change for change in found}
            owed += [
                history.newest[region]
                for region, change in last.items()
                if change.position not in delivered[region] and history.newest[region].position == change.position
            ]
        originals.sort(key=lambda pair: (pair[0].version, pair[0].position))
        owed.sort(key=lambda change: (change.version, change.position))
        return Recovered(originals, owed)


def _tell_apart(writes: list[Change]) -> tuple[list[Change], dict[str, set[int]]]:
    """Clients' writes, and for each Region the positions of those that its peer has already."""
    waiting: dict[tuple[str, int], list[int]] = {}  # (Region, image) -> positions not yet seen in the peer
    originals: list[Change] = []
    delivered: dict[str, set[int]] = {}
    for change in sorted(writes, key=lambda change: (change.version.milliseconds, change.position)):
        region = change.version.region
        delivered.setdefault(region, set())
        sources = [name for name in waiting if name[0] != region and name[1] == change.fingerprint and waiting[name]]
        if sources:
            delivered.setdefault(sources[0][0], set()).add(waiting[sources[0]].pop(0))
        else:
            originals.append(change)
            waiting.setdefault((region, change.fingerprint), []).append(change.position)
    return originals, delivered


def _writer_only(change: Change) -> dict[str, object] | None:
    return {WRITER: change.new[WRITER]} if change.new and WRITER in change.new else None


def _is_evidence(change: Change) -> bool:
    """An image that names the peer as its writer may be the link's copy of a write whose stream was lost."""
    return change.new is not None and change.new.get(WRITER) == {"S": change.version.region}
