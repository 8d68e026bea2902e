"""An order is heard in both Regions, wherever it is given; and the last Region that works cannot be told to go."""

import pytest

from functions.application.set_standing import SetStanding
from functions.domain.errors import AntipodeError
from functions.domain.ownership.standing import Phase, phase_of
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.evacuated_regions import Pair, pair_of_regions
from tests.unit.application.two_regions import EAST, WEST, Region


def set_standing(pair: Pair, region: Region) -> SetStanding:
    return SetStanding(
        standings=pair.standings[region.name],
        peer=pair.standings[region.peer.name],
        clock=region.clock,
        region=region.name,
        peer_region=region.peer.name,
    )


@pytest.mark.parametrize("asked_again", [EAST, WEST])
@in_virtual_time
async def test_an_order_that_is_repeated_is_told_again_where_it_is_missing(asked_again: str) -> None:
    pair = pair_of_regions()
    pair.west.table.refusing = True
    first = await set_standing(pair, pair.east).set(EAST, away=True, by="ann", reason=None)
    again = await set_standing(pair, pair.east).set(EAST, away=True, by="ann", reason=None)
    assert (first["durability"], again["durability"]) == ("local", "local")
    pair.west.table.refusing = False
    region = pair.east if asked_again == EAST else pair.west
    last = await set_standing(pair, region).set(EAST, away=True, by="ann", reason=None)
    assert last["durability"] == "both"
    for standings in pair.standings.values():
        assert phase_of(await standings.read(EAST)) is Phase.EVACUATING


@pytest.mark.parametrize("asked", [EAST, WEST])
@in_virtual_time
async def test_an_order_given_in_either_region_is_known_in_both(asked: str) -> None:
    pair = pair_of_regions()
    region = pair.east if asked == EAST else pair.west
    answer = await set_standing(pair, region).set(EAST, away=True, by="ann", reason="stuck")
    assert (answer["region"], answer["durability"]) == (EAST, "both")
    for standings in pair.standings.values():
        assert phase_of(await standings.read(EAST)) is Phase.EVACUATING
    answer = await set_standing(pair, region.peer).set(EAST, away=False, by="bob", reason=None)
    for standings in pair.standings.values():
        assert phase_of(await standings.read(EAST)) is Phase.ACTIVE


@in_virtual_time
async def test_told_again_nothing_changes() -> None:
    pair = pair_of_regions()
    first = await set_standing(pair, pair.east).set(EAST, away=True, by="ann", reason=None)
    again = await set_standing(pair, pair.west).set(EAST, away=True, by="bob", reason=None)
    assert again == first
    untold = await set_standing(pair, pair.west).set(WEST, away=False, by="bob", reason=None)
    assert untold["standing"] == {"phase": "active"}


@in_virtual_time
async def test_a_peer_out_of_reach_learns_it_later() -> None:
    pair = pair_of_regions()
    pair.west.table.refusing = True
    answer = await set_standing(pair, pair.east).set(EAST, away=True, by="ann", reason=None)
    assert answer["durability"] == "local"


@in_virtual_time
async def test_the_last_region_that_works_is_not_told_to_go() -> None:
    pair = pair_of_regions()
    await set_standing(pair, pair.east).set(WEST, away=True, by="ann", reason=None)
    with pytest.raises(AntipodeError, match="last Region that works") as caught:
        await set_standing(pair, pair.east).set(EAST, away=True, by="ann", reason=None)
    assert (caught.value.code, caught.value.row.status) == ("last_region", 409)


@in_virtual_time
async def test_a_region_that_there_is_not_is_named() -> None:
    pair = pair_of_regions()
    with pytest.raises(AntipodeError, match="mars") as caught:
        await set_standing(pair, pair.east).set("mars", away=True, by="ann", reason=None)
    assert (caught.value.code, caught.value.field) == ("region_not_found", "region")
