"""What stands in a long queue is not queued again and again by the sweeper."""

import pytest

from functions.adapters.memory_flow import MemoryFlow
from functions.application.await_turn import AwaitTurn
from functions.application.watch_flow import WatchFlow
from functions.domain.lane_flow import DepthSample, LaneCounts, LaneDepth, bucket_of
from functions.domain.moments import add_seconds
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import EAST, Region, submitted, two_regions
from tests.unit.application.written_history import written
from tests.unit.domain.job.writing import started
from tests.unit.domain.job.writing import submitted as submission


async def behind_a_queue_of(region: Region, seconds: float) -> AwaitTurn:
    """A lane whose workers begin with one message a second, and have so many waiting for them."""
    book, now = MemoryFlow(region.table), region.clock.now()
    for ago in range(0, 120, 10):
        await book.add(EAST, bucket_of(add_seconds(now, -ago)), {"standard": LaneCounts(starts=10)})
    await book.put_sample(EAST, DepthSample(now, {"standard": LaneDepth(round(seconds), 10, add_seconds(now, -40.0))}))
    return AwaitTurn(clock=region.clock, region=EAST, flow=WatchFlow(book=book, clock=region.clock))


@pytest.mark.parametrize(
    ("queue", "put_back"),
    [
        (20, [30, 60, 120, 240, 480, 780]),
        (45, [60, 120, 240, 480, 780]),
        (200, [200, 400, 700]),
        (5000, [300, 600, 900]),
    ],
)
@in_virtual_time
async def test_a_job_in_a_long_queue_gets_no_second_hint_before_its_turn_has_come_or_five_minutes_are_over(
    queue: float, put_back: list[float]
) -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    sweep, began = east.sweep_jobs(), east.clock.monotonic()
    found = []
    for _ in range(190):
        await pass_time(5)
        sweep.turns = await behind_a_queue_of(east, queue)
        found += [east.clock.monotonic() - began] * (await sweep.sweep()).put_back
    assert found == put_back


@in_virtual_time
async def test_a_job_that_a_worker_has_begun_with_is_put_back_however_long_the_queue_is() -> None:
    east, _ = two_regions(Effects().walker(1))
    east.put(written(1, EAST, 1, submission(), started()))
    await pass_time(60)
    sweep = east.sweep_jobs()
    sweep.turns = await behind_a_queue_of(east, 5000)
    assert (await sweep.sweep()).put_back == 1
