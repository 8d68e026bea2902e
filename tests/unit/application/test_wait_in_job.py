"""Waiting without a worker: for a time, for a signal, for the decision of people, and what wakes the job again."""

import asyncio
from dataclasses import replace

import pytest

from functions.application.ports import StateUnavailable
from functions.application.wait_in_job import LINGER_SECONDS, Waiting
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.decider import LONGEST_UNSEEN_SECONDS
from functions.domain.job.events import JobWaiting, Json
from functions.domain.lanes import HINT_AHEAD_SECONDS
from functions.domain.moments import add_seconds, to_datetime
from functions.sdk import AntipodeError, Context
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time, run_virtually
from tests.unit.application.agents import Diary
from tests.unit.application.fleet import Deadly
from tests.unit.application.stories import DAY, begun, signalled
from tests.unit.application.two_regions import EAST, JOB, STALL_SECONDS, Region
from tests.unit.domain.job.writing import NOON, at


def waits_until(region: Region) -> list[str]:
    return [item.event.until for item in region.state(JOB).history if isinstance(item.event, JobWaiting)]


@pytest.mark.parametrize(
    ("seconds", "woken", "within"),
    [
        (1.0, ["submitted"], 0.1),  # less than the linger: reading the job anew would cost more
        (5.0, ["submitted", "due"], 1.1),
        (900.0, ["submitted", "due"], 1.1),
        (901.0, ["submitted", "due"], 1.1),
        (30 * DAY, ["submitted", "due"], 1.1),
        (366 * DAY, ["submitted", "due"], 1.1),
    ],
)
def test_a_sleep_holds_no_worker_and_is_over_in_time(seconds: float, woken: list[str], within: float) -> None:
    async def program() -> None:
        east, fleet = await begun(lambda ctx: ctx.sleep(seconds))
        east.lanes.queues = {"standard": east.lanes.queues["standard"]}  # a year has many sweeps
        await fleet.rest()
        assert not fleet.busy
        assert fleet.now <= LINGER_SECONDS
        await fleet.finish()
        assert seconds <= fleet.now <= seconds + within
        assert fleet.reasons() == woken
        assert east.state(JOB).status == "succeeded"

    run_virtually(program())


@pytest.mark.parametrize(("seconds", "hints"), [(900.0, [900]), (901.0, [])])
def test_a_sleep_of_a_quarter_of_an_hour_is_hinted_and_a_longer_one_is_left_to_the_sweeper(
    seconds: float, hints: list[int]
) -> None:
    async def program() -> None:
        east, _ = await begun(lambda ctx: ctx.sleep(seconds))
        (send,) = east.waiting()
        await east.advance_job().advance(send.message, delivery=1, stop_at=110.0)
        assert [send.delay_seconds for send in east.waiting()] == hints
        head = east.head(JOB)
        assert head is not None
        (until,) = waits_until(east)
        assert head.due_at == add_seconds(until, STALL_SECONDS if hints else -HINT_AHEAD_SECONDS)

    run_virtually(program())


@in_virtual_time
async def test_a_short_sleep_whose_hint_is_lost_is_ended_by_the_sweeper() -> None:
    east, fleet = await begun(lambda ctx: ctx.sleep(100))
    await fleet.rest()
    fleet.lose_hints()
    await fleet.finish()
    assert 100 + STALL_SECONDS <= fleet.now <= 100 + STALL_SECONDS + 6
    assert fleet.reasons() == ["submitted", "due"]
    assert east.state(JOB).status == "succeeded"


@in_virtual_time
async def test_a_long_sleep_is_looked_at_now_and_then_and_no_worker_is_woken_for_it() -> None:
    _, fleet = await begun(lambda ctx: ctx.sleep(2 * LONGEST_UNSEEN_SECONDS))
    reads = len(fleet.fuse.burned)
    await fleet.pass_time(2 * LONGEST_UNSEEN_SECONDS - 10)
    assert fleet.reasons() == ["submitted"]
    assert len(fleet.fuse.burned) - reads < 500


