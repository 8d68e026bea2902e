"""A redrive of many: at its rate, through each job's own lane, on in the other Region, harmless when repeated."""

from typing import Any

import pytest

from functions.agents.redrive import redrive
from functions.application.request_change import ChangeRequest, RequestChange
from functions.domain.dead_letter import LetterFilter, LetterType
from functions.domain.job.arrivals import ArrivalKind
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.application.fleet import Deadly, Fleet
from tests.unit.application.shops import asked, failed_orders, listed, result_of, start, statuses
from tests.unit.application.tellers import HOOK
from tests.unit.application.two_regions import (
    EAST,
    TENANT,
    WEST,
    Region,
    refuse_lanes,
    refuse_table,
    replicate,
    two_regions,
)
from tests.unit.application.undelivered import Undelivered, given_up


async def begun(region: Region, **fields: Any) -> str:
    """Begin a redrive and return its job."""
    view = await start(region).start(asked(**fields))
    return str(view["id"])


@in_virtual_time
async def test_every_letter_goes_on_through_its_own_lane_and_keeps_its_steps() -> None:
    shop, east, fleet = await failed_orders(30)
    shop.mended = True
    job = await begun(east, rate=100.0)
    (send,) = east.waiting()
    assert (send.lane, send.message.job_id) == ("critical", job)
    await east.lanes.send([send])
    await fleet.until(lambda: statuses(east, 30) == {"succeeded": 30})
    await fleet.rest()
    assert result_of(east, job) == {"redriven": 30, "refused": {}, "examples": {}}
    assert shop.diary.entries.count("look") == 30
    assert {send.lane for send in east.waiting()} <= {"batch"}
    assert await listed(east) == []


@in_virtual_time
async def test_it_keeps_to_its_rate() -> None:
    shop, east, fleet = await failed_orders(40)
    shop.mended = True
    began = east.clock.monotonic()
    await begun(east, rate=4.0)
    await fleet.until(lambda: statuses(east, 40) == {"succeeded": 40})
    moments = [moment - began for moment in shop.paid]
    assert 8.0 < max(moments) < 12.0
    for second in range(10):
        assert sum(second <= moment < second + 1 for moment in moments) <= 8


@in_virtual_time
async def test_a_fast_one_is_done_by_a_child_for_each_shard_side_by_side() -> None:
    shop, east, fleet = await failed_orders(60)
    shop.mended = True
    began = east.clock.monotonic()
    job = await begun(east, rate=500.0)
    await fleet.until(lambda: statuses(east, 60) == {"succeeded": 60} and east.state(job).finished)
    assert result_of(east, job) == {"redriven": 60, "refused": {}, "examples": {}}
    assert max(shop.paid) - began < 2.0
    redrives = {row.segment.job_id for row in east.table.segments.values()}
    assert sum(east.state(each).job.agent == "redrive" for each in redrives) == 5


@in_virtual_time
async def test_only_what_its_filter_takes_is_redriven() -> None:
    shop, east, fleet = await failed_orders(3)
    shop.mended = True
    jobs = await listed(east)
    job = await begun(east, ids=[jobs[1], "job_" + "a" * 32])
    other = await begun(east, wanted=LetterFilter(agent="nobody"))
    await fleet.finish(job, other)
    await fleet.rest()
    assert await listed(east) == [jobs[0], jobs[2]]
    assert result_of(east, job) == {
        "redriven": 1,
        "refused": {"job_not_found": 1},
        "examples": {"job_" + "a" * 32: "job_not_found"},
    }


@in_virtual_time
async def test_webhooks_go_on_beside_jobs_by_one_worker_and_by_shards() -> None:
    shop, region, fleet = await failed_orders(4)
    shop.mended = True
    east = Undelivered(region)
    await east.have(HOOK)
    for rate, numbers, count in ((100.0, range(5), 9), (500.0, range(5, 20), 15)):
        await east.give_up(*(given_up(number) for number in numbers))
        job = await begun(region, rate=rate)
        await fleet.finish(job)
        await fleet.rest()
        assert result_of(region, job) == {"redriven": count, "refused": {}, "examples": {}}
    assert statuses(region, 4) == {"succeeded": 4}
    assert sorted(each.detail["sequence"] for each in east.sent()) == list(range(20))
    assert await listed(region) == []


