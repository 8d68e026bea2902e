"""New work is turned away from a lane whose queue is too long, before anything is written; accepted work never is."""

from dataclasses import replace

import pytest

from functions.adapters.memory import MemoryHistory
from functions.adapters.memory_flow import MemoryFlow
from functions.application.admit_job import AdmitJob
from functions.application.submit_turn import SubmitTurn
from functions.application.watch_flow import FRESH_SECONDS, WatchFlow
from functions.domain.admission import LONGEST_RETRY_SECONDS
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.lane_flow import DepthSample, LaneDepth
from functions.domain.moments import add_seconds
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import EAST, Region, request, two_regions

BOUNDS = {"critical": 3600.0, "standard": 1800.0, "batch": 900.0}
ASKED = request("walk", lane="batch", input={})


def door(region: Region, book: MemoryFlow) -> AdmitJob:
    submit = region.submit_job()
    return AdmitJob(
        turns=SubmitTurn(submit_job=submit, turns=region.call_child().turns),
        history=MemoryHistory(region.table),
        flow=WatchFlow(book=book, clock=region.clock),
        bounds=BOUNDS,
        clock=region.clock,
        region=EAST,
    )


def begun() -> tuple[Region, MemoryFlow, AdmitJob]:
    east, _ = two_regions(Effects().walker(1))
    book = MemoryFlow(east.table)
    return east, book, door(east, book)


async def fill(region: Region, book: MemoryFlow, waiting: int, lane: str = "batch") -> None:
    """Have so many wait for a minute of which nobody has taken anything: each is thought to take that minute."""
    now = region.clock.now()
    await book.put_sample(EAST, DepthSample(now, {lane: LaneDepth(waiting, 0, add_seconds(now, -60))}))


@in_virtual_time
async def test_work_for_a_lane_whose_queue_is_too_long_is_turned_away_and_told_when_it_would_start() -> None:
    east, book, admit = begun()
    await fill(east, book, 16)
    with pytest.raises(AntipodeError) as caught:
        await admit.submit(ASKED)
    assert caught.value.code == "lane_full"
    assert caught.value.row.status == 429
    assert caught.value.extra == {
        "lane": "batch",
        "estimated_start": add_seconds(east.clock.now(), 960),
        "estimated_wait_seconds": 960.0,
        "bound_seconds": 900.0,
        "retry_after_seconds": 60,
    }
    assert caught.value.detail == (
        "lane 'batch' takes in no new work: it would start in about 16 min, the lane's bound is 15 min; "
        "come again in 60 s"
    )
    assert not east.table.segments
    assert not east.lanes.queues["batch"]


@in_virtual_time
async def test_batch_is_turned_away_first_and_critical_last_and_other_lanes_are_not_asked() -> None:
    for waiting, closed in ((15, ""), (16, "batch"), (31, "batch standard"), (61, "batch standard critical")):
        for lane in BOUNDS:
            east, book, admit = begun()
            await fill(east, book, waiting, lane)
            turned_away = []
            for asked in BOUNDS:
                try:
                    await admit.submit(replace(ASKED, lane=asked, idempotency_key=asked))
                except AntipodeError:
                    turned_away.append(asked)
            assert turned_away == ([lane] if lane in closed.split() else [])


@in_virtual_time
async def test_a_submit_that_was_accepted_is_answered_as_before_however_long_the_queue_has_become() -> None:
    east, book, admit = begun()
    first = await admit.submit(ASKED)
    await pass_time(FRESH_SECONDS)
    await fill(east, book, 10_000)
    assert await admit.submit(ASKED) == first
    with pytest.raises(AntipodeError, match="another body") as conflict:
        await admit.submit(replace(ASKED, input={"other": 1}))
    assert conflict.value.code == "idempotency_conflict"
    with pytest.raises(AntipodeError, match="takes in no new work") as caught:
        await admit.submit(replace(ASKED, idempotency_key=None))
    assert caught.value.extra["retry_after_seconds"] == LONGEST_RETRY_SECONDS


@in_virtual_time
async def test_without_statistics_everybody_is_let_in() -> None:
    east, book, admit = begun()
    assert (await admit.submit(ASKED))["status"] == "queued"
    await fill(east, book, 10_000)
    await pass_time(31)  # the sentinel has died
    assert (await admit.submit(replace(ASKED, idempotency_key="other")))["status"] == "queued"


@in_virtual_time
async def test_a_book_that_refuses_lets_everybody_in() -> None:
    east, book, admit = begun()
    await fill(east, book, 10_000)
    book.table = replace(book.table, refusing=True)
    assert (await admit.submit(ASKED))["status"] == "queued"


@in_virtual_time
async def test_work_that_is_to_start_later_than_the_queue_is_long_is_let_in() -> None:
    east, book, admit = begun()
    await fill(east, book, 16)
    assert (await admit.submit(replace(ASKED, delay_seconds=3600)))["status"] == "queued"


@in_virtual_time
async def test_jobs_that_an_accepted_job_calls_do_not_come_through_the_door() -> None:
    east, book, _ = begun()
    await fill(east, book, 10_000)
    parent: dict[str, Json] = {"job_id": "job_" + "b" * 32, "step": "call#1", "chain": [["planner", "0" * 64]]}
    await east.submit_job().submit_child("job_" + "a" * 32, ASKED, parent)
    assert len(east.table.segments) == 1


@in_virtual_time
async def test_a_lane_that_nobody_knows_is_refused_for_what_it_is() -> None:
    _, _, admit = begun()
    with pytest.raises(AntipodeError) as caught:
        await admit.submit(replace(ASKED, lane="express"))
    assert caught.value.code == "unknown_lane"


@in_virtual_time
async def test_whether_a_submit_is_known_must_be_read_before_it_is_turned_away() -> None:
    east, book, admit = begun()
    await fill(east, book, 16)
    await admit.flow.of(EAST)
    east.table.refusing = True
    with pytest.raises(AntipodeError) as caught:
        await admit.submit(ASKED)
    assert caught.value.code == "state_unavailable"
