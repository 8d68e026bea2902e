"""How often the sweeper looks at jobs that no worker has begun with: they most likely stand in a long queue."""

from functions.domain.job.history import Segment
from functions.domain.moments import add_seconds
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import EAST, JOB, STALL_SECONDS, submitted, two_regions
from tests.unit.domain.job.writing import started


@in_virtual_time
async def test_a_job_that_a_worker_has_begun_with_is_put_back_each_time_it_stalls() -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    east.put(Segment(JOB, 1, EAST, 2, (started(),)))
    sweep = east.sweep_jobs()
    put_back = 0
    for _ in range(100):
        await pass_time(5)
        put_back += (await sweep.sweep()).put_back
    assert put_back == 500 // STALL_SECONDS


@in_virtual_time
async def test_a_job_for_a_later_time_is_put_back_at_that_time_and_then_as_one_that_was_submitted_then() -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk", run_at=add_seconds(east.clock.now(), 600))
    await pass_time(600 + STALL_SECONDS)
    sweep = east.sweep_jobs()
    assert (await sweep.sweep()).put_back == 1
    await pass_time(STALL_SECONDS - 0.001)
    assert (await sweep.sweep()).put_back == 0
    await pass_time(0.001)
    assert (await sweep.sweep()).put_back == 1
