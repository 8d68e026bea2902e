"""Two replicas of the state table and the link between them: lag, reordering across items, pauses, last writer wins.

The ledger watches every write of either replica: an item must never have two writers, a segment never two contents.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, TypeAlias, TypeVar

from functions.adapters.memory import ArrivalRow, MemoryHistory, MemoryTable, SegmentRow
from functions.adapters.memory_standings import MemoryStandings
from functions.adapters.memory_switches import MemorySwitches
from functions.domain.job.arrivals import Arrival
from functions.domain.job.events import Event
from functions.domain.job.history import JobRecord, Segment, newest_snapshot
from functions.domain.job.snapshot import Snapshot
from functions.domain.ownership.standing import Progress
from functions.domain.ownership.verdict import Verdict
from tests.simulation import oracle
from tests.simulation.machine import current_process
from tests.simulation.remembered import Remembered

Key = TypeVar("Key")
Value = TypeVar("Value")
#: Where an item lies: which of the table's dicts, and the key in it.
Place: TypeAlias = tuple[str, Any]

_OF_TABLE = ("segments", "heads", "arrivals", "snapshots", "asks", "dead", "cursors", "beats", "verdicts")
_SPACES = (*_OF_TABLE, "switches", "orders", "progress")
#: Written all the time, and nothing that is done with a job follows from them alone.
_PULSE = ("cursors", "beats")


class Watched(dict[Key, Value]):
    """A dict that says what is written to it, except by `put_quietly`: then only that something is."""

    def __init__(self, written: Callable[[Key, Value], None], touched: Callable[[Key], None]) -> None:
        super().__init__()
        self._written = written
        self._touched = touched

    def __setitem__(self, key: Key, value: Value) -> None:
        super().__setitem__(key, value)
        self._touched(key)
        self._written(key, value)

    def setdefault(self, key: Key, default: Value) -> Value:
        if key not in self:
            self[key] = default
        return self[key]

    def put_quietly(self, key: Key, value: Value) -> None:
        """Write without saying so: the link's own writes are not replicated again."""
        super().__setitem__(key, value)
        self._touched(key)


@dataclass(frozen=True, slots=True)
class Change:
    """A write on its way to the peer."""

    place: Place
    value: Any
    version: tuple[float, int]


