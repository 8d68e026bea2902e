"""Reading a history: every event once, in order, from any number on."""

from typing import Any

import pytest

from functions.adapters.memory import MemoryHistory
from functions.application.list_job_events import ListJobEvents
from functions.domain.errors import AntipodeError
from functions.domain.job.history import Segment
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import EAST, JOB, TENANT, WEST, Region, advance, submitted, two_regions
from tests.unit.domain.job.writing import adopted, started, step
from tests.unit.domain.job.writing import submitted as submission


async def events(region: Region, after: int = 0, limit: int = 100) -> Any:
    return await ListJobEvents(history=MemoryHistory(region.table)).list(TENANT, JOB, after, limit)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_pages_hold_every_event_once_in_order(limit: int) -> None:
    @in_virtual_time
    async def program() -> None:
        east, _ = two_regions(Effects().walker(2))
        await advance(east, await submitted(east, "walk"))
        seen: list[Any] = []
        after = 0
        while (page := await events(east, after, limit))["events"]:
            seen += page["events"]
            after = page["next"]
        assert [event["sequence"] for event in seen] == [1, 2, 3, 4, 5]
        assert [event["kind"] for event in seen] == east.kinds()
        assert page["next"] == 5

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
