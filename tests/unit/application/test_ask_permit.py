"""Whether an attempt may begin: first the switches are asked, then the limits."""

from dataclasses import replace

import pytest

from functions.adapters.memory import CountingEntropy, MemoryLanes, MemoryTable
from functions.adapters.memory_limits import MemoryLimits
from functions.adapters.memory_switches import MemorySwitches
from functions.application.ask_permit import PUT_OFF, PUT_OFF_SECONDS, ask_permit
from functions.application.heed_limits import LIMITED, NO_LIMIT, HeedLimits, NotYet, Permit
from functions.application.ports import StateUnavailable
from functions.application.watch_switches import WatchSwitches
from functions.domain.job.history import Segment
from functions.domain.job.state import JobState, fold
from functions.domain.limits import Limit
from functions.domain.moments import seconds_between
from functions.domain.switches import WHOLE_TENANT, Switch
from tests.simulation.virtual_time import VirtualClock, in_virtual_time
from tests.unit.domain.job.writing import EAST, JOB, NOON, submitted

SWITCH = Switch(tenant="acme", scope=WHOLE_TENANT, region=EAST, paused=True, at=NOON, by="ann")
LIMIT = Limit(tenant="acme", scope=WHOLE_TENANT, region=EAST, concurrency=1, starts_per_minute=None, at=NOON, by="ann")


def job() -> JobState:
    state = fold((Segment(JOB, 1, EAST, 1, (submitted(),)),))
    assert state is not None
    return state


class Worker:
    """What one worker asks."""

    def __init__(self) -> None:
        self.table = MemoryTable()
        self.switches, clock, self.entropy = MemorySwitches(self.table), VirtualClock(), CountingEntropy()
        self.rules = WatchSwitches(switches=self.switches, clock=clock)
        self.limits = HeedLimits(
            rules=self.rules,
            book=MemoryLimits(self.table),
            lanes=MemoryLanes(),
            clock=clock,
            entropy=self.entropy,
        )
        self.clock = clock

    async def ask(self) -> Permit | NotYet:
        return await ask_permit(self.rules, self.limits, JOB, job(), self.clock.now(), self.entropy)


@in_virtual_time
async def test_a_job_under_no_rule_may_run() -> None:
    assert await Worker().ask() is NO_LIMIT


@in_virtual_time
async def test_a_paused_one_is_put_off_and_takes_no_slot() -> None:
    worker = Worker()
    await worker.switches.put(SWITCH)
    await worker.switches.put_limit(LIMIT)
    found = await worker.ask()
    assert isinstance(found, NotYet)
    assert found.status == PUT_OFF
    assert 0.8 * PUT_OFF_SECONDS <= seconds_between(worker.clock.now(), found.until) <= PUT_OFF_SECONDS
    assert await worker.limits.book.slots("acme#tenant") == []


@in_virtual_time
async def test_the_second_attempt_at_a_job_waits_until_the_first_ones_lease_is_over() -> None:
    worker = Worker()
    await worker.switches.put_limit(LIMIT)
    first = await worker.ask()
    assert isinstance(first, Permit)
    second = await worker.ask()
    assert isinstance(second, NotYet)
    assert second.status == LIMITED
    async with first:
        pass
    assert isinstance(await worker.ask(), Permit)


@in_virtual_time
async def test_a_redriven_job_reserves_a_start_and_one_that_goes_on_does_not() -> None:
    worker = Worker()
    await worker.switches.put_limit(replace(LIMIT, concurrency=None, starts_per_minute=1.0))
    for _ in range(2):
        assert isinstance(await worker.limits.ask(JOB, job()), Permit)
        assert isinstance(await worker.limits.ask(JOB, replace(job(), attempts=3)), Permit)
    redriven = await worker.limits.ask(JOB, replace(job(), attempts=3, redrives=1))
    assert isinstance(redriven, NotYet)
    assert seconds_between(worker.clock.now(), redriven.until) == 60.0


@in_virtual_time
async def test_of_a_table_that_refuses_no_permit_is_had() -> None:
    worker = Worker()
    await worker.switches.put_limit(LIMIT)
    await worker.rules.pausing("acme", "probe")
    worker.table.refusing = True
    with pytest.raises(StateUnavailable):
        await worker.ask()
