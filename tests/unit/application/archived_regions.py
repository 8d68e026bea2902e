"""Two Regions with old jobs, each with its archiver, which may die at any place or not reach the other."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from functions.adapters.memory import MemoryHistory, MemoryLanes, MemoryProjections, MemoryTable, SegmentRow
from functions.adapters.memory_archive import MemoryArchive, MemoryArchiveBook
from functions.application.archive_jobs import ArchiveJobs
from functions.application.ports import Due
from functions.application.read_state import read_whole_state
from functions.application.recall_history import RecallHistory
from functions.domain.dead_letter import DeadLetter, LetterType, Over
from functions.domain.ids import job_id
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.events import Event, JobAdopted, JobFailed, JobSubmitted, JobSucceeded, StepSucceeded
from functions.domain.job.history import Segment
from functions.domain.job.state import JobState
from functions.domain.moments import add_seconds
from tests.unit.handlers.conftest import TestClock

EAST, WEST = "us-east-1", "us-west-2"
PEER = {EAST: WEST, WEST: EAST}
NOW = "2026-11-21T12:00:00.000Z"
DAY = 86_400.0
OLD = add_seconds(NOW, -40 * DAY)
AFTER_DAYS = 30.0
#: What is kept of it, by which of its attributes say who wrote it.
_KINDS: dict[str, Callable[[Any, Any], str]] = {
    "segments": lambda key, row: row.segment.region,
    "heads": lambda key, row: row.region,
    "arrivals": lambda key, row: row.arrival.region,
    "snapshots": lambda key, row: row.writer,
    "asks": lambda key, row: row.region,
    "dead": lambda key, row: row.region,
    "places": lambda key, row: row.region,
    "cursors": lambda key, row: key[0],
}


class Died(BaseException):
    """The process is gone."""


@dataclass
class Life:
    """Counts the changes that a process makes; it dies before or after the one of this number."""

    dies_at: int | None = None
    after: bool = False
    changes: int = 0

    async def change(self, call: Callable[[], Any]) -> Any:
        place, self.changes = self.changes, self.changes + 1
        if self.dies_at is not None and place >= self.dies_at and not (self.after and place == self.dies_at):
            raise Died
        done = await call()
        if self.dies_at is not None and place >= self.dies_at:
            raise Died
        return done


@dataclass
class Mortal:
    """A port of which each changing call is a place at which the process may die."""

    port: Any
    life: Life
    changing: tuple[str, ...] = ("put", "note", "put_cursor", "strike_out")

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.port, name)
        if name not in self.changing:
            return call
        return lambda *args, **named: self.life.change(lambda: call(*args, **named))


@dataclass
class PiecemealBook(MemoryArchiveBook):
    """A book that strikes out item by item, as a table does, so that one may die between two of them."""

    life: Life = field(default_factory=Life)

    async def strike_out(self, job_id: str, items: Any) -> None:
        """See ArchiveBook."""
        for item in sorted(items, key=lambda each: each.leads):
            await self.life.change(lambda item=item: MemoryArchiveBook.strike_out(self, job_id, [item]))  # type: ignore[misc]


@dataclass
class Regions:
    """Both of them."""

    tables: dict[str, MemoryTable] = field(default_factory=lambda: {EAST: MemoryTable(), WEST: MemoryTable()})
    shelves: dict[str, MemoryArchive] = field(default_factory=lambda: {EAST: MemoryArchive(), WEST: MemoryArchive()})
    clock: TestClock = field(default_factory=lambda: TestClock(moment=NOW))
    said: list[dict[str, Any]] = field(default_factory=list)

    def write(self, *segments: Segment) -> None:
        """Have a job written by whoever writes it, as it shows in both Regions."""
        for segment in segments:
            due = Due(segment.events[0].at, "batch") if segment.opens_epoch else None
            key = (segment.job_id, segment.epoch, segment.region, segment.place)
            self.tables[segment.region].segments[key] = SegmentRow(segment, due)
        self.replicate()

    def replicate(self, *kinds: str) -> None:
        """Bring each table to what the other Region has written and deleted; of these kinds of items, or of all."""
        for kind in kinds or _KINDS:
            for source, target in PEER.items():
                rows, other = getattr(self.tables[source], kind), getattr(self.tables[target], kind)
                of_source = {key: row for key, row in rows.items() if _KINDS[kind](key, row) == source}
                for key in [key for key, row in other.items() if _KINDS[kind](key, row) == source]:
                    del other[key]
                other.update(of_source)

    def archiver(self, region: str, life: Life | None = None, kind: type[ArchiveJobs] = ArchiveJobs) -> ArchiveJobs:
        """Return the archiver of a Region, a new process."""
        life, peer = life or Life(), PEER[region]
        return kind(
            book=Mortal(PiecemealBook(self.tables[region], life), life, ("note",)),
            peer_book=MemoryArchiveBook(self.tables[peer]),
            own=Mortal(self.shelves[region], life),
            peer=Mortal(self.shelves[peer], life),
            projections=Mortal(MemoryProjections(self.tables[region]), life),
            lanes=MemoryLanes(),
            clock=self.clock,
            region=region,
            peer_region=peer,
            after_days=AFTER_DAYS,
        )

    def run(self, region: str, life: Life | None = None, kind: type[ArchiveJobs] = ArchiveJobs) -> bool:
        """Have a Region's archiver run once; say whether it lived."""
        try:
            asyncio.run(self.archiver(region, life, kind).run(600.0, self._say))
        except Died:
            return False
        return True

    def _say(self, event: str, **fields: Any) -> None:
        self.said.append({"event": event, **fields})

    def days(self, count: int) -> None:
        """Let both archivers work for some days, with replication between."""
        for _ in range(count):
            for region in PEER:
                self.run(region)
                self.replicate()
            self.clock.moment = add_seconds(self.clock.moment, DAY + 60)

    def history(self, region: str) -> RecallHistory:
        """Return a Region's histories as everybody but the archiver reads them."""
        table = MemoryHistory(self.tables[region])
        return RecallHistory(table=table, own=self.shelves[region], peer=self.shelves[PEER[region]])

    def state(self, region: str, job: str) -> JobState | None:
        """Return a job as a Region reads it."""
        return self.states(region, [job])[job]

    def states(self, region: str, jobs: Iterable[str]) -> dict[str, JobState | None]:
        """Return jobs as a Region reads them."""
        history = self.history(region)

        async def read() -> dict[str, JobState | None]:
            return {job: (await read_whole_state(history, job))[1] for job in jobs}

        try:
            read().send(None)  # in memory nobody waits: a loop for each look would take most of the tests' time
        except StopIteration as done:
            found: dict[str, JobState | None] = done.value
            return found
        raise AssertionError("somebody waited")

    def held(self, region: str, job: str) -> list[str]:
        """Return the keys of what a Region's table itself holds of a job."""
        return [item.key for item in asyncio.run(MemoryArchiveBook(self.tables[region]).hold(job)).items]