@pytest.mark.parametrize("died", range(0, 30, 2))
def test_wherever_its_worker_dies_each_webhook_is_sent_and_any_duplicate_has_its_id(died: int) -> None:
    async def program() -> None:
        region, _ = two_regions(redrive)
        east = Undelivered(region)
        await east.have(HOOK)
        await east.give_up(*(given_up(number) for number in range(4)))
        fleet = Fleet(region, fuse=Deadly(died))
        job = await begun(region, wanted=LetterFilter(type=LetterType.WEBHOOK), rate=1.0)
        await fleet.until(lambda: region.state(job).finished)
        assert region.state(job).status == "succeeded"
        assert {each.detail["sequence"] for each in east.sent()} == set(range(4))
        assert len(east.sent()) in (4, 5)  # they go out one by one at this rate
        assert await listed(region) == []
        assert fleet.fuse.blown

    run_virtually(program())


@pytest.mark.parametrize("died", range(0, 60, 3))
def test_wherever_its_worker_dies_each_is_redriven_once(died: int) -> None:
    async def program() -> None:
        shop, east, fleet = await failed_orders(4)
        fleet = Fleet(east, fuse=Deadly(died))
        shop.mended = True
        job = await begun(east, rate=2.0)
        await fleet.until(lambda: statuses(east, 4) == {"succeeded": 4} and east.state(job).finished)
        assert shop.diary.entries.count("look") == 4
        assert fleet.fuse.blown

    run_virtually(program())


@in_virtual_time
async def test_two_at_once_over_the_same_letters_redrive_each_once() -> None:
    shop, east, fleet = await failed_orders(20)
    jobs = [await begun(east, rate=10.0) for _ in range(2)]
    await fleet.finish(*jobs)
    await fleet.rest()
    kinds = [item.event.kind for job in await listed(east) for item in east.state(job).history]
    assert kinds.count("redriven") in range(20, 41)
    shop.mended = True
    await fleet.finish(await begun(east))
    await fleet.rest()
    assert statuses(east, 20) == {"succeeded": 20}


@in_virtual_time
async def test_what_fails_again_is_not_redriven_by_the_same_redrive() -> None:
    _, east, fleet = await failed_orders(6)
    job = await begun(east, rate=1.0)
    await fleet.finish(job)
    await fleet.rest()
    assert sorted(east.state(each).redrives for each in await listed(east)) == [1] * 6


@in_virtual_time
async def test_cancelled_it_stops_between_two_pages() -> None:
    _, east, fleet = await failed_orders(20)
    job = await begun(east, rate=1.0)
    await fleet.pass_time(5.0)
    send = east.send_arrival()
    change = RequestChange(history=send.history, send=send, clock=east.clock, entropy=east.entropy, region=east.name)
    await change.request(TENANT, job, ChangeRequest(kind=ArrivalKind.CANCEL, by="ann"))
    await fleet.finish(job)
    assert east.state(job).status == "cancelled"
    done = sum(east.state(each).redrives for each in await listed(east))
    assert 4 <= done <= 10


@in_virtual_time
async def test_the_other_region_goes_on_with_it_when_its_own_is_lost() -> None:
    shop, east, fleet = await failed_orders(12)
    west = east.peer
    shop.mended = True
    job = await begun(east, rate=2.0)
    await fleet.pass_time(2.5)
    replicate(east, west)
    fleet.kill_workers()
    refuse_table(east)
    refuse_lanes(east)
    survivors, adopt = Fleet(west), west.adopt_jobs()
    for _ in range(5):  # what the survivor redrives while it is alone, it adopts as it comes by
        await adopt.adopt()
        await survivors.pass_time(5.0)
    assert (west.state(job).status, statuses(west, 12)) == ("succeeded", {"succeeded": 12})
    assert west.state(job).owner_region == WEST != EAST
    assert shop.diary.entries.count("look") == 12