@in_virtual_time
async def test_a_sleep_until_a_moment_ends_then_even_after_other_work() -> None:
    async def work(ctx: Context) -> str:
        start = await ctx.now()
        await ctx.sleep(40)
        await ctx.sleep_until(to_datetime(add_seconds(start.isoformat(), 100)))
        return (await ctx.now()).isoformat()

    east, fleet = await begun(work)
    await fleet.finish()
    assert str(east.state(JOB).result)[:19] == "2026-11-21T12:01:40"


@in_virtual_time
async def test_sleeps_side_by_side_take_as_long_as_the_longest() -> None:
    _, fleet = await begun(lambda ctx: ctx.gather(ctx.sleep(60), ctx.sleep(300), ctx.sleep(100)))
    await fleet.finish()
    assert 300 <= fleet.now <= 302
    assert fleet.reasons() == ["submitted", "due", "due", "due"]


@in_virtual_time
async def test_while_one_branch_works_the_job_keeps_its_worker() -> None:
    diary = Diary()
    east, fleet = await begun(lambda ctx: ctx.gather(ctx.sleep(10), ctx.tool(diary.write, "long", 60)))
    await fleet.finish()
    assert fleet.reasons() == ["submitted"]
    assert "waiting" not in east.kinds()


@in_virtual_time
async def test_a_signal_that_comes_before_the_job_waits_for_it_is_kept() -> None:
    async def work(ctx: Context) -> object:
        await ctx.sleep(50)
        return await ctx.signal("go", timeout=DAY)

    east, fleet = await begun(work)
    await fleet.rest()
    await signalled(east, "go/1", {"at": "once"})
    await fleet.pass_time(10)
    assert east.kinds().count("attempt_started") == 1  # it waits for the time: the signal changes nothing about that
    await fleet.finish()
    assert east.state(JOB).result == {"at": "once"}
    assert fleet.now < 60


@in_virtual_time
async def test_a_signal_wakes_the_job_that_waits_for_it_at_once() -> None:
    east, fleet = await begun(lambda ctx: ctx.signal("go", timeout=DAY))
    await fleet.pass_time(1000)
    await signalled(east, "go/1", 7)
    await fleet.finish()
    assert east.state(JOB).result == 7
    assert fleet.reasons() == ["submitted", "arrived"]
    assert fleet.now < 1001
    assert east.state(JOB).taken == {"signal/go/1"}


@in_virtual_time
async def test_a_signal_to_a_job_that_works_is_taken_in_by_its_worker() -> None:
    diary = Diary()
    east, fleet = await begun(lambda ctx: ctx.gather(ctx.tool(diary.write, "long", 60), ctx.signal("go", timeout=DAY)))
    await fleet.pass_time(20)
    await signalled(east, "go/1", 7)
    await fleet.pass_time(5)
    assert any(event.kind == "step_succeeded" for event in (item.event for item in east.state(JOB).history))
    assert fleet.reasons() == ["submitted"]
    await fleet.finish()
    assert east.state(JOB).result == ["long", 7]
    assert fleet.reasons() == ["submitted"]


@in_virtual_time
async def test_a_signal_for_something_else_wakes_nobody() -> None:
    east, fleet = await begun(lambda ctx: ctx.signal("go", timeout=DAY))
    await fleet.rest()
    await signalled(east, "stop/1")
    await fleet.pass_time(DAY - 10)
    assert east.kinds().count("attempt_started") == 1


@in_virtual_time
async def test_signals_of_one_name_are_taken_in_the_order_in_which_they_came_and_one_sent_twice_once() -> None:
    async def work(ctx: Context) -> object:
        return [await ctx.signal("word", timeout=DAY, otherwise="none") for _ in range(4)]

    east, fleet = await begun(work)
    await fleet.pass_time(5)
    for name, body in (("word/b", "first"), ("word/a", "second"), ("word/b", "first"), ("word/c", "third")):
        await signalled(east, name, body)
        await pass_time(0.5)
    await fleet.finish()
    assert east.state(JOB).result == ["first", "second", "third", "none"]


