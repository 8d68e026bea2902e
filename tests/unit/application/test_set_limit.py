"""Limits are set in one Region and hold in both, and the last word counts whatever the Regions' clocks say."""

import pytest

from functions.adapters.memory import MemoryTable
from functions.adapters.memory_switches import MemorySwitches
from functions.application.set_limit import LimitRequest, ListLimits, SetLimit
from functions.domain.errors import AntipodeError
from functions.domain.limits import scope_of_agent, scope_of_key
from functions.domain.switches import WHOLE_TENANT
from tests.simulation.virtual_time import VirtualClock, in_virtual_time
from tests.unit.application.stories import agent_of
from tests.unit.application.test_set_switch import SlowClock
from tests.unit.application.two_regions import EAST, WEST, Shelf

ASKED = LimitRequest(scope=WHOLE_TENANT, by="ann", concurrency=3, starts_per_minute=0.5)


def regions() -> tuple[SetLimit, SetLimit]:
    east, west = MemorySwitches(MemoryTable()), MemorySwitches(MemoryTable())
    shelf = Shelf([agent_of(lambda ctx: ctx.sleep(0), "probe")])
    return (
        SetLimit(limits=east, peer=west, agents=shelf, clock=VirtualClock(), region=EAST),
        SetLimit(limits=west, peer=east, agents=shelf, clock=SlowClock(), region=WEST),
    )


@in_virtual_time
async def test_a_limit_holds_in_both_regions_at_once() -> None:
    east, west = regions()
    shown = {"concurrency": 3, "starts_per_minute": 0.5, "at": east.clock.now(), "by": "ann", "region": EAST}
    assert await east.set("acme", ASKED) == {"scope": "tenant", **shown, "durability": "both"}
    await east.set("acme", LimitRequest(scope=scope_of_key("crm"), by="ann", concurrency=1))
    for region in (east, west):
        listed = await ListLimits(limits=region.limits).list("acme")
        assert listed == {
            "limits": [
                {
                    "scope": "key",
                    "key": "crm",
                    "concurrency": 1,
                    "at": shown["at"],
                    "by": "ann",
                    "region": EAST,
                },
                {"scope": "tenant", **shown},
            ]
        }


@in_virtual_time
async def test_whoever_speaks_last_is_heard_though_its_clock_is_years_behind() -> None:
    east, west = regions()
    await east.set("acme", ASKED)
    answer = await west.set("acme", LimitRequest(scope=WHOLE_TENANT, by="bob"))
    assert answer["region"] == WEST
    for region in (east, west):
        assert await ListLimits(limits=region.limits).list("acme") == {"limits": []}


@in_virtual_time
async def test_without_the_peer_it_holds_here() -> None:
    east, west = regions()
    assert isinstance(west.limits, MemorySwitches)
    west.limits.table.refusing = True
    assert (await east.set("acme", ASKED))["durability"] == "local"


@in_virtual_time
async def test_an_agent_that_does_not_exist_is_refused() -> None:
    east, _ = regions()
    with pytest.raises(AntipodeError) as caught:
        await east.set("acme", LimitRequest(scope=scope_of_agent("prob"), by="ann", concurrency=1))
    assert (caught.value.code, caught.value.field) == ("unknown_agent", "name")
