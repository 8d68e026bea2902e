"""Which tables are replicated: finds them in both Regions, joins their halves, refills a half that came back empty."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from localstack.replication.change import Change
from localstack.replication.direction import Direction, Surroundings
from localstack.replication.reader import StreamReader, start_of
from localstack.replication.recovery import Recovery
from localstack.replication.replica import Replica, StreamEnded, TableFacts, Unreachable


@dataclass(slots=True)
class Side:
    """One Region, seen from the link."""

    replica: Replica
    reader: StreamReader
    outgoing: Direction
    tables: dict[str, TableFacts] = field(default_factory=dict)
    answers: bool = False


@dataclass(slots=True)
class Pair:
    state: str
    table_ids: dict[str, str] = field(default_factory=dict)


class Pairs:
    def __init__(self, sides: dict[str, Side], shared: Surroundings, prefix: str) -> None:
        self._sides = sides
        self._shared = shared
        self._prefix = prefix
        self._lock = threading.Lock()
        self.known: dict[str, Pair] = {}
        self.copied = 0

    def look(self) -> None:
        """Join what can be joined, and note what is missing."""
        with self._lock:
            for side in self._sides.values():
                try:
                    side.tables = side.replica.tables(self._prefix)
                    side.answers = True
                except Unreachable:
                    side.answers = False
            if all(side.answers for side in self._sides.values()):
                names = {name for side in self._sides.values() for name in side.tables}
                for name in sorted(names | set(self.known)):
                    self._look_at(name)

    def refill(self, region: str) -> int:
        """Create this Region's replicas anew from its peer, copy every item, and replicate from there on.

        To be ordered while nothing in the Region writes yet. What its peer writes meanwhile is kept and follows.
        """
        with self._lock:
            empty = self._sides[region]
            full = next(side for name, side in self._sides.items() if name != region)
            empty.outgoing.lose()
            self.copied = 0
            with full.outgoing.delivering:
                full.outgoing.begin_refill()
                with self._shared.lock:
                    self._shared.echoes.forget_region(region)
                full.tables = full.replica.tables(self._prefix)
                for facts in full.tables.values():
                    self._refill_table(facts, full, empty)
            return self.copied

    def _refill_table(self, facts: TableFacts, full: Side, empty: Side) -> None:
        empty.replica.create_like(facts, full.replica.time_to_live_attribute(facts.name))
        for images in full.replica.scan(facts.name):
            empty.replica.put_all(facts.name, images)
            self.copied += len(images)
        made = empty.replica.tables(facts.name)[facts.name]
        # The copies themselves are read here and dropped, so they never travel back.
        empty.reader.follow(facts.name, start_of(empty.replica, facts.name, made.stream_arn, lambda _: None))
        if full.reader.follows(facts.name) != facts.stream_arn:
            full.reader.follow(facts.name, start_of(full.replica, facts.name, facts.stream_arn, lambda _: None))
        self.known[facts.name] = Pair(
            "replicating", {full.replica.region: facts.table_id, empty.replica.region: made.table_id}
        )

    def _look_at(self, name: str) -> None:
        found = {region: side.tables[name] for region, side in self._sides.items() if name in side.tables}
        pair = self.known.get(name)
        missing = [region for region in self._sides if region not in found]
        replaced = [region for region, facts in found.items() if pair and pair.table_ids.get(region) != facts.table_id]
        if len(missing) == len(self._sides):
            self.known.pop(name, None)
        elif missing:
            state = f"missing in {missing[0]}"
            self.known[name] = Pair(state, pair.table_ids if pair else {})
        elif without := [region for region, facts in found.items() if not facts.stream_arn]:
            self.known[name] = Pair(f"no stream with both images in {without[0]}")
        elif pair and pair.table_ids and len(replaced) == 1:
            pair.state = f"replaced in {replaced[0]}: order a refill"
        elif replaced or not pair or not self._followed(name):
            self._join(name, found)
        else:
            pair.state = "replicating"

    def _followed(self, name: str) -> bool:
        return all(side.reader.follows(name) for side in self._sides.values())

    def _join(self, name: str, found: dict[str, TableFacts]) -> None:
        recovery = Recovery()
        try:
            starts = {
                region: start_of(self._sides[region].replica, name, facts.stream_arn, recovery.read)
                for region, facts in found.items()
            }
        except (Unreachable, StreamEnded) as error:
            self.known[name] = Pair(f"cannot be read yet: {error}")
            return
        recovered = recovery.result()
        with self._shared.lock:
            for change, evidence in recovered.originals:
                self._shared.ledger.note(change, evidence=evidence)
            for change in recovered.owed:
                self._sides[change.version.region].outgoing.add(change, measured=False)
        for region, start in starts.items():
            self._sides[region].reader.follow(name, start)
        self.known[name] = Pair("replicating", {region: facts.table_id for region, facts in found.items()})


def hand_over(changes: list[Change], outgoing: Direction, shared: Surroundings) -> None:
    """What a reader read: the link's own writes stay here, a client's are noted and sent on."""
    with shared.lock:
        for change in changes:
            if not shared.echoes.recognise(change):
                shared.ledger.note(change)
                outgoing.add(change)