@pytest.mark.parametrize(("otherwise", "expected"), [("nothing", "nothing"), (None, None), ({"a": [1]}, {"a": [1]})])
def test_a_signal_that_does_not_come_is_replaced_by_what_was_given_for_that_case(
    otherwise: Json, expected: Json
) -> None:
    async def program() -> None:
        east, fleet = await begun(lambda ctx: ctx.signal("go", timeout=3600, otherwise=otherwise))
        await fleet.finish()
        assert (east.state(JOB).status, east.state(JOB).result) == ("succeeded", expected)
        assert 3600 <= fleet.now <= 3605

    run_virtually(program())


@in_virtual_time
async def test_a_signal_that_does_not_come_is_an_error_that_the_agent_may_catch_now_and_at_every_replay() -> None:
    async def work(ctx: Context) -> object:
        try:
            return await ctx.signal("go", timeout=3600)
        except AntipodeError as error:
            await ctx.sleep(100)
            return [error.code, error.detail]

    east, fleet = await begun(work)
    await fleet.finish()
    assert east.state(JOB).result == ["wait_timed_out", "no signal 'go' within 3600 s"]


@in_virtual_time
async def test_a_signal_that_comes_after_the_deadline_of_its_wait_goes_to_the_next_one() -> None:
    async def work(ctx: Context) -> object:
        first = await ctx.signal("go", timeout=60, otherwise="too late")
        return [first, await ctx.signal("go", timeout=600)]

    east, fleet = await begun(work)
    await fleet.pass_time(100)
    await signalled(east, "go/1", "late")
    await fleet.finish()
    assert east.state(JOB).result == ["too late", "late"]


@in_virtual_time
async def test_a_wait_that_the_agent_has_given_up_wakes_nobody_any_more() -> None:
    async def fails() -> None:
        raise ValueError("no")

    async def work(ctx: Context) -> object:
        try:
            await ctx.gather(ctx.signal("go", timeout=30 * DAY), ctx.tool(fails))
        except AntipodeError:
            await ctx.sleep(DAY)
        return "slept"

    east, fleet = await begun(work)
    await fleet.rest()
    await signalled(east, "go/1")
    await fleet.finish()
    assert east.state(JOB).result == "slept"
    assert east.kinds().count("attempt_started") <= 3
    assert fleet.now >= DAY


@pytest.mark.parametrize("moment", ["before append", "after append"])
def test_a_signal_sent_at_the_very_moment_at_which_the_job_leaves_its_worker_is_not_lost(moment: str) -> None:
    async def program() -> None:
        east, fleet = await begun(lambda ctx: ctx.signal("go", timeout=30 * DAY))
        known = east.state(JOB)

        class SendsThen(Deadly):
            async def burn(self, what: str) -> None:
                self.burned.append(what)
                if what == moment and not east.table.arrivals:
                    running = replace(known, status="running")  # as the sender has read it
                    await east.send_arrival().send(JOB, running, ArrivalKind.SIGNAL, "go/1", by="ann", body="in time")

        fleet.fuse, fleet.sweeping = SendsThen(), False
        await fleet.finish()
        assert east.state(JOB).result == "in time"
        assert "waiting" in east.kinds()
        assert fleet.now < 1

    run_virtually(program())


@in_virtual_time
async def test_a_signal_whose_hint_is_lost_is_found_by_the_sweeper_by_its_own_due_entry() -> None:
    east, fleet = await begun(lambda ctx: ctx.signal("go", timeout=30 * DAY))
    await fleet.rest()
    await fleet.pass_time(DAY)
    fleet.sweeping = False
    await signalled(east, "go/1", "found")
    fleet.lose_hints()
    await fleet.pass_time(60)
    assert not east.state(JOB).finished
    fleet.sweeping = True
    await fleet.finish()
    assert east.state(JOB).result == "found"
    assert fleet.now <= DAY + 70


