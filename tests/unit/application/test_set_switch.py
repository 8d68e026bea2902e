"""Switches are set in one Region, hold in both, and the last word counts whatever the Regions' clocks say."""

from dataclasses import dataclass

import pytest

from functions.adapters.memory import MemoryTable
from functions.adapters.memory_switches import MemorySwitches
from functions.application.set_switch import ListSwitches, SetSwitch
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.switches import in_force, pausing
from tests.simulation.virtual_time import VirtualClock, in_virtual_time
from tests.unit.application.stories import agent_of
from tests.unit.application.two_regions import EAST, WEST, Shelf


@dataclass
class SlowClock(VirtualClock):
    """A clock that is behind."""

    def now(self) -> str:
        return "2020-01-01T00:00:00.000Z"


def regions() -> tuple[SetSwitch, SetSwitch]:
    """Return the use case in both Regions; the second one's clock is years behind."""
    east, west = MemorySwitches(MemoryTable()), MemorySwitches(MemoryTable())
    shelf = Shelf([agent_of(lambda ctx: ctx.sleep(0), "probe")])
    return (
        SetSwitch(switches=east, peer=west, agents=shelf, clock=VirtualClock(), region=EAST),
        SetSwitch(switches=west, peer=east, agents=shelf, clock=SlowClock(), region=WEST),
    )


async def put(region: SetSwitch, agent: str | None, paused: bool, reason: str | None = None) -> dict[str, Json]:
    return await region.set("acme", agent, paused=paused, by="ann", reason=reason)


@in_virtual_time
async def test_a_switch_holds_in_both_regions_at_once() -> None:
    east, west = regions()
    answer = await put(east, "probe", True, "bad release")
    assert answer == {
        "scope": "agent",
        "agent": "probe",
        "paused": True,
        "at": east.clock.now(),
        "by": "ann",
        "region": EAST,
        "reason": "bad release",
        "durability": "both",
    }
    for region in (east, west):
        assert pausing(await region.switches.read("acme"), "probe") is not None


@in_virtual_time
async def test_whoever_speaks_last_is_heard_though_its_clock_is_years_behind() -> None:
    east, west = regions()
    await put(east, None, True)
    await put(west, None, False)
    for region in (east, west):
        assert pausing(await region.switches.read("acme"), "probe") is None
    await put(east, None, True)
    await put(west, None, False)
    assert pausing(await east.switches.read("acme"), "probe") is None


@in_virtual_time
async def test_each_region_writes_its_own_switch_only() -> None:
    east, west = regions()
    await put(east, None, True)
    await put(west, None, False)
    assert {switch.region: switch.paused for switch in await east.switches.read("acme")} == {EAST: True, WEST: False}


@in_virtual_time
async def test_without_the_peer_a_switch_holds_here_and_says_so() -> None:
    east, west = regions()
    assert isinstance(west.switches, MemorySwitches)
    west.switches.table.refusing = True
    assert (await put(east, None, True))["durability"] == "local"


@in_virtual_time
async def test_an_agent_that_does_not_exist_cannot_be_paused() -> None:
    east, _ = regions()
    with pytest.raises(AntipodeError, match="no agent is named 'prob'; there are probe") as refused:
        await put(east, "prob", True)
    assert refused.value.code == "unknown_agent"
    assert await east.switches.read("acme") == []


@in_virtual_time
async def test_what_is_paused_is_listed_with_what_holds_of_each() -> None:
    east, west = regions()
    await put(east, "probe", True, "why")
    await put(west, "probe", False)
    await put(east, None, True)
    listed = (await ListSwitches(switches=west.switches).list("acme"))["switches"]
    assert isinstance(listed, list)
    said = [(each["scope"], each.get("agent"), each["paused"]) for each in listed if isinstance(each, dict)]
    assert said == [("agent", "probe", False), ("tenant", None, True)]
    assert len(in_force(await west.switches.read("acme"))) == 2
    assert (await ListSwitches(switches=west.switches).list("rival")) == {"switches": []}
