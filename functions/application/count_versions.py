"""Count the unfinished jobs of each agent version, of all tenants: so that no version is taken away while jobs need it.

The due index leads to every unfinished job. The count is of a moment: a job that is submitted right after it on an old
version and then finds that version gone is stopped, and goes on once it is deployed again.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from functions.application.adopt_jobs import LAST, PAGE, behind
from functions.application.ports import HistoryStore, Projections
from functions.application.read_state import read_state
from functions.domain.job.events import UnreadableEvent
from functions.domain.lanes import DUE_SHARDS, Lane

#: What jobs count as whose history only a newer release can read.
UNREADABLE = ("(unreadable by this release)", "?")


@dataclass(frozen=True, slots=True, kw_only=True)
class CountVersions:
    """The use case of the operator. `regions` are both: each has the entries of the jobs that it owns."""

    history: HistoryStore
    projections: Projections
    regions: Sequence[str]

    async def count(self) -> Mapping[tuple[str, str], int]:
        """Return how many unfinished jobs there are of each (agent, version). Raises StateUnavailable."""
        shards = [(region, lane, shard) for region in self.regions for lane in Lane for shard in range(DUE_SHARDS)]
        found: set[str] = set()
        for entries in await asyncio.gather(*(self._jobs(*shard) for shard in shards)):
            found |= entries
        counted: Counter[tuple[str, str]] = Counter()
        jobs = sorted(found)
        for start in range(0, len(jobs), PAGE):
            counted.update(filter(None, await asyncio.gather(*map(self._version, jobs[start : start + PAGE]))))
        return counted

    async def _jobs(self, region: str, lane: str, shard: int) -> set[str]:
        position = behind(await self.projections.read_cursor(region, lane, shard))
        found: set[str] = set()
        while True:
            page = await self.projections.due(region, lane, shard, after=position, upto=LAST, limit=PAGE)
            found.update(entry.job_id for entry in page)
            if len(page) < PAGE:
                return found
            position = page[-1].position

    async def _version(self, job_id: str) -> tuple[str, str] | None:
        try:
            _, state = await read_state(self.history, job_id)
        except UnreadableEvent:
            return UNREADABLE
        return None if state is None or state.finished else (state.job.agent, state.job.agent_version)
