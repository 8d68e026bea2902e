"""Dismissing takes a letter off the list, in both Regions, and leaves alone what it is about."""

import pytest

from functions.application.redrive_job import RedriveRequest
from functions.domain.dead_letter import LetterFilter
from functions.domain.job.events import Json
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.application.shops import dismissal, failed_orders, ids, listed, statuses
from tests.unit.application.two_regions import TENANT, Region, refuse_table, replicate


async def dismissed(region: Region, names: list[str] | None = None) -> dict[str, Json]:
    return await dismissal(region).dismiss(TENANT, wanted=LetterFilter(), ids=names)


@in_virtual_time
async def test_what_is_dismissed_is_not_listed_and_stays_failed() -> None:
    _, east, fleet = await failed_orders(3)
    assert await dismissed(east, ids(1)) == {"dismissed": 1, "next": None}
    assert sorted(await listed(east)) == sorted(ids(3)[1:])
    assert await dismissed(east) == {"dismissed": 2, "next": None}
    assert await listed(east) == []
    assert statuses(east, 3) == {"failed": 3}
    fleet.sweeping = True
    await fleet.pass_time(3600.0)
    assert await listed(east) == []
    assert await dismissed(east, ids(3)) == {"dismissed": 0, "next": None}


@pytest.mark.parametrize("reachable", [True, False])
def test_one_that_the_other_region_wrote_is_dismissed_whether_that_can_be_reached_or_not(reachable: bool) -> None:
    async def program() -> None:
        _, east, _ = await failed_orders(2)
        west = east.peer
        replicate(east, west)
        if not reachable:
            refuse_table(east)
        assert await dismissed(west, ids(1)) == {"dismissed": 1, "next": None}
        assert await listed(west) == ids(2)[1:]
        east.table.refusing = False
        replicate(west, east)
        replicate(east, west)
        assert await listed(east) == await listed(west) == ids(2)[1:]

    run_virtually(program())


@in_virtual_time
async def test_a_dismissed_job_can_be_redriven_and_is_listed_anew_when_it_fails_again() -> None:
    _, east, fleet = await failed_orders(1)
    await dismissed(east)
    await fleet.pass_time(1.0)
    assert await east.redrive_job().redrive(TENANT, ids(1), RedriveRequest(name="r", by="ann")) == {}
    await fleet.rest()
    assert await listed(east) == ids(1)


@in_virtual_time
async def test_a_preview_counts_and_shows_and_writes_nothing() -> None:
    _, east, _ = await failed_orders(25)
    before = dict(east.table.dead)
    seen = await dismissal(east).preview(TENANT, wanted=LetterFilter(agent="shop"), ids=None)
    shown = seen["dead_letters"]
    assert isinstance(shown, list)
    assert (seen["count"], seen["more"], len(shown)) == (25, False, 20)
    one = await dismissal(east).preview(TENANT, wanted=LetterFilter(), ids=[*ids(1), "job_" + "a" * 32])
    assert one["count"] == 1
    assert east.table.dead == before
