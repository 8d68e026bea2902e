"""Move the histories of jobs that ended long ago from the table to the archive in S3.

In two visits, a round apart. On the first the job is put into an object, which goes to both Regions' shelves, and then
it is noted in the table where it lies. On a later one, what the archive gives back is compared with what the table
holds: only what is in it, to the last event, is struck out, each item by the Region that wrote it, and only while the
peer's shelf has the object and the peer's replica knows of it, too. Whoever dies in between leaves a job that is in
both places, and is read from both (`recall_history.py`): the next round goes on from what it sees.

A round begins once a day at the oldest entries of the due index, in which each opening of a job stays as long as the
job is in the table; so nothing has to be written down, while a job runs, for it to be found here.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from functions.application.archive_ports import Archive, ArchiveBook, Held, ShelfFrozen
from functions.application.ports import (
    Clock,
    Lanes,
    PayloadMissing,
    PayloadUnavailable,
    Projections,
    StateUnavailable,
)
from functions.application.record_steps import Say
from functions.domain.job.archived import covers, merged, packed, unpacked
from functions.domain.job.decider import is_over, unheard
from functions.domain.job.events import UnreadableEvent
from functions.domain.job.history import ArchivePlace, DueEntry, JobRecord
from functions.domain.job.state import fold
from functions.domain.lanes import DUE_SHARDS
from functions.domain.moments import add_seconds

Each = TypeVar("Each")

DAY_SECONDS = 86_400.0
#: So many jobs, or bytes of them packed, lie in one object at most: a put costs as much as eight writes of an item.
MOST_JOBS, MOST_BYTES = 500, 8_000_000
#: So many entries of the due index are read at once.
PAGE_ENTRIES = 200
#: Visited side by side.
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class _Found:
    """A job that is to go into the next object."""

    job_id: str
    data: bytes


@dataclass(slots=True)
class _Told:
    """What became of a round so far."""

    archived: int = 0
    struck_out: int = 0
    unreadable: int = 0


@dataclass(slots=True, kw_only=True)
class ArchiveJobs:
    """The use case. `own` and `peer` are the Regions' shelves, `book` and `peer_book` their replicas."""

    book: ArchiveBook
    peer_book: ArchiveBook
    own: Archive
    peer: Archive
    projections: Projections
    lanes: Lanes
    clock: Clock
    region: str
    peer_region: str
    after_days: float
    _batch: list[_Found] = field(default_factory=list)
    _objects: dict[str, bytes | None] = field(default_factory=dict)
    _at_peer: dict[str, bool] = field(default_factory=dict)
    _told: _Told = field(default_factory=_Told)

    async def run(self, seconds: float, say: Say) -> bool:
        """Go on with this day's round for so long at most, and say whether nothing refused.

        What refuses is said to the log; the next run goes on.
        """
        self._batch, self._objects, self._at_peer, self._told = [], {}, {}, _Told()
        end = self.clock.monotonic() + seconds
        refused: str | None = None
        walks = [
            (region, lane, shard)
            for region in (self.region, self.peer_region)
            for lane in self.lanes.names()
            for shard in range(DUE_SHARDS)
        ]
        try:
            for left, walk in zip(range(len(walks), 0, -1), walks, strict=True):
                now = self.clock.monotonic()
                await self._walk(*walk, now + (end - now) / left)
            await self._put_away()
        except (StateUnavailable, PayloadUnavailable) as error:
            refused = str(error)
        told = self._told
        level = {} if refused is None else {"level": "WARNING", "refused": refused}
        say(
            "jobs_archived",
            archived=told.archived,
            struck_out=told.struck_out,
            unreadable=told.unreadable,
            **level,
        )
        return refused is None

    async def _walk(self, region: str, lane: str, shard: int, end: float) -> None:
        """Visit what lies in one partition of the due index, from where this day's round has come to."""
        now = self.clock.now()
        place = (self.region, f"archive@{region}@{lane}", shard)
        began, _, upto = (await self.projections.read_cursor(*place)).partition(" ")
        if began < add_seconds(now, -DAY_SECONDS):
            began, upto = now, ""
        limit = add_seconds(now, -self.after_days * DAY_SECONDS)
        while self.clock.monotonic() < end:
            page = await self.projections.due(region, lane, shard, after=upto, upto=limit, limit=PAGE_ENTRIES)
            if not page:
                break
            for jobs in _groups(self._concern(region, page)):
                for found in await asyncio.gather(*(self._visit(job_id, limit) for job_id in jobs)):
                    await self._add(found)
            upto = page[-1].position
            await self.projections.put_cursor(*place, f"{began} {upto}")

    def _concern(self, region: str, page: Iterable[DueEntry]) -> list[str]:
        """Return the jobs of a page, each once; of the peer's partitions those that this Region wrote something for."""
        own = f"IN#{self.region}#"
        entries = (each for each in page if region == self.region or (each.arrival or "").startswith(own))
        return list(dict.fromkeys(each.job_id for each in entries))

    async def _visit(self, job_id: str, limit: str) -> _Found | None:
        """Do what is next for a job; return it when it is to be archived."""
        try:
            held = await self.book.hold(job_id)
            record, place = held.record, held.record.archived
            archived = None if place is None else await self._archived(job_id, place)
            if place is not None and archived is not None:
                if covers(archived, record):
                    if await self._both_have(job_id, place):
                        await self._strike_out(job_id, held)
                    return None
                record = merged(archived, record)
            return _Found(job_id, packed(job_id, record)) if self._may_go(record, limit) else None
        except (UnreadableEvent, ShelfFrozen):  # a newer release wrote it, or nobody can compare it any more
            self._told.unreadable += 1
            return None

    def _may_go(self, record: JobRecord, limit: str) -> bool:
        """Whether the job is this Region's and over, for long enough, with nothing to come; and nobody has to see it.

        A failed job stays while it is on the list of dead letters, from which people redrive or dismiss it.
        """
        state = fold(record.segments)
        if state is None or not state.complete or state.owner_region != self.region or state.updated_at > limit:
            return False
        return is_over(state, unheard(state, record.arrivals, self.region)) and all(each.over for each in record.dead)

    async def _archived(self, job_id: str, place: ArchivePlace) -> JobRecord | None:
        """Return what the archive gives back of a job; None if it has lost the object in both Regions."""
        whole = await self._object(place.name)
        return None if whole is None else unpacked(job_id, whole[place.offset : place.offset + place.length])

    async def _object(self, name: str) -> bytes | None:
        """Return an object of the archive. Jobs that lie in one come one after the other, so the last is remembered."""
        if name not in self._objects:
            found: bytes | None = None
            try:
                found = await self.own.get(name)
            except PayloadMissing:  # somebody has taken it away
                with contextlib.suppress(PayloadMissing):
                    found = await self.peer.get(name)
                    await self.own.put(name, found)
            self._objects = {name: found}
        return self._objects[name]

    async def _both_have(self, job_id: str, place: ArchivePlace) -> bool:
        """Whether the peer has the object as well, and knows where it is: no item may go before."""
        whole = await self._object(place.name)
        assert whole is not None
        if place.name not in self._at_peer:
            there = await self.peer.size(place.name) == len(whole)
            if not there:  # somebody has taken it away
                await self.peer.put(place.name, whole)
            self._at_peer[place.name] = there
        return self._at_peer[place.name] and await self.peer_book.knows(job_id, place)

    async def _strike_out(self, job_id: str, held: Held) -> None:
        """Delete what this Region wrote, those items last by which the job is found; the rest is the peer's to do."""
        mine = [item for item in held.items if item.writer == self.region]
        await self.book.strike_out(job_id, mine)
        self._told.struck_out += len(mine)

    async def _add(self, found: _Found | None) -> None:
        if found is None:
            return
        self._batch.append(found)
        if len(self._batch) >= MOST_JOBS or sum(len(each.data) for each in self._batch) >= MOST_BYTES:
            await self._put_away()

    async def _put_away(self) -> None:
        """Put the jobs into an object in both Regions, then note where they lie."""
        batch, self._batch = self._batch, []
        if not batch:
            return
        data, now = b"".join(each.data for each in batch), self.clock.now()
        name = f"{self.region}/{now[:10]}/{hashlib.sha256(data).hexdigest()}.jsonl.gz"
        await asyncio.gather(self.own.put(name, data), self.peer.put(name, data))
        offset, places = 0, []
        for each in batch:
            places.append((each.job_id, ArchivePlace(self.region, now, name, offset, len(each.data))))
            offset += len(each.data)
        for group in _groups(places):
            await asyncio.gather(*(self.book.note(job_id, place) for job_id, place in group))
        self._told.archived += len(batch)


def _groups(rows: Sequence[Each]) -> Iterable[Sequence[Each]]:
    return (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))
