"""A walk sees every job that a Region has not finished, however far off it is due, the most important lane first."""

from functions.adapters.memory import MemoryProjections
from functions.application.walk_due import BATCH, walk_due
from functions.domain.job.history import Head
from functions.domain.moments import add_seconds
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.two_regions import EAST, WEST, two_regions
from tests.unit.domain.job.writing import NOON


@in_virtual_time
async def test_all_jobs_of_the_region_are_seen_in_bounded_batches() -> None:
    east, _ = two_regions()
    for number in range(250):
        lane = ("standard", "critical", "batch")[number % 3]
        head = Head(f"job-{number}", EAST, 1, 1, "waiting", lane, add_seconds(NOON, number * 86_400.0))
        east.table.heads[head.job_id, EAST] = head
    east.table.heads["of the peer", WEST] = Head("of the peer", WEST, 1, 1, "waiting", "standard", NOON)
    seen = [batch async for batch in walk_due(MemoryProjections(east.table), east.lanes.names(), EAST)]
    assert max(map(len, seen)) <= BATCH
    jobs = [entry.job_id for batch in seen for entry in batch]
    assert (len(jobs), set(jobs)) == (250, {f"job-{number}" for number in range(250)})
    assert all(int(job.removeprefix("job-")) % 3 == 1 for job in jobs[:83])