@in_virtual_time
async def test_a_signal_to_a_job_that_has_just_begun_starts_no_second_worker() -> None:
    diary = Diary()
    east, fleet = await begun(lambda ctx: ctx.tool(diary.write, "dear", 8))
    await fleet.pass_time(3)
    await signalled(east, "go/1")
    await fleet.finish()
    assert east.kinds().count("attempt_started") == 1
    assert diary.entries == ["dear"]


def arrival(name: str) -> Arrival:
    return Arrival(job_id=JOB, region=EAST, kind=ArrivalKind.SIGNAL, name=name, at="t", by="ann")


@in_virtual_time
async def test_what_has_arrived_is_handed_out_once_to_whoever_asks_first() -> None:
    clock = VirtualClock()
    waiting = Waiting(clock, 1000.0, [arrival("go/1")])
    far = add_seconds(clock.now(), 100)
    first = await waiting.until("a", far, "signal/go")
    second = asyncio.create_task(waiting.until("b", far, "signal/go"))
    third = asyncio.create_task(waiting.until("c", far, "signal/go"))
    await pass_time(1)
    waiting.arrive([arrival("go/2")])
    await pass_time(1)
    assert (first, second.done(), third.done()) == (arrival("go/1"), True, False)
    assert second.result() == arrival("go/2")
    assert await third is None  # its time is up
    assert clock.monotonic() == pytest.approx(100)


@in_virtual_time
async def test_all_branches_wait_only_when_none_of_them_does_anything_else() -> None:
    clock = VirtualClock()
    waiting = Waiting(clock, 1000.0, [])
    idle = asyncio.create_task(waiting.idle())

    async def branch(seconds: float, awaits: str | None) -> None:
        waiting.enter_step()
        await pass_time(seconds)
        await waiting.until(str(awaits), add_seconds(clock.now(), 500 + seconds), awaits)

    branches = [asyncio.create_task(branch(seconds, awaits)) for seconds, awaits in ((1, "signal/b"), (9, None))]
    await pass_time(8)
    assert not idle.done()
    await pass_time(2)
    found = idle.result()
    assert (found.until, found.awaits) == (add_seconds(clock.now(), 1 + 500 - 9), ["signal/b"])
    for task in branches:
        task.cancel()
    await asyncio.gather(*branches, return_exceptions=True)


@in_virtual_time
async def test_what_came_just_before_the_time_was_up_counts_though_no_look_was_due() -> None:
    east, fleet = await begun(lambda ctx: ctx.signal("go", timeout=1.5))
    await fleet.until(lambda: fleet.now >= 1.0)
    await signalled(east, "go/1", "in time")
    await fleet.finish()
    assert (east.state(JOB).result, fleet.now < LINGER_SECONDS) == ("in time", True)


@pytest.mark.parametrize("refuses", [False, True])
@in_virtual_time
async def test_what_came_while_the_job_was_read_counts_though_its_time_is_over_by_then(refuses: bool) -> None:
    """It lies there in time, but after the read with which the attempt has begun."""
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        if refuses and looks == 1:
            raise StateUnavailable("throttled")
        waiting.arrive([arrived])

    arrived = Arrival(job_id=JOB, region=EAST, kind=ArrivalKind.SIGNAL, name="go/1", at=NOON, by="ann")
    waiting = Waiting(VirtualClock(), 100.0, [])
    waiting.look = look
    if refuses:
        with pytest.raises(StateUnavailable):
            await waiting.until("signal-go", NOON, "signal/go")
    await pass_time(1.0)
    assert await waiting.until("signal-go", NOON, "signal/go") == arrived


@in_virtual_time
async def test_a_last_look_that_is_refused_ends_no_wait_by_its_time() -> None:
    async def look() -> None:
        raise StateUnavailable("throttled")

    waiting = Waiting(VirtualClock(), 100.0, [])
    waiting.look = look
    with pytest.raises(StateUnavailable):
        await waiting.until("signal-go", at(5), "signal/go")
