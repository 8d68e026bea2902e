"""Adoption of many jobs: whom the sweeper leaves it to, in which order, and within what bounds."""

from collections.abc import Sequence
from typing import Any

import pytest

from functions.adapters.memory import MemoryProjections
from functions.adapters.memory_flow import MemoryFlow
from functions.application import adopt_jobs
from functions.application.watch_flow import FRESH_SECONDS, WatchFlow
from functions.domain.job.decider import ORPHANED
from functions.domain.job.history import DueEntry
from functions.domain.lane_flow import DepthSample, LaneDepth
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import (
    EAST,
    STALL_SECONDS,
    WEST,
    replicate,
    request,
    two_regions,
)
from tests.unit.application.written_history import west_with, written
from tests.unit.domain.job.writing import at
from tests.unit.domain.job.writing import submitted as submission


@in_virtual_time
async def test_of_many_jobs_the_workers_are_told_and_each_is_hinted_once() -> None:
    effects = Effects()
    east, west = two_regions(effects.walker(1))
    for number in range(30):
        await east.submit_job().submit(request("walk", input={}, idempotency_key=f"east {number}"))
    replicate(east, west)
    adopt = west.adopt_jobs()
    adopt.directly = 20
    report = await adopt.adopt(lost_since=at(20), heard_at=at(0), seconds=5)
    sends = west.waiting()
    assert (report.examined, report.adopted, report.left) == (30, 0, False)
    assert {send.message.reason for send in sends} == {ORPHANED}
    assert len({send.message.job_id for send in sends}) == len(sends) == 30
    assert (await adopt.adopt(lost_since=at(20), heard_at=at(0), seconds=5)).examined == 0
    await pass_time(STALL_SECONDS)
    report = await adopt.adopt(lost_since=at(20), heard_at=at(0), seconds=5)
    assert (report.examined, report.adopted) == (30, 30)  # no worker was there


@in_virtual_time
async def test_what_was_seen_to_before_the_loss_comes_last_and_is_adopted_all_the_same() -> None:
    west = west_with(written(1, EAST, 1, submission()))
    await pass_time(600)
    order = []

    class Noting(MemoryProjections):
        async def due(self, region: str, *where: Any, **bounds: Any) -> Sequence[DueEntry]:
            order.append((region, bounds["after"]))
            return await MemoryProjections.due(self, region, *where, **bounds)

    adopt = west.adopt_jobs()
    adopt.projections = Noting(west.table)
    report = await adopt.adopt(lost_since=at(600), heard_at=at(580), seconds=5)
    assert report.adopted == 1
    of_peer = [after for region, after in order if region == EAST]
    assert of_peer.index("") > max(index for index, after in enumerate(of_peer) if after == at(565))


@in_virtual_time
async def test_a_process_that_follows_looks_last_at_what_its_region_has_adopted_already() -> None:
    west = west_with(written(1, EAST, 1, submission()))
    await west.adopt_jobs().adopt(lost_since=at(0), heard_at=at(0))
    follower = west.adopt_jobs()
    assert (await follower.adopt(lost_since=at(0), heard_at=at(0))).examined == 0
    assert (await follower.adopt(lost_since=at(0), heard_at=at(0))).examined == 1


@in_virtual_time
async def test_a_lane_on_which_new_work_would_wait_too_long_is_left_alone() -> None:
    west = west_with(written(1, EAST, 1, submission()))
    book = MemoryFlow(west.table)
    now = west.clock.now()
    await book.put_sample(WEST, DepthSample(now, {"standard": LaneDepth(5000, 10, at(-600))}))
    adopt = west.adopt_jobs()
    adopt.flow, adopt.bounds = WatchFlow(book=book, clock=west.clock), {"standard": 60.0}
    report = await adopt.adopt()
    assert (report.adopted, report.left) == (0, True)
    await pass_time(FRESH_SECONDS)
    await book.put_sample(WEST, DepthSample(west.clock.now(), {"standard": LaneDepth(0, 10, None)}))
    report = await adopt.adopt()
    assert (report.adopted, report.left) == (1, False)


@in_virtual_time
async def test_a_pass_ends_when_its_time_is_over_and_the_next_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopt_jobs, "BATCH", 2)
    effects = Effects()
    east, west = two_regions(effects.walker(1))
    for number in range(60):
        await east.submit_job().submit(request("walk", input={}, idempotency_key=f"east {number}"))
    replicate(east, west)
    adopt = west.adopt_jobs()
    adopt.pace.per_second = 10
    began = west.clock.monotonic()
    first = await adopt.adopt(seconds=3)
    assert first.left
    assert 0 < first.adopted < 60
    assert west.clock.monotonic() - began <= 3 + 4 * 2 / 10
    assert first.adopted + (await adopt.adopt(seconds=60)).adopted == 60
