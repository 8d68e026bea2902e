"""What was read of a replica, remembered until something is written from which it was read.

A run reads the same jobs again and again, each time from a whole table in memory. What is written makes forgotten what
was read of its job, and what was read of the due index; whatever else there is stands.
"""

from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter
from sys import maxsize
from typing import Any, TypeVar

from functions.adapters.memory import MemoryProjections
from functions.application.adopt_jobs import LAST
from functions.domain.job.history import DueEntry

Read = TypeVar("Read")

#: Where in the key of an item its job is named.
_JOB_IN = {"segments": 0, "heads": 0, "arrivals": 0, "snapshots": 0, "dead": 2}
_IN_INDEX = ("segments", "heads", "arrivals")
_position = attrgetter("position")


class Remembered:
    """Of one replica."""

    def __init__(self) -> None:
        self._of_jobs: dict[str, dict[str, Any]] = {}
        self._due: dict[tuple[str, str, int], Sequence[DueEntry]] = {}

    def forget(self, space: str, key: Any) -> None:
        """Something was written there."""
        if space in _JOB_IN:
            self._of_jobs.pop(key[_JOB_IN[space]], None)
        if space in _IN_INDEX:
            self._due.clear()

    def forget_everything(self) -> None:
        """The replica was lost."""
        self._of_jobs.clear()
        self._due.clear()

    async def of_job(self, job_id: str, what: str, read: Callable[[], Awaitable[Read]]) -> Read:
        """Return what was read of a job under that name, or read it: in memory, where nothing is waited for."""
        found: Read | None = self.at_once(job_id, what)
        if found is None:
            found = await read()
            self.keep(job_id, what, found)
        return found

    def at_once(self, job_id: str, what: str) -> Any:
        """Return what is remembered of a job under that name; None when nothing is."""
        known = self._of_jobs.get(job_id)
        return None if known is None else known.get(what)

    def keep(self, job_id: str, what: str, found: object) -> None:
        """Remember it."""
        self._of_jobs.setdefault(job_id, {})[what] = found

    async def due(self, store: MemoryProjections, region: str, lane: str, shard: int) -> Sequence[DueEntry]:
        """Return all entries of a partition of the due index, in its order."""
        known = self._due.get((region, lane, shard))
        if known is None:
            known = await store.due(region, lane, shard, after="", upto=LAST, limit=maxsize)
            self._due[region, lane, shard] = known
        return known


def page(entries: Sequence[DueEntry], after: str, upto: str, limit: int) -> Sequence[DueEntry]:
    """Return those that a query for them would: behind a position, due by a moment, and so many at most."""
    first = bisect_right(entries, after, key=_position) if after else 0
    return [entry for entry in entries[first:] if entry.due_at <= upto][:limit]
