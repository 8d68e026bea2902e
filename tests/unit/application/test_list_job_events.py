"""Reading a history: every event once, in order, from any place on, in either Region, across an adoption."""

import asyncio
from typing import Any

import pytest

from functions.adapters.memory import MemoryHistory
from functions.application.list_job_events import ListJobEvents, WaitForJobEvents
from functions.domain.errors import AntipodeError
from functions.domain.job.cursor import Mark, read_mark
from functions.domain.job.history import Segment
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import EAST, JOB, TENANT, WEST, Region, advance, submitted, two_regions
from tests.unit.domain.job.writing import adopted, started, step
from tests.unit.domain.job.writing import submitted as submission


async def events(region: Region, after: Mark = 0, limit: int = 100) -> Any:
    return await ListJobEvents(history=MemoryHistory(region.table)).list(TENANT, JOB, after, limit)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_pages_hold_every_event_once_in_order(limit: int) -> None:
    @in_virtual_time
    async def program() -> None:
        east, _ = two_regions(Effects().walker(2))
        await advance(east, await submitted(east, "walk"))
        seen: list[Any] = []
        after: Mark = 0
        while (page := await events(east, after, limit))["events"]:
            seen += page["events"]
            after = read_mark(page["next"])
        assert [event["sequence"] for event in seen] == [1, 2, 3, 4, 5]
        assert [event["kind"] for event in seen] == east.kinds()
        assert (page["next"], page["finished"]) == ("1.us-east-1.5", True)

    program()


@in_virtual_time
async def test_events_name_the_epoch_and_region_that_wrote_them_and_superseded_ones_are_not_shown() -> None:
    _, west = two_regions()
    west.put(
        Segment(JOB, 1, EAST, 1, (submission(), started())),
        Segment(JOB, 1, EAST, 3, (step("superseded"),)),
        Segment(JOB, 2, WEST, 3, (adopted(1, EAST, 2),)),
    )
    shown = (await events(west))["events"]
    assert [(event["sequence"], event["epoch"], event["region"]) for event in shown] == [
        (1, 1, EAST),
        (2, 1, EAST),
        (3, 2, WEST),
    ]


@in_virtual_time
async def test_an_unknown_job_has_no_history() -> None:
    with pytest.raises(AntipodeError) as caught:
        await events(two_regions()[0])
    assert caught.value.code == "job_not_found"


def waits_in(region: Region) -> Any:
    return WaitForJobEvents(list_job_events=ListJobEvents(history=MemoryHistory(region.table)), clock=region.clock)


async def lose_a_region(east: Region, west: Region) -> None:
    """The home Region records a step that its peer never gets; the peer adopts, and brings the job to its end."""
    await submitted(east, "walk")
    first, second = Segment(JOB, 1, EAST, 2, (started(),)), Segment(JOB, 1, EAST, 3, (step("lost"),))
    east.put(first, second)
    west.put(*(row.segment for row in east.table.segments.values() if row.segment != second))
    await west.adopt_jobs().adopt()
    await west.work()


@in_virtual_time
async def test_a_client_that_moves_to_the_survivor_is_told_what_was_superseded_and_misses_nothing() -> None:
    east, west = two_regions(Effects().walker(2))
    await lose_a_region(east, west)
    seen = await events(east)
    assert [event["sequence"] for event in seen["events"]] == [1, 2, 3]
    after = await events(west, read_mark(seen["next"]))
    assert (after["rewound"], after["rewound_to"]) == (True, 2)
    assert after["events"][0]["kind"] == "adopted"
    kept = [event for event in seen["events"] if event["sequence"] <= after["rewound_to"]]
    assert [event["kind"] for event in kept + after["events"]] == west.kinds()
    assert (await events(west, read_mark(after["next"])))["rewound"] is False


@in_virtual_time
async def test_a_region_that_does_not_know_of_the_adoption_yet_says_that_it_is_behind() -> None:
    east, west = two_regions(Effects().walker(2))
    await lose_a_region(east, west)
    newest = (await events(west))["next"]
    answer = await events(east, read_mark(newest))
    assert (answer["events"], answer["behind"], answer["next"], answer["finished"]) == ([], True, newest, False)


@in_virtual_time
async def test_a_caller_who_waits_is_answered_as_soon_as_there_is_an_event() -> None:
    east, _ = two_regions(Effects().walker(2))
    await submitted(east, "walk")
    waiting = asyncio.create_task(waits_in(east).wait(TENANT, JOB, 1, 100, 20))
    await asyncio.sleep(0)
    began = east.clock.monotonic()
    await east.clock.sleep(5)
    east.put(Segment(JOB, 1, EAST, 2, (started(),)))
    assert [event["sequence"] for event in (await waiting)["events"]] == [2]
    assert 5 <= east.clock.monotonic() - began <= 6


@in_virtual_time
async def test_a_caller_who_waits_in_vain_is_answered_when_the_time_is_over() -> None:
    east, _ = two_regions(Effects().walker(2))
    await submitted(east, "walk")
    began = east.clock.monotonic()
    answer = await waits_in(east).wait(TENANT, JOB, 1, 100, 20)
    assert (answer["events"], answer["next"], answer["finished"]) == ([], "1.us-east-1.1", False)
    assert east.clock.monotonic() - began == pytest.approx(20)


@in_virtual_time
async def test_nobody_waits_for_events_after_the_end() -> None:
    east, west = two_regions(Effects().walker(2))
    await lose_a_region(east, west)
    newest = (await events(west))["next"]
    began = west.clock.monotonic()
    answer = await waits_in(west).wait(TENANT, JOB, read_mark(newest), 100, 20)
    assert (answer["events"], answer["finished"], west.clock.monotonic() - began) == ([], True, 0)
