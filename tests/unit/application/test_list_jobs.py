"""Listing: newest first, page by page, each job once."""

from typing import Any

import pytest

from functions.adapters.memory import MemoryHistory, MemoryProjections
from functions.application.list_jobs import ListJobs
from functions.domain.errors import AntipodeError
from functions.domain.ids import job_id
from functions.domain.job.history import Segment
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects, ask
from tests.unit.application.two_regions import EAST, JOB, TENANT, WEST, Region, advance, request, two_regions
from tests.unit.domain.job.writing import submitted as submission


def list_jobs(region: Region) -> ListJobs:
    return ListJobs(
        history=MemoryHistory(region.table), projections=MemoryProjections(region.table), region=region.name
    )


async def with_jobs(count: int) -> Region:
    east, _ = two_regions(Effects().walker(1), ask)
    for number in range(count):
        agent = "ask" if number % 3 == 0 else "walk"
        await east.submit_job().submit(request(agent, input={}, idempotency_key=f"{number}"))
        await pass_time(1)
    return east


async def all_pages(region: Region, limit: int, **filters: Any) -> list[str]:
    ids: list[str] = []
    before = None
    while True:
        page: Any = await list_jobs(region).list(TENANT, before, limit, **filters)
        ids += [view["id"] for view in page["jobs"]]
        before = page["next"]
        if before is None:
            return ids


@pytest.mark.parametrize("limit", [1, 3, 10, 11])
def test_pages_hold_every_job_once_newest_first(limit: int) -> None:
    @in_virtual_time
    async def program() -> None:
        east = await with_jobs(10)
        assert await all_pages(east, limit) == [job_id(TENANT, f"{number}") for number in reversed(range(10))]

    program()


@in_virtual_time
async def test_jobs_are_chosen_by_agent_and_by_status() -> None:
    east = await with_jobs(10)
    assert len(await all_pages(east, 4, agent="ask")) == 4
    first = next(send for send in east.waiting() if send.message.job_id == job_id(TENANT, "1"))
    await advance(east, first.message)
    assert await all_pages(east, 4, status="succeeded") == [job_id(TENANT, "1")]
    assert len(await all_pages(east, 4, status="queued")) == 9
    assert await all_pages(east, 4, status="queued", agent="nobody") == []


@in_virtual_time
async def test_a_tenant_sees_its_own_jobs_only() -> None:
    east = await with_jobs(3)
    assert await list_jobs(east).list("somebody else") == {"jobs": [], "next": None}


@pytest.mark.parametrize("apart", [0.0, 0.5])
def test_a_job_that_both_regions_accepted_is_listed_once(apart: float) -> None:
    @in_virtual_time
    async def program() -> None:
        _, west = two_regions()
        for region, seconds in ((EAST, 0.0), (WEST, apart)):
            west.put(Segment(JOB, 1, region, 1, (submission(seconds),)))
        assert await all_pages(west, 1) == [JOB]
        assert await all_pages(west, 10) == [JOB]

    program()


@in_virtual_time
async def test_an_entry_whose_job_has_not_arrived_is_passed_over() -> None:
    east = await with_jobs(2)

    class Ahead(MemoryHistory):
        async def read(self, job_id_: str) -> Any:
            record = await super().read(job_id_)
            return type(record)((), ()) if job_id_ == job_id(TENANT, "1") else record

    listing = ListJobs(history=Ahead(east.table), projections=MemoryProjections(east.table), region=EAST)
    page: Any = await listing.list(TENANT)
    assert [view["id"] for view in page["jobs"]] == [job_id(TENANT, "0")]


@in_virtual_time
async def test_a_table_that_refuses_is_unavailable() -> None:
    east = await with_jobs(1)
    east.table.refusing = True
    with pytest.raises(AntipodeError) as caught:
        await list_jobs(east).list(TENANT)
    assert caught.value.code == "state_unavailable"
