"""Limits in virtual time: never too many at once whatever dies, starts as far apart as was said, and nobody starved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from functions.adapters.memory_limits import MemoryLimits
from functions.application.heed_limits import CALLED, LIMITED, RESERVED_LOOK_SECONDS
from functions.application.limit_ports import LimitsInForce
from functions.application.ports import LaneSend
from functions.domain.lanes import LaneMessage
from functions.domain.limits import (
    LEASE_SECONDS,
    Limit,
    Slot,
    limiting,
    scope_of_agent,
    scope_of_key,
)
from functions.domain.moments import seconds_between
from functions.domain.switches import WHOLE_TENANT
from functions.sdk import Context
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.fleet import Fleet
from tests.unit.application.stories import agent_of, jobs_of
from tests.unit.application.two_regions import EAST, TENANT, Region, request, two_regions
from tests.unit.domain.job.writing import NOON


@dataclass(slots=True)
class Set(LimitsInForce):
    """Limits as a test sets them."""

    each: list[Limit] = field(default_factory=list)

    async def limiting(self, tenant: str, agent: str, keys: Sequence[str]) -> Sequence[Limit]:
        return limiting(self.each, agent, keys)


@dataclass(slots=True)
class Busy:
    """How many run at once: the most there ever were, and when each job began."""

    now: int = 0
    most: int = 0
    began: dict[str, float] = field(default_factory=dict)
    most_by_key: dict[str, int] = field(default_factory=dict)


def limit(
    *, concurrency: int | None = None, starts: float | None = None, scope: str = WHOLE_TENANT, at: str = NOON
) -> Limit:
    return Limit(
        tenant=TENANT,
        scope=scope,
        region=EAST,
        concurrency=concurrency,
        starts_per_minute=starts,
        at=at,
        by="ann",
    )


async def _do(seconds: float) -> float:
    await pass_time(seconds)
    return seconds


def limited(busy: Busy, *limits: Limit, seconds: float = 20.0, steps: int = 2) -> tuple[Region, Fleet]:
    """Return a Region under these limits whose agent takes so many steps of so many seconds."""

    async def work(ctx: Context) -> object:
        busy.now += 1
        busy.most = max(busy.most, busy.now)
        busy.began.setdefault(ctx.job_id, east.clock.monotonic())
        try:
            return [await ctx.tool(_do, seconds) for _ in range(steps)]
        finally:
            busy.now -= 1

    east, _ = two_regions(agent_of(work))
    east.rules = Set(list(limits))
    return east, Fleet(east)


async def submit(east: Region, number: int, *, first: int = 0, keys: tuple[str, ...] | None = None) -> list[str]:
    jobs = []
    for place in range(first, first + number):
        view = await east.submit_job().submit(
            request("work", input={}, idempotency_key=f"job {place}", limit_keys=keys)
        )
        jobs.append(str(view["id"]))
    return jobs


async def with_trouble(book: Callable[[Region], MemoryLimits] | None = None) -> Busy:
    """Run thirty jobs, three at once, with doubled messages all the time and all workers killed now and then."""
    busy = Busy()
    east, fleet = limited(busy, limit(concurrency=3))
    if book is not None:
        east.limit_book = book(east)
    jobs = await submit(east, 30)
    for minute in range(60):
        await fleet.pass_time(31.7)
        if minute in (1, 4, 5, 9):
            fleet.kill_workers()
            busy.now = 0
        doubled = [job for job in jobs if not east.state(job).finished]
        if not doubled:
            break
        for job in doubled[:8]:
            await east.lanes.send([LaneSend("standard", LaneMessage(job, 1, "stalled"), TENANT)])
    await fleet.finish(*jobs)
    assert {state.status for state in jobs_of(east, "work").values()} == {"succeeded"}
    return busy


@in_virtual_time
async def test_never_more_run_at_once_than_the_limit_whatever_dies_or_comes_twice() -> None:
    assert (await with_trouble()).most == 3


@dataclass(slots=True)
class TakenFromAnybody(MemoryLimits):
    """The rule switched off that a slot is held by one: taking it always goes well."""

    async def take(self, place: str, slot: Slot, now: str) -> bool:
        await MemoryLimits.slots(self, place)
        self.held[place, slot.number] = slot
        return True

    async def slots(self, place: str) -> Sequence[Slot]:
        return []


@dataclass(slots=True)
class NeverRenewed(MemoryLimits):
    """The rule switched off that whoever runs renews its slot: nobody notices that it was not."""

    async def renew(self, place: str, slot: Slot) -> bool:
        return True


@pytest.mark.parametrize("broken", [TakenFromAnybody, NeverRenewed])
def test_without_the_rule_there_are_more(broken: type[MemoryLimits]) -> None:
    @in_virtual_time
    async def program() -> None:
        assert (await with_trouble(lambda east: broken(east.table))).most > 3

    program()


@in_virtual_time
async def test_jobs_begin_in_the_order_in_which_they_came_though_more_keep_coming() -> None:
    busy = Busy()
    east, fleet = limited(busy, limit(concurrency=4), seconds=5.0)
    jobs, came = [], {}
    for place in range(60):
        (job,) = await submit(east, 1, first=place)
        jobs.append(job)
        came[job] = east.clock.monotonic()
        await fleet.pass_time(1.0)
    await fleet.finish(*jobs)
    assert busy.most == 4
    order = sorted(jobs, key=lambda job: busy.began[job])
    overtaken = max(abs(order.index(job) - place) for place, job in enumerate(jobs))
    waits = sorted(busy.began[job] - came[job] for job in jobs)
    print(f"waited: median {waits[30]:.1f} s, p95 {waits[57]:.1f} s, longest {waits[-1]:.1f} s; moved {overtaken}")
    assert overtaken <= 4, "somebody was overtaken by many who came later"
    perfect = 60 * 10.0 / 4
    assert max(busy.began.values()) - came[jobs[0]] <= 1.15 * perfect, "slots stood empty while jobs waited"


@in_virtual_time
async def test_a_job_without_a_slot_holds_no_worker_and_is_called_as_soon_as_there_is_one() -> None:
    busy = Busy()
    east, fleet = limited(busy, limit(concurrency=1))
    first, second = await submit(east, 2)
    await fleet.pass_time(5)
    assert busy.most == 1
    head = east.head(second)
    assert head is not None
    assert head.status == LIMITED
    assert len(fleet._working) == 1
    await fleet.finish(first, second)
    assert busy.began[second] - busy.began[first] == pytest.approx(40, abs=0.5)
    assert CALLED in fleet.reasons(second)


@in_virtual_time
async def test_a_job_that_waits_gives_its_slot_to_another() -> None:
    async def sleeps(ctx: Context) -> object:
        await ctx.sleep(1000)
        return "slept"

    east, _ = two_regions(agent_of(sleeps))
    east.rules = Set([limit(concurrency=1)])
    fleet = Fleet(east)
    jobs = await submit(east, 3)
    await fleet.pass_time(200)
    assert [east.state(job).status for job in jobs] == ["waiting"] * 3
    assert not east.limit_book.held
    await fleet.finish(*jobs)


@in_virtual_time
async def test_the_slot_of_a_worker_that_died_is_free_when_its_lease_is_over() -> None:
    busy = Busy()
    east, fleet = limited(busy, limit(concurrency=1), seconds=50.0, steps=1)
    fleet.comes_again = False
    (first,) = await submit(east, 1)
    await fleet.pass_time(5)
    fleet.kill_workers()
    begun = fleet.now
    (other,) = await submit(east, 1, first=1)
    await fleet.until(lambda: east.state(first).attempts == 2)
    assert LEASE_SECONDS - 10 <= fleet.now - begun <= LEASE_SECONDS + 15
    assert other not in busy.began, "the job that came first goes on first"
    await fleet.finish(first, other)


@in_virtual_time
async def test_whoever_cannot_renew_its_slot_stops_before_another_may_have_it() -> None:
    busy = Busy()
    east, fleet = limited(busy, limit(concurrency=1), seconds=1.0, steps=60)

    @dataclass(slots=True)
    class Unreachable(MemoryLimits):
        async def renew(self, place: str, slot: Slot) -> bool:
            return False

    east.limit_book = Unreachable(east.table)
    (job,) = await submit(east, 1)
    await fleet.finish(job)
    assert east.state(job).attempts > 1
    assert busy.most == 1


@in_virtual_time
async def test_starts_lie_as_far_apart_as_the_limit_says_and_each_job_is_put_off_once() -> None:
    busy = Busy()
    east, fleet = limited(busy, limit(starts=12), seconds=1.0)
    jobs = await submit(east, 12)
    await fleet.finish(*jobs)
    began = sorted(busy.began[job] for job in jobs)
    assert all(later - earlier >= 5 - 0.01 for earlier, later in pairwise(began))
    assert began[-1] - began[0] == pytest.approx(55, abs=1.5)
    assert sorted(busy.began, key=lambda job: busy.began[job]) == jobs
    assert [fleet.reasons(job) for job in jobs] == [["submitted"], *[["submitted", LIMITED]] * 11]


@in_virtual_time
async def test_a_job_that_goes_on_reserves_no_other_start() -> None:
    async def sleeps(ctx: Context) -> object:
        for _ in range(3):
            await ctx.sleep(100)
        return "slept"

    east, _ = two_regions(agent_of(sleeps))
    east.rules = Set([limit(starts=1)])
    fleet = Fleet(east)
    (job,) = await submit(east, 1)
    await fleet.finish(job)
    assert len(east.limit_book.reserved) == 1
    assert fleet.now == pytest.approx(300, abs=5)


@in_virtual_time
async def test_a_limit_that_is_raised_or_cleared_lets_those_go_that_have_a_far_start() -> None:
    busy = Busy()
    east, fleet = limited(busy, limit(starts=0.1), seconds=1.0)
    jobs = await submit(east, 3)
    await fleet.pass_time(30)
    assert list(busy.began) == jobs[:1]
    assert isinstance(east.rules, Set)
    east.rules.each.clear()
    await fleet.finish(*jobs)
    assert fleet.now <= RESERVED_LOOK_SECONDS + 35


@in_virtual_time
async def test_limits_of_tenant_agent_and_key_hold_all_at_once() -> None:
    busy, keyed = Busy(), Busy()

    async def work(ctx: Context) -> object:
        both = (busy, keyed) if ctx.job_id in with_key else (busy,)
        for each in both:
            each.now += 1
            each.most = max(each.most, each.now)
        await pass_time(20)
        for each in both:
            each.now -= 1
        return None

    east, _ = two_regions(agent_of(work))
    east.rules = Set(
        [
            limit(concurrency=5),
            limit(concurrency=4, scope=scope_of_agent("work")),
            limit(concurrency=2, scope=scope_of_key("crm")),
            limit(concurrency=1, scope=scope_of_key("other")),
            limit(concurrency=1, scope=scope_of_agent("another")),
        ]
    )
    fleet = Fleet(east)
    with_key = await submit(east, 8, keys=("crm",))
    without = await submit(east, 8, first=8)
    await fleet.finish(*with_key, *without)
    assert (busy.most, keyed.most) == (4, 2)


@in_virtual_time
async def test_a_job_that_is_cancelled_in_the_line_keeps_nobody_waiting_for_long() -> None:
    busy = Busy()
    east, fleet = limited(busy, limit(concurrency=1), seconds=10.0)
    first, second, third = await submit(east, 3)
    await fleet.pass_time(5)
    place = f"{TENANT}#{WHOLE_TENANT}"
    gone = east.limit_book.lines[place, east.state(second).job.at, second]
    assert seconds_between(east.clock.now(), gone.expires) > LEASE_SECONDS
    east.table.segments = {key: row for key, row in east.table.segments.items() if key[0] != second}
    await fleet.until(lambda: third in busy.began)
    assert fleet.now <= 20 + 60 + 15
    await fleet.finish(first, third)


@in_virtual_time
async def test_when_the_table_refuses_nobody_begins_and_the_message_comes_again() -> None:
    busy = Busy()
    east, fleet = limited(busy, limit(concurrency=1))
    (job,) = await submit(east, 1)
    east.limit_book.table = type(east.table)(refusing=True)
    await fleet.pass_time(60)
    assert not busy.began
    east.limit_book.table = east.table
    await fleet.finish(job)


@in_virtual_time
async def test_lost_calls_cost_time_and_no_more() -> None:
    busy = Busy()
    east, fleet = limited(busy, limit(concurrency=1), seconds=5.0)
    jobs = await submit(east, 5)
    for _ in range(40):
        await fleet.pass_time(7.3)
        fleet._late = [each for each in fleet._late if each[1].message.reason != CALLED]
        for queue in east.lanes.queues.values():
            queue[:] = [send for send in queue if send.message.reason != CALLED]
    await fleet.finish(*jobs)
    assert busy.most == 1
