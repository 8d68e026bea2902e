"""The clock of a simulated sweeper, which sleeps through rounds that can find nothing new.

Half of what a simulation costs would be rounds that find what the last one found. A sweep sees to the entries that are
due, each once; adoption, while the peer is held for lost, looks at the peer's jobs again and again. So a round is left
out when nothing has come due, nothing was refused in the last one and the verdict stands; with the peer lost, or back
for a short time only, when nothing at all was written either, and no write of the peer held the last round back (seed
670). What appears in the index when it has long been due is found when all of it is read again: no round is left out
until then (seed 31824). A new sweeper begins with a round. In a part of the seeds no round is left out.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from functions.adapters.memory import MemoryProjections
from functions.application.hear_peer import HearPeer
from functions.application.keep_sweeping import PAUSE_SECONDS
from functions.application.sweep_jobs import LATE_SECONDS, READ_AGAIN_SECONDS
from functions.domain.job.history import DueEntry
from functions.domain.moments import add_seconds, seconds_between
from functions.domain.ownership.verdict import Verdict
from tests.simulation.lanes import LANE
from tests.simulation.machine import Process
from tests.simulation.replication import Replica
from tests.simulation.virtual_time import VirtualClock, pass_time

#: How long a sentinel sleeps when all is well for good.
CALM_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class _Sight:
    """What a round builds on."""

    due: frozenset[DueEntry]
    verdict: Verdict | None
    refusals: int
    changes: int | None
    held_back: bool


@dataclass(slots=True, kw_only=True)
class SweepersClock(VirtualClock):
    """The port Clock. `shards`: how many partitions the due index has. `restless`: leave no round out."""

    region: str
    replica: Replica
    process: Process
    shards: int
    restless: bool
    hears: HearPeer | None = None
    _last: _Sight | None = None
    _entries: tuple[DueEntry, ...] = ()
    _entries_at: int = -1
    _reads_all_by: float = 0.0

    async def sleep(self, seconds: float) -> None:
        """See Clock. Returns at the end of one of so many such sleeps: when the next round may differ from the last."""
        await pass_time(seconds)
        sight = await self._look()
        goes_on = self.restless or seconds < PAUSE_SECONDS  # sooner than usual: adoption has more to look at (seed 843)
        goes_on = goes_on or self.monotonic() < self._reads_all_by
        while self._last is not None and not goes_on and self._alike(sight, self._last):
            await self._something_new()
            await pass_time(seconds)
            sight = await self._look()
        if self._came_late(sight):
            self._reads_all_by = self.monotonic() + READ_AGAIN_SECONDS + PAUSE_SECONDS
        self._last = sight

    def _came_late(self, sight: _Sight) -> bool:
        """Whether something is due that the next round need not see, as it lies before what that reads."""
        before = frozenset() if self._last is None else self._last.due
        long_ago = add_seconds(self.now(), PAUSE_SECONDS - LATE_SECONDS)
        return any(entry.due_at < long_ago for entry in sight.due - before)

    async def _something_new(self) -> None:
        """Wait until something is written or falls due: until then a look sees what the last one saw."""
        loop = asyncio.get_running_loop()
        bell = self.replica.next_change()
        now = self.now()
        later = [entry.due_at for entry in self._entries if entry.due_at > now]
        alarm = None
        if later and not bell.done():
            alarm = loop.call_later(seconds_between(now, min(later)), _ring, bell)
        await bell
        if alarm is not None:
            alarm.cancel()

    async def _look(self) -> _Sight:
        if self._entries_at != self.replica.changes:
            await self._read_entries()
        now = self.now()
        due = frozenset(entry for entry in self._entries if entry.due_at <= now)
        verdict = self.replica.table.verdicts.get(self.region)
        lost = verdict is not None and (verdict.lost or verdict.looks_back(now))
        return _Sight(due, verdict, self.process.refusals, self.replica.changes if lost else None, self._is_held_back())

    def _is_held_back(self) -> bool:
        return self.hears is not None and self.hears.holds_back

    async def _read_entries(self) -> None:
        index = MemoryProjections(self.replica.table)
        remembered = self.replica.remembered
        pages = [await remembered.due(index, self.region, LANE, shard) for shard in range(self.shards)]
        self._entries = tuple(entry for page in pages for entry in page)
        self._entries_at = self.replica.changes

    @staticmethod
    def _alike(now: _Sight, before: _Sight) -> bool:
        """Entries that are gone give a round nothing to do."""
        if now.held_back or before.held_back:
            return False
        return now.due <= before.due and (now.verdict, now.refusals, now.changes) == (
            before.verdict,
            before.refusals,
            before.changes,
        )


def _ring(bell: asyncio.Future[None]) -> None:
    if not bell.done():
        bell.set_result(None)


@dataclass(slots=True, kw_only=True)
class WatchersClock(VirtualClock):
    """The port Clock of a simulated sentinel: it sleeps long when all is well for good, as no verdict changes then."""

    calm: Callable[[], bool]

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await pass_time(CALM_SECONDS if self.calm() else seconds)
