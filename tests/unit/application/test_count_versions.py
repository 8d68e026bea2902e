"""Counting the unfinished jobs of each agent version."""

from unittest.mock import patch

from functions.adapters.memory import MemoryHistory, MemoryProjections
from functions.application.count_versions import UNREADABLE, CountVersions
from functions.sdk import Context, agent
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.agents import Nothing
from tests.unit.application.stories import cancelled
from tests.unit.application.two_regions import EAST, JOB, WEST, NewerHistory, Region, request, two_regions


@agent("naps", version="1")
async def old_naps(ctx: Context, asked: Nothing) -> int:
    """Sleeps for a day."""
    await ctx.sleep(86_400)
    return 1


@agent("naps", version="2")
async def new_naps(ctx: Context, asked: Nothing) -> int:
    """Sleeps for a day, as before."""
    await ctx.sleep(86_400)
    return 2


def counting(region: Region) -> CountVersions:
    projections = MemoryProjections(region.table)
    return CountVersions(history=MemoryHistory(region.table), projections=projections, regions=[EAST, WEST])


async def submit(region: Region, key: str) -> None:
    await region.submit_job().submit(request("naps", input={}, idempotency_key=key))


@in_virtual_time
async def test_unfinished_jobs_are_counted_by_the_version_that_they_started_with_whoever_owns_them() -> None:
    east, west = two_regions(old_naps)
    await submit(east, "one")
    await submit(west, "two")
    east.agents.agents = west.agents.agents = [new_naps, old_naps]
    await submit(east, "three")
    assert await counting(east).count() == {("naps", "1"): 2, ("naps", "2"): 1}


@in_virtual_time
async def test_finished_jobs_are_not_counted() -> None:
    east, _ = two_regions(old_naps)
    await submit(east, "one")
    await cancelled(east)
    await east.work()
    assert east.state(JOB).finished
    assert await counting(east).count() == {}


@in_virtual_time
async def test_a_job_that_only_a_newer_release_can_read_is_counted_as_such() -> None:
    east, _ = two_regions(old_naps)
    await submit(east, "one")
    count = CountVersions(
        history=NewerHistory(east.table), projections=MemoryProjections(east.table), regions=[EAST, WEST]
    )
    assert await count.count() == {UNREADABLE: 1}


@in_virtual_time
async def test_more_jobs_than_fit_on_a_page_are_all_counted() -> None:
    east, _ = two_regions(old_naps)
    for number in range(25):
        await submit(east, f"key-{number}")
    with patch("functions.application.count_versions.PAGE", 3):
        assert await counting(east).count() == {("naps", "1"): 25}