def submitted(at: str = OLD) -> JobSubmitted:
    """A submission."""
    return JobSubmitted(
        at=at, tenant="acme", agent="probe", agent_version="1", lane="batch", input="in", body_digest="d"
    )


def plain(name: str, region: str = EAST, at: str = OLD, end: Event | None = None) -> tuple[str, tuple[Segment, ...]]:
    """Return a job that one Region ran to its end, by default a good one."""
    job = job_id("acme", name)
    step = StepSucceeded(at=at, step="s1", step_kind="tool", arguments="a", result=name)
    first = Segment(job, 1, region, 1, (submitted(at),))
    return job, (first, Segment(job, 1, region, 2, (step, end or JobSucceeded(at=at, result=name))))


def failed(name: str, *, dismissed: bool) -> tuple[str, tuple[Segment, ...], DeadLetter]:
    """Return a job that failed, with what says so in the list of dead letters."""
    job, segments = plain(name, end=JobFailed(at=OLD, code="agent_failed", detail="no"))
    over = Over.DISMISSED if dismissed else None
    letter = DeadLetter(type=LetterType.JOB, id=job, tenant="acme", at=OLD, region=EAST, code="agent_failed", over=over)
    return job, segments, letter


def adopted(name: str) -> tuple[str, tuple[Segment, ...]]:
    """Return a job that the first Region began and the second ended."""
    job, (first, last) = plain(name)
    taken = JobAdopted(at=OLD, from_epoch=1, from_region=EAST, from_sequence=1, reason="us-east-1 is lost")
    return job, (first, Segment(job, 2, WEST, 2, (taken,)), Segment(job, 2, WEST, 3, last.events))


def signal(job: str, region: str) -> Arrival:
    """Return what a Region took in for a job."""
    return Arrival(job_id=job, region=region, kind=ArrivalKind.SIGNAL, name="go/k", at=OLD, by="acme", body=1)
