"""What a Region says of both."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.adapters.memory_flow import MemoryFlow
from functions.adapters.memory_leases import MemoryLeases
from functions.adapters.memory_standings import MemoryStandings
from functions.application.list_regions import ListRegions
from functions.application.watch_flow import WatchFlow
from functions.domain.errors import AntipodeError
from functions.domain.lane_flow import DepthSample, LaneCounts, LaneDepth
from functions.domain.moments import add_seconds
from functions.domain.ownership.lease import Lease, Phase
from functions.domain.ownership.verdict import Heartbeat, Verdict
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import (
    EAST,
    WEST,
    Region,
    refuse_lanes,
    refuse_table,
    request,
    two_regions,
)
from tests.unit.domain.job.writing import NOON

IDLE = {
    "estimated_wait_seconds": None,
    "oldest_wait_seconds": None,
    "started_per_minute": 0.0,
    "ended_per_minute": 0.0,
    "failed_per_minute": 0.0,
    "admitting": True,
}
ACTIVE = {"phase": "active"}
BOUNDS = {"critical": 3600.0, "standard": 1800.0, "batch": 900.0}


def list_regions(region: Region, book: MemoryFlow | None = None, leases: MemoryLeases | None = None) -> ListRegions:
    book = book or MemoryFlow(region.table)
    return ListRegions(
        register=region.register,
        lanes=region.lanes,
        flow=WatchFlow(book=book, clock=region.clock),
        bounds=BOUNDS,
        clock=region.clock,
        region=region.name,
        peer_region=region.peer.name,
        peer_stale_seconds=20.0,
        leases=leases,
        standings=MemoryStandings(region.table),
    )


@in_virtual_time
async def test_heartbeats_verdict_and_lanes_are_told_as_they_are_known_here() -> None:
    east, west = two_regions(Effects().walker(1))
    await east.submit_job().submit(request("walk", input={}))
    await east.register.beat(Heartbeat(EAST, NOON, 1))
    await east.register.put_verdict(Verdict(EAST, WEST, True, NOON))
    await pass_time(19)
    own = {
        name: {**IDLE, "waiting": int(name == "standard"), "in_flight": 0, "bound_seconds": bound}
        for name, bound in BOUNDS.items()
    }
    peers = {name: {**lane, "waiting": None, "in_flight": None} for name, lane in own.items()}
    assert await list_regions(east).list() == {
        "answered_by": EAST,
        "regions": [
            {
                "name": EAST,
                "heartbeat_at": NOON,
                "heartbeat_age_seconds": 19.0,
                "fresh": True,
                "standing": ACTIVE,
                "lanes": own,
            },
            {
                "name": WEST,
                "heartbeat_at": None,
                "heartbeat_age_seconds": None,
                "fresh": False,
                "standing": ACTIVE,
                "lanes": peers,
            },
        ],
        "lanes": own,
        "peer": {"region": WEST, "lost": True, "since": NOON},
    }
    assert west.name == WEST


@in_virtual_time
async def test_each_regions_lanes_are_told_as_they_flow_and_a_full_one_says_so() -> None:
    east, _ = two_regions()
    book = MemoryFlow(east.table)
    now = east.clock.now()
    await book.add(WEST, now, {"batch": LaneCounts(starts=6, ends=5, failures=1)})
    full = DepthSample(now, {"batch": LaneDepth(5000, 20, add_seconds(now, -60)), "critical": LaneDepth(0, 0)})
    await book.put_sample(WEST, full)
    answer: Any = await list_regions(east, book).list()
    batch, critical = (answer["regions"][1]["lanes"][name] for name in ("batch", "critical"))
    assert batch == {
        "waiting": 5000,
        "in_flight": 20,
        "estimated_wait_seconds": 50_000.0,
        "oldest_wait_seconds": 60.0,
        "started_per_minute": 6.0,
        "ended_per_minute": 5.0,
        "failed_per_minute": 1.0,
        "bound_seconds": 900.0,
        "admitting": False,
    }
    assert critical["admitting"]
    assert answer["lanes"]["batch"]["admitting"]


@in_virtual_time
async def test_a_heartbeat_is_fresh_until_the_peer_counts_as_stale() -> None:
    east, _ = two_regions()
    await east.register.beat(Heartbeat(WEST, NOON, 1))
    await pass_time(20)
    answer = await list_regions(east).list()
    assert isinstance(answer["regions"], list)
    peer = answer["regions"][1]
    assert isinstance(peer, dict)
    assert (peer["heartbeat_age_seconds"], peer["fresh"]) == (20.0, False)
    assert answer["peer"] == {"region": WEST, "lost": False, "since": None}


@pytest.mark.parametrize(("refuse", "code"), [(refuse_table, "state_unavailable"), (refuse_lanes, "lane_unavailable")])
def test_what_refuses_is_named(refuse: Callable[[Region], None], code: str) -> None:
    @in_virtual_time
    async def program() -> None:
        east, _ = two_regions()
        refuse(east)
        with pytest.raises(AntipodeError) as caught:
            await list_regions(east).list()
        assert caught.value.code == code

    program()


@in_virtual_time
async def test_who_holds_each_lease_is_told_and_how_long_that_may_be_relied_upon() -> None:
    east, _ = two_regions(Effects().walker(1))
    leases = MemoryLeases({EAST: Lease(EAST, EAST), WEST: Lease(WEST, WEST).moved(EAST, Phase.TAKEN, NOON)})
    told: Any = await list_regions(east, leases=leases).list()
    held = {"holder": EAST, "term": 1, "phase": "held", "renewal": 1, "valid_for_seconds": 7.0}
    taken = {"holder": EAST, "term": 2, "phase": "taken", "renewal": 2, "valid_for_seconds": 0.0}
    assert [region["lease"] for region in told["regions"]] == [held, taken]


@in_virtual_time
async def test_a_control_table_that_does_not_answer_leaves_the_rest_to_be_told() -> None:
    east, _ = two_regions(Effects().walker(1))
    told: Any = await list_regions(east, leases=MemoryLeases(refusing=True)).list()
    assert [region["lease"] for region in told["regions"]] == [None, None]
    alone: Any = await list_regions(east).list()
    assert all("lease" not in region for region in alone["regions"])
