"""Go through all that a Region has not finished, by its own partitions of the due index, in bounded batches.

Evacuation and return both have to see to each such job, however far off it is due. An entry that comes meanwhile is
found by the next walk.
"""

from collections.abc import AsyncIterator, Sequence

from functions.application.adopt_jobs import LAST, PAGE, behind
from functions.application.ports import Projections
from functions.domain.job.history import DueEntry
from functions.domain.lanes import DUE_SHARDS

#: So many jobs are seen to at once: as many calls as a process has threads for.
BATCH = 16


async def walk_due(projections: Projections, lanes: Sequence[str], region: str) -> AsyncIterator[Sequence[DueEntry]]:
    """Yield the entries in batches, each job once a page, the most important lane first. Raises StateUnavailable."""
    for lane in lanes:
        for shard in range(DUE_SHARDS):
            position = behind(await projections.read_cursor(region, lane, shard))
            while True:
                page = await projections.due(region, lane, shard, after=position, upto=LAST, limit=PAGE)
                entries = list({entry.job_id: entry for entry in page}.values())
                for start in range(0, len(entries), BATCH):
                    yield entries[start : start + BATCH]
                if len(page) < PAGE:
                    break
                position = page[-1].position