class Replica:
    """One Region's table, with the version of every item, and what has not been replicated yet.

    `changes` counts what was written, here or by the peer, except for cursors and heartbeats. `heard` is when the
    peer's heartbeats came, `adoptions` when this Region took which job over, and by what event, `standing_log` what it
    said of itself and of its peer.
    """

    def __init__(self, name: str, link: "Link") -> None:
        self.name = name
        self.covered = link.covered
        self.versions: dict[Place, tuple[float, int]] = {}
        self.outgoing: dict[int, Change] = {}
        self.generation = 0
        self.changes = 0
        self.heard: list[float] = []
        self.adoptions: list[tuple[float, str, Event]] = []
        self._bells: list[asyncio.Future[None]] = []
        self.remembered = Remembered()
        spaces = {space: self._watched(space, link) for space in _OF_TABLE}
        self.table = MemoryTable(**spaces)  # type: ignore[arg-type]  # each is a dict of its own kind

        self._switched = self._watched("switches", link)
        self.switches = MemorySwitches(self.table, self._switched)
        self.standings = MemoryStandings(self.table, self._watched("orders", link), self._watched("progress", link))
        self.standing_log: list[tuple[float, Progress | Verdict]] = []

    def _watched(self, space: str, link: "Link") -> Watched[Any, Any]:
        return Watched(lambda key, value: link.wrote(self, (space, key), value), partial(self.remembered.forget, space))

    def space(self, name: str) -> Watched[Any, Any]:
        """Return one of the table's dicts."""
        of_its_own = {"switches": self._switched, "orders": self.standings.orders, "progress": self.standings.progress}
        found = of_its_own[name] if name in of_its_own else getattr(self.table, name)
        assert isinstance(found, Watched)
        return found

    def items(self) -> Iterator[tuple[Place, Any]]:
        """Yield everything in the table."""
        for space in _SPACES:
            for key, value in self.space(space).items():
                yield (space, key), value

    def come(self, job_id: str) -> list[Arrival]:
        """Return what has come to a job here."""
        return [row.arrival for key, row in self.table.arrivals.items() if key[0] == job_id]

    async def read(self, store: MemoryHistory, job_id: str) -> JobRecord:
        """Return what the store reads of a job."""
        return await self.remembered.of_job(job_id, "record", lambda: store.read(job_id))

    async def read_whole(self, store: MemoryHistory, job_id: str) -> JobRecord:
        """The same, all of it."""
        return await self.remembered.of_job(job_id, "whole", lambda: store.read_whole(job_id))

    async def arrivals(self, store: MemoryHistory, job_id: str) -> Sequence[Arrival]:
        """Return what the store has of what has come to a job."""
        return await self.remembered.of_job(job_id, "arrivals", lambda: store.arrivals(job_id))

    def known(self, job_id: str) -> tuple[Segment, ...]:
        """Return what can be known here of a job's history: its segments, and those whose sum its snapshot tells.

        Only the snapshot that goes furthest counts, for whoever reads the job reads no other; and not even that where
        both Regions opened its epoch, for then which of the two counts is in their segments.
        """
        found: tuple[tuple[Segment, ...], Snapshot | None, tuple[Segment, ...]] | None
        found = self.remembered.at_once(job_id, "known")
        if found is not None and (found[1] is None or self.covered.get(_place_of(found[1]), ()) is found[2]):
            return found[0]
        own = [row.segment for _, row in sorted(each for each in self.table.segments.items() if each[0][0] == job_id)]
        snapshot = newest_snapshot(each for key, each in self.table.snapshots.items() if key[0] == job_id)
        if snapshot is None or any(each.epoch == snapshot.epoch and each.region != snapshot.region for each in own):
            known = tuple(own)
            self.remembered.keep(job_id, "known", (known, None, ()))
            return known
        here = {(segment.epoch, segment.region, segment.place) for segment in own}
        told: dict[tuple[int, str, int], Segment] = {}
        covered = self.covered.get(_place_of(snapshot), ())
        for segment in covered:
            place = (segment.epoch, segment.region, segment.place)
            if place not in here and (place not in told or len(told[place].events) < len(segment.events)):
                told[place] = segment
        known = (*own, *told.values())
        self.remembered.keep(job_id, "known", (known, snapshot, covered))
        return known

    def note_snapshot(self, snapshot: Snapshot) -> None:
        """Keep account of what a snapshot tells of, for whoever will have it without the segments themselves."""
        place = (snapshot.epoch, snapshot.region, snapshot.sequence)
        self.covered[_place_of(snapshot)] = oracle.until(self.known(snapshot.job_id), place)

    def apply(self, change: Change) -> None:
        """Last writer wins."""
        if change.version > self.versions.get(change.place, (-1.0, 0)):
            self.versions[change.place] = change.version
            space, key = change.place
            self.space(space).put_quietly(key, change.value)
            self.note_change(space)
            if space == "beats":
                self.heard.append(asyncio.get_running_loop().time())

    def note_change(self, space: str) -> None:
        """Something was written."""
        if space not in _PULSE:
            self._changed()

    def next_change(self) -> asyncio.Future[None]:
        """Return what is done when something is written, cursors and heartbeats apart."""
        bell: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._bells.append(bell)
        return bell

    def _changed(self) -> None:
        self.changes += 1
        bells, self._bells = self._bells, []
        for bell in bells:
            if not bell.done():
                bell.set_result(None)

    def lose(self) -> None:
        """Forget everything, what was on its way included."""
        self._changed()
        self.generation += 1
        self.outgoing.clear()
        self.versions.clear()
        for space in _SPACES:
            self.space(space).clear()
        self.remembered.forget_everything()


def _place_of(snapshot: Snapshot) -> Place:
    return snapshot.job_id, (snapshot.writer, snapshot.epoch, snapshot.region, snapshot.sequence)


