"""Writing and showing schedules: nothing is written that could not fire, and what is written both Regions have."""

from typing import Any

import pytest

from functions.application.set_schedule import MOST_SCHEDULES
from functions.domain.errors import AntipodeError
from tests.simulation.virtual_time import in_virtual_time, pass_time, run_virtually
from tests.unit.application.scheduled_regions import NAME, scheduled
from tests.unit.application.two_regions import TENANT, refuse_table
from tests.unit.domain.job.writing import EAST, NOON, at


@in_virtual_time
async def test_a_schedule_is_shown_as_it_was_written_with_its_next_fires_in_both_regions() -> None:
    world = scheduled()
    view = await world.set(world.east, cron="0 9 * * MON-FRI", time_zone="Europe/Berlin", lane="batch", catch_up=3)
    assert view["durability"] == "both"
    assert view["next_fires"][:2] == ["2026-11-23T08:00:00.000Z", "2026-11-24T08:00:00.000Z"]
    told = {name: value for name, value in view.items() if name != "durability"}
    assert {
        "home_region": EAST,
        "overlap": "skip",
        "catch_up": {"all": 3},
        "paused": False,
        "updated_at": NOON,
    }.items() <= (told.items())
    for region in (world.east, world.west):
        assert await world.showing(region).show(TENANT, NAME) == told
        listed = await world.showing(region).list(TENANT, 1)
        assert listed == {
            "schedules": [
                {
                    **{name: value for name, value in told.items() if name != "input"},
                    "next_fires": told["next_fires"][:1],
                }
            ]
        }


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"cron": "99 * * * *"}, "invalid_body", "cron"),
        ({"time_zone": "Mars/X"}, "invalid_body", "time_zone"),
        ({"agent": "nobody"}, "unknown_agent", "agent"),
        ({"agent": "session"}, "unknown_agent", "agent"),
        ({"lane": "gpu"}, "unknown_lane", "lane"),
        ({"input": 5}, "invalid_body", "input"),
    ],
)
def test_what_could_not_fire_is_refused_and_nothing_is_written(wrong: dict[str, Any], code: str, field: str) -> None:
    async def program() -> None:
        world = scheduled()
        with pytest.raises(AntipodeError) as refused:
            await world.set(world.east, **wrong)
        assert (refused.value.code, refused.value.field) == (code, field)
        assert not world.schedules[EAST].settings

    run_virtually(program())


@in_virtual_time
async def test_a_peer_that_does_not_answer_leaves_the_schedule_here_alone_and_says_so() -> None:
    world = scheduled()
    refuse_table(world.west)
    assert (await world.set(world.east))["durability"] == "local"


@in_virtual_time
async def test_a_deleted_schedule_is_not_there_any_more_and_may_be_written_anew() -> None:
    world = scheduled()
    await world.set(world.east)
    await pass_time(30)
    gone = await world.setting(world.west).delete(TENANT, NAME, "bob")
    assert (gone["deleted"], gone["durability"]) == (True, "both")
    for region in (world.east, world.west):
        assert await world.showing(region).list(TENANT) == {"schedules": []}
        with pytest.raises(AntipodeError, match="no schedule is named"):
            await world.showing(region).show(TENANT, NAME)
    with pytest.raises(AntipodeError, match="no schedule is named"):
        await world.setting(world.east).delete(TENANT, NAME, "bob")
    await pass_time(100)
    view = await world.set(world.east)
    assert view["next_fires"][0] == at(180)  # what came while it was not there does not count


@in_virtual_time
async def test_writing_it_again_forgets_nothing_that_is_due_but_a_new_timing_begins_now() -> None:
    world = scheduled()
    await world.set(world.east)
    await pass_time(61)
    await world.set(world.east, input={})
    assert await world.fire(world.east) == 1  # 12:01 was due
    await world.east.work()
    await pass_time(60)
    await world.set(world.east, cron="*/2 * * * *")
    assert await world.fire(world.east) == 0


@in_virtual_time
async def test_a_tenant_has_so_many_schedules_and_no_more() -> None:
    world = scheduled()
    for number in range(MOST_SCHEDULES):
        await world.set(world.east, f"s{number}")
    with pytest.raises(AntipodeError, match="as many as a tenant may have"):
        await world.set(world.east, "one-more")
    await world.set(world.east, "s5", paused=True)
    await world.setting(world.east).delete(TENANT, "s5", "ann")
    await world.set(world.east, "one-more")


@in_virtual_time
async def test_how_late_the_last_fire_was_is_shown() -> None:
    world = scheduled()
    await world.set(world.east)
    await pass_time(61.5)
    await world.fire(world.east)
    view = await world.showing(world.east).show(TENANT, NAME)
    (fire,) = (await world.record(world.east)).last
    assert (view["lag_seconds"], view["last_fires"]) == (
        1.5,
        [{"moment": at(60), "outcome": "fired", "at": at(61.5), "job": fire.job}],
    )
