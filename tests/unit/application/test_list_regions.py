"""What a Region says of both."""

from collections.abc import Callable

import pytest

from functions.application.list_regions import ListRegions
from functions.domain.errors import AntipodeError
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


def list_regions(region: Region) -> ListRegions:
    return ListRegions(
        register=region.register,
        lanes=region.lanes,
        clock=region.clock,
        region=region.name,
        peer_region=region.peer.name,
        peer_stale_seconds=20.0,
    )


@in_virtual_time
async def test_heartbeats_verdict_and_lanes_are_told_as_they_are_known_here() -> None:
    east, west = two_regions(Effects().walker(1))
    await east.submit_job().submit(request("walk", input={}))
    await east.register.beat(Heartbeat(EAST, NOON, 1))
    await east.register.put_verdict(Verdict(EAST, WEST, True, NOON))
    await pass_time(19)
    assert await list_regions(east).list() == {
        "answered_by": EAST,
        "regions": [
            {"name": EAST, "heartbeat_at": NOON, "heartbeat_age_seconds": 19.0, "fresh": True},
            {"name": WEST, "heartbeat_at": None, "heartbeat_age_seconds": None, "fresh": False},
        ],
        "lanes": {
            "critical": {"waiting": 0, "in_flight": 0},
            "standard": {"waiting": 1, "in_flight": 0},
            "batch": {"waiting": 0, "in_flight": 0},
        },
        "peer": {"region": WEST, "lost": True, "since": NOON},
    }
    assert west.name == WEST


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