@dataclass(slots=True)
class Ledger:
    """Who wrote what. `faults` says, once for each item, what must never happen."""

    faults: dict[Place, str] = field(default_factory=dict)
    _segments: dict[Place, SegmentRow] = field(default_factory=dict)
    _arrivals: dict[Place, Arrival] = field(default_factory=dict)
    _writers: dict[Place, str] = field(default_factory=dict)
    _openings: dict[tuple[str, int, str], Segment] = field(default_factory=dict)

    def note(self, place: Place, value: Any, writer: str) -> None:
        """Take a write down."""
        if isinstance(value, SegmentRow):
            first = self._segments.setdefault(place, value)
            if first != value:
                self.faults.setdefault(place, f"two contents in one segment {place}: {first} and {value}")
            self._note_opening(value.segment)
            if first == value:
                return  # the very same segment may be copied by anybody
        if isinstance(value, ArrivalRow):
            known = self._arrivals.setdefault(place, value.arrival)
            if known != value.arrival:
                self.faults.setdefault(place, f"two contents in one arrival {place}: {known} and {value.arrival}")
            return  # likewise
        first_writer = self._writers.setdefault(place, writer)
        if first_writer != writer:
            self.faults.setdefault(place, f"{place} has two writers, {first_writer} and {writer}")

    def _note_opening(self, segment: Segment) -> None:
        if segment.opens_epoch:
            epoch = (segment.job_id, segment.epoch, segment.region)
            opening = self._openings.setdefault(epoch, segment)
            if opening.first_sequence != segment.first_sequence:
                places = f"{opening.first_sequence} and {segment.first_sequence}"
                self.faults.setdefault(("openings", epoch), f"{epoch} was opened twice, at {places}")

    def forget_all_but(self, kept: Replica) -> None:
        """A replica was lost: what only it held has never been, as far as anybody can tell."""
        present = {place for place, _ in kept.items()}
        self._segments = {place: row for place, row in self._segments.items() if place in present}
        self._arrivals = {place: arrival for place, arrival in self._arrivals.items() if place in present}
        self._openings.clear()
        for row in self._segments.values():
            self._note_opening(row.segment)


class Link:
    """Carries changes between two replicas, each after a lag of its own, so that items overtake each other.

    `straggling`: how large a part of them takes up to `longest_lag` longer than the others.
    """

    def __init__(self, names: tuple[str, str], random: Random, straggling: float, longest_lag: float) -> None:
        self.ledger = Ledger()
        #: What each snapshot that was ever written tells of.
        self.covered: dict[Place, tuple[Segment, ...]] = {}
        #: Is told of every segment as it is first written.
        self.listener: Callable[[Segment], None] = lambda segment: None
        self.paused = dict.fromkeys(names, False)  # the direction from that Region
        self.replicas = {name: Replica(name, self) for name in names}
        self.straggling = straggling
        self.longest_lag = longest_lag
        self._random = random
        self._count = 0
        self._peer = {names[0]: names[1], names[1]: names[0]}

    def wrote(self, replica: Replica, place: Place, value: Any) -> None:
        """A client of this replica wrote."""
        # A letter of the peer's is settled in the peer's own replica, whoever asks for it: it is written nowhere else.
        by = replica.name if place[0] == "dead" else current_process().machinery.name
        self.ledger.note(place, value, by)
        replica.note_change(place[0])
        self._count += 1
        now = asyncio.get_running_loop().time()
        change = Change(place, value, (now, self._count))
        replica.versions[place] = change.version
        replica.outgoing[self._count] = change
        self._send(replica, self._count)
        if isinstance(value, Progress | Verdict):
            replica.standing_log.append((now, value))
        if isinstance(value, SegmentRow):
            self.listener(value.segment)
            if value.segment.epoch > 1 and value.segment.opens_epoch and value.segment.region == replica.name:
                replica.adoptions.append((now, value.segment.job_id, value.segment.events[0]))

    def pause(self, name: str) -> None:
        """Hold back what comes from that Region."""
        self.paused[name] = True

    def resume(self, name: str) -> None:
        """Let it go on; what was held back is sent in any order."""
        self.paused[name] = False
        for number in list(self.replicas[name].outgoing):
            self._send(self.replicas[name], number)

    def lose(self, name: str) -> None:
        """A Region is lost with all its data, also with what it had not replicated."""
        self.replicas[name].lose()
        self.ledger.forget_all_but(self.replicas[self._peer[name]])

    def refill(self, name: str) -> None:
        """Give a replica that returned empty everything that its peer has."""
        full, empty = self.replicas[self._peer[name]], self.replicas[name]
        for (space, key), value in full.items():
            empty.space(space).put_quietly(key, value)
        empty.versions = dict(full.versions)
        empty.note_change("segments")
        full.outgoing.clear()

    def settled(self) -> bool:
        """Say whether everything written has arrived."""
        return not any(replica.outgoing for replica in self.replicas.values())

    def _send(self, replica: Replica, number: int) -> None:
        lag = self._random.uniform(0.05, 1.5)
        if self._random.random() < self.straggling:
            lag += self._random.uniform(0.0, self.longest_lag)
        asyncio.get_running_loop().call_later(lag, self._arrive, replica, number, replica.generation)

    def _arrive(self, replica: Replica, number: int, generation: int) -> None:
        if generation == replica.generation and not self.paused[replica.name]:
            change = replica.outgoing.pop(number, None)
            if change is not None:
                self.replicas[self._peer[replica.name]].apply(change)
