"""What stands in a long queue is not queued again and again by the sweeper."""

import pytest

from functions.adapters.memory import MemoryProjections
from functions.adapters.memory_flow import MemoryFlow
from functions.application.await_turn import AwaitTurn
from functions.application.watch_flow import WatchFlow
from functions.domain.job.history import Head
from functions.domain.lane_flow import DepthSample, LaneCounts, LaneDepth, bucket_of
from functions.domain.moments import add_seconds
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    STALL_SECONDS,
    WEST,
    Crash,
    Fuse,
    Region,
    advance,
    request,
    submitted,
    two_regions,
)
from tests.unit.application.written_history import written
from tests.unit.domain.job.writing import adopted, at, started
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
        (45, [45, 90, 180, 360, 660]),
        (200, [200, 400, 700]),
        (700, [700]),
        (5000, [900]),
    ],
)
@in_virtual_time
async def test_a_job_in_a_long_queue_gets_no_second_hint_before_its_turn_has_come_or_a_quarter_of_an_hour_is_over(
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
    await MemoryProjections(east.table).put_head(Head(JOB, EAST, 1, 2, "running", "standard", at(STALL_SECONDS)))
    await pass_time(60)
    sweep = east.sweep_jobs()
    sweep.turns = await behind_a_queue_of(east, 5000)
    assert (await sweep.sweep()).put_back == 1


async def seconds_of_looks(region: Region, queue: float, *, anew: bool = False) -> list[float]:
    """After how many seconds a sweeper, or a new one each time, looks at anything, and puts it back."""
    sweep, began, found = region.sweep_jobs(), region.clock.monotonic(), []
    for _ in range(70):
        await pass_time(5)
        sweep = region.sweep_jobs() if anew else sweep
        sweep.turns = await behind_a_queue_of(region, queue)
        report = await sweep.sweep()
        assert report.examined == report.put_back
        found += [region.clock.monotonic() - began] * report.examined
    return found


@pytest.mark.parametrize("anew", [False, True])
@in_virtual_time
async def test_nobody_looks_at_a_job_that_stands_in_a_long_queue_until_its_turn_should_have_come(anew: bool) -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    assert await seconds_of_looks(east, 250, anew=anew) == [250]


@in_virtual_time
async def test_what_stands_in_a_queue_is_seen_to_at_once_when_the_queue_is_gone() -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    sweep = east.sweep_jobs()
    await pass_time(60)
    sweep.turns = await behind_a_queue_of(east, 5000)
    assert (await sweep.sweep()).examined == 0
    sweep.turns = await behind_a_queue_of(east, 10)
    assert (await sweep.sweep()).put_back == 1


@in_virtual_time
async def test_a_job_that_is_to_run_in_an_hour_gets_its_hint_in_time_though_its_lane_has_a_long_queue() -> None:
    east, _ = two_regions(Effects().walker(1))
    await east.submit_job().submit(request("walk", input={}, delay_seconds=3600))
    sweep, began = east.sweep_jobs(), east.clock.monotonic()
    moments = []
    for _ in range(3600 // 5):
        await pass_time(5)
        sweep.turns = await behind_a_queue_of(east, 5000)
        await sweep.sweep()
        moments += [east.clock.monotonic() - began + send.delay_seconds for send in east.waiting()]
    assert moments == [3600]


@in_virtual_time
async def test_an_adopted_job_is_looked_at_in_time_however_long_the_queue_is() -> None:
    east, _ = two_regions(Effects().walker(1))
    east.put(written(1, WEST, 1, submission(), started()), written(2, EAST, 1, adopted(1, WEST, 2)))
    await pass_time(60)
    sweep = east.sweep_jobs()
    sweep.turns = await behind_a_queue_of(east, 5000)
    assert (await sweep.sweep()).examined == 1


class DiesBeforeItsFirstAppend(Fuse):
    """A worker that has begun with a job, and has written nothing into its history."""

    async def burn(self, what: str) -> None:
        """See Fuse."""
        if what == "before append":
            raise Crash


@in_virtual_time
async def test_a_job_whose_worker_dies_at_once_is_found_in_time_though_it_had_stood_in_a_long_queue() -> None:
    east, _ = two_regions(Effects().walker(1))
    message = await submitted(east, "walk")
    await pass_time(200)
    with pytest.raises(Crash):
        await advance(east, message, DiesBeforeItsFirstAppend())
    await pass_time(STALL_SECONDS)
    sweep = east.sweep_jobs()
    sweep.turns = await behind_a_queue_of(east, 5000)
    assert (await sweep.sweep()).examined == 1


@in_virtual_time
async def test_a_job_that_a_worker_begins_with_at_once_is_noted_nowhere_else() -> None:
    east, _ = two_regions(Effects().walker(1))
    message = await submitted(east, "walk")
    with pytest.raises(Crash):
        await advance(east, message, DiesBeforeItsFirstAppend())
    assert east.head(JOB) is None
