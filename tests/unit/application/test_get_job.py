"""Reading one job: from either Region, by its own tenant only, at once or when it is finished."""

import asyncio

import pytest

from functions.adapters.memory import MemoryHistory
from functions.application.get_job import GetJob, WaitForJob
from functions.domain.errors import AntipodeError
from functions.domain.ids import job_id
from functions.domain.job.events import JobSucceeded, Json
from functions.domain.job.history import Segment
from functions.domain.payload import INLINE_BYTES, reference_in
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    TENANT,
    WEST,
    Region,
    advance,
    replicate,
    request,
    submitted,
    two_regions,
)


def get_job(region: Region) -> GetJob:
    return GetJob(history=MemoryHistory(region.table), payloads=region.keep_payloads, region=region.name)


async def refused(region: Region, tenant: str, job: str) -> str:
    with pytest.raises(AntipodeError) as caught:
        await get_job(region).get(tenant, job)
    return caught.value.code


@in_virtual_time
async def test_both_regions_show_the_same_job_as_soon_as_they_hold_the_same_items() -> None:
    east, west = two_regions(Effects().walker(2))
    await advance(east, await submitted(east, "walk"))
    assert (await get_job(west).get(TENANT, JOB))["status"] == "queued"
    replicate(east, west)
    view = await get_job(west).get(TENANT, JOB)
    assert view == await get_job(east).get(TENANT, JOB)
    assert (view["status"], view["result"]) == ("succeeded", ["trodden 1", "trodden 2"])


@in_virtual_time
async def test_a_job_of_another_tenant_is_as_unknown_as_none_and_as_what_is_no_id() -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    assert await refused(east, "somebody else", JOB) == "job_not_found"
    assert await refused(east, TENANT, job_id(TENANT, "never submitted")) == "job_not_found"
    east.table.refusing = True
    assert await refused(east, TENANT, "../../etc/passwd") == "job_not_found"


@in_virtual_time
async def test_a_table_that_refuses_says_nothing_of_the_job() -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    east.table.refusing = True
    assert await refused(east, TENANT, JOB) == "state_unavailable"


@in_virtual_time
async def test_a_result_that_is_kept_as_a_payload_is_shown_as_its_value() -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    value: Json = ["x" * INLINE_BYTES]
    recorded = await east.keep_payloads.externalise(TENANT, value, INLINE_BYTES + 4)
    assert reference_in(recorded) is not None
    east.put(Segment(JOB, 1, EAST, 2, (JobSucceeded(at=east.clock.now(), result=recorded),)))
    view = await get_job(east).get(TENANT, JOB)
    assert (view["status"], view["result"]) == ("succeeded", value)
    assert (await east.submit_job().submit(request("walk", input={})))["result"] == value


@in_virtual_time
async def test_a_job_that_only_its_home_has_says_so_there() -> None:
    east, west = two_regions(Effects().walker(1))
    west.table.refusing = True
    await submitted(east, "walk")
    west.table.refusing = False
    assert (await get_job(east).get(TENANT, JOB))["durability"] == "local"
    replicate(east, west)
    assert (await get_job(west).get(TENANT, JOB))["durability"] == "both"
    assert west.name == WEST


@in_virtual_time
async def test_waiting_ends_with_the_job() -> None:
    east, _ = two_regions(Effects().walker(1, seconds=7))
    running = asyncio.create_task(advance(east, await submitted(east, "walk")))
    view = await WaitForJob(get_job=get_job(east), clock=east.clock).wait(TENANT, JOB, 30)
    assert view["status"] == "succeeded"
    assert 7 <= east.clock.monotonic() <= 8.01
    await running


@in_virtual_time
async def test_waiting_ends_with_the_time_and_shows_the_job_as_it_is() -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    await pass_time(3)
    view = await WaitForJob(get_job=get_job(east), clock=east.clock).wait(TENANT, JOB, 5)
    assert view["status"] == "queued"
    assert east.clock.monotonic() == 8


@in_virtual_time
async def test_waiting_for_no_time_looks_once() -> None:
    east, _ = two_regions(Effects().walker(1))
    await east.submit_job().submit(request("walk", input={}))
    assert (await WaitForJob(get_job=get_job(east), clock=east.clock).wait(TENANT, JOB, 0))["status"] == "queued"
    assert east.clock.monotonic() == 0
