"""Health: it says ok only while this Region can read its state and see its lanes, and never asks the peer."""

from collections.abc import Callable

import pytest

from functions.adapters.memory_flow import MemoryFlow
from functions.adapters.memory_standings import MemoryStandings
from functions.application.check_health import CheckHealth
from functions.application.watch_flow import WatchFlow
from functions.domain.errors import AntipodeError
from functions.domain.lane_flow import DepthSample, LaneDepth
from functions.domain.moments import add_seconds
from functions.domain.ownership.standing import Order, Phase, Progress
from functions.domain.ownership.verdict import Heartbeat
from tests.simulation.virtual_time import VirtualClock, in_virtual_time
from tests.unit.application.two_regions import EAST, Region, refuse_lanes, refuse_table, two_regions
from tests.unit.domain.job.writing import NOON


def check_health(
    region: Region, book: MemoryFlow | None = None, standings: MemoryStandings | None = None
) -> CheckHealth:
    return CheckHealth(
        register=region.register,
        lanes=region.lanes,
        flow=WatchFlow(book=book or MemoryFlow(region.table), clock=VirtualClock()),
        clock=VirtualClock(),
        region=region.name,
        standings=standings or MemoryStandings(region.table),
    )


@in_virtual_time
async def test_a_region_is_well_while_it_reads_its_state_and_sees_its_lanes() -> None:
    east, west = two_regions()
    west.table.refusing = west.lanes.refusing = True
    assert await check_health(east).check() == {
        "status": "ok",
        "region": EAST,
        "heartbeat_at": None,
        "lanes": ["critical", "standard", "batch"],
        "lanes_move": None,
    }
    await east.register.beat(Heartbeat(EAST, NOON, 1))
    assert (await check_health(east).check())["heartbeat_at"] == NOON


@pytest.mark.parametrize(("refuse", "code"), [(refuse_table, "state_unavailable"), (refuse_lanes, "lane_unavailable")])
def test_a_region_is_unwell_with_503_when_either_refuses(refuse: Callable[[Region], None], code: str) -> None:
    @in_virtual_time
    async def program() -> None:
        east, _ = two_regions()
        refuse(east)
        with pytest.raises(AntipodeError) as caught:
            await check_health(east).check()
        assert (caught.value.code, caught.value.row.status) == (code, 503)

    program()


async def told_of(*, critical: LaneDepth, batch: LaneDepth) -> dict[str, object]:
    """Return what a Region answers whose sentinel has just seen its lanes so."""
    east, _ = two_regions()
    book = MemoryFlow(east.table)
    await book.put_sample(EAST, DepthSample(VirtualClock().now(), {"critical": critical, "batch": batch}))
    return dict(await check_health(east, book).check())


@in_virtual_time
async def test_a_region_of_which_no_worker_takes_anything_is_503_and_names_the_lanes() -> None:
    since = add_seconds(VirtualClock().now(), -200)
    with pytest.raises(AntipodeError, match="no worker takes anything from critical, batch") as caught:
        await told_of(critical=LaneDepth(2, 0, since, since), batch=LaneDepth(9, 0, since, since))
    assert (caught.value.code, caught.value.row.status) == ("lanes_still", 503)


@in_virtual_time
async def test_one_lane_that_stands_still_is_told_and_the_region_serves_on() -> None:
    since = add_seconds(VirtualClock().now(), -200)
    answer = await told_of(critical=LaneDepth(0, 2), batch=LaneDepth(9, 0, since, since))
    assert (answer["status"], answer["lanes_move"]) == ("ok", False)
    assert (await told_of(critical=LaneDepth(4, 2, since), batch=LaneDepth(0, 0)))["lanes_move"] is True


@in_virtual_time
async def test_a_region_that_was_told_to_go_or_is_not_back_yet_is_503_so_that_dns_moves_on() -> None:
    east, _ = two_regions()
    standings = MemoryStandings(east.table)
    await standings.put_order(Order(subject=EAST, region=EAST, away=True, at=NOON, by="ann"))
    with pytest.raises(AntipodeError, match="us-east-1 is evacuating") as caught:
        await check_health(east, standings=standings).check()
    assert (caught.value.code, caught.value.row.status) == ("region_evacuated", 503)
    returning = MemoryStandings(east.table)
    await returning.put_progress(Progress(region=EAST, phase=Phase.RETURNING, since=NOON))
    with pytest.raises(AntipodeError, match="us-east-1 is returning") as caught:
        await check_health(east, standings=returning).check()
    assert (caught.value.code, caught.value.row.status) == ("region_returning", 503)
