"""What comes into the due index late: the newest entries are read in each round, all behind the cursor now and then."""

from dataclasses import replace

import pytest

from functions.application.sweep_jobs import CURSOR_MARGIN_SECONDS, LATE_SECONDS
from functions.domain.ids import job_id
from functions.domain.job.history import Segment
from functions.domain.moments import add_seconds
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import EAST, STALL_SECONDS, TENANT, submitted, two_regions
from tests.unit.domain.job.writing import submitted as submission


@pytest.mark.parametrize(("late", "within"), [(LATE_SECONDS - 5, 5), (CURSOR_MARGIN_SECONDS - 65, 60)])
@in_virtual_time
async def test_a_warm_sweeper_finds_an_entry_that_has_come_into_the_index_late(late: float, within: float) -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    sweep = east.sweep_jobs()
    for _ in range(20):
        await pass_time(5)
        await sweep.sweep()
    at_last = east.clock.monotonic()
    name = job_id(TENANT, "late")
    submitted_at = add_seconds(east.clock.now(), -STALL_SECONDS - late)
    east.put(Segment(name, 1, EAST, 1, (replace(submission(), at=submitted_at),)))
    east.waiting()
    while name not in {send.message.job_id for send in east.waiting()}:
        await sweep.sweep()
        await pass_time(5)
        assert east.clock.monotonic() - at_last <= within + 5
