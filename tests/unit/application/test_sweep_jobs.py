"""The sweeper: what it puts back, what it leaves alone, and that nothing falls behind its cursor."""

import asyncio
from typing import Any

import pytest

from functions.application import sweep_jobs
from functions.application.ports import LaneUnavailable, StateUnavailable
from functions.application.sweep_jobs import CURSOR_MARGIN_SECONDS, PATIENCE_SECONDS, SweepReport
from functions.domain.ids import job_id
from functions.domain.job.events import Event
from functions.domain.job.history import Head, Segment
from functions.domain.lanes import HINT_AHEAD_SECONDS
from functions.domain.moments import add_seconds
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.fleet import Fleet
from tests.unit.application.stories import DAY, begun, cancelled, paused, resumed, signalled
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    STALL_SECONDS,
    TENANT,
    WEST,
    Fuse,
    NewerHistory,
    Region,
    advance,
    request,
    submitted,
    two_regions,
)
from tests.unit.application.written_history import written
from tests.unit.domain.job.writing import adopted, at, step, succeeded, withdrawn
from tests.unit.domain.job.writing import submitted as submission


def east_with(*segments: Segment) -> Region:
    east, _ = two_regions(Effects().walker(1))
    east.put(*segments)
    return east


def due_at(region: Region) -> str | None:
    head = region.head(JOB)
    return head.due_at if head else None


@in_virtual_time
async def test_a_job_whose_message_was_lost_is_put_back_and_runs() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(1))
    await submitted(east, "walk")
    sweep = east.sweep_jobs()
    await pass_time(STALL_SECONDS - 0.001)
    assert (await sweep.sweep()).examined == 0
    await pass_time(0.001)
    report = await sweep.sweep()
    assert (report.examined, report.put_back) == (1, 1)
    (send,) = east.waiting()
    assert (send.lane, send.group, send.message.job_id, send.message.epoch) == ("standard", TENANT, JOB, 1)
    assert send.message.reason == "due"
    await advance(east, send.message)
    assert east.state(JOB).status == "succeeded"


@in_virtual_time
async def test_a_job_that_is_put_back_again_and_again_without_a_worker_stays_in_the_sweepers_hands() -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    sweep, begun = east.sweep_jobs(), east.clock.monotonic()
    put_back = []
    for _ in range(300):
        await pass_time(5)
        put_back += [east.clock.monotonic() - begun] * (await sweep.sweep()).put_back
    # as long again as it has waited so far, for its hint is likely to stand in a queue; at most five minutes
    assert put_back == [30, 60, 120, 240, 480, 780, 1080, 1380]
    assert due_at(east) is not None


@in_virtual_time
async def test_a_finished_job_is_looked_at_once_and_never_put_back() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(1))
    await advance(east, await submitted(east, "walk"))
    sweep = east.sweep_jobs()
    examined = 0
    for _ in range(100):
        await pass_time(5)
        report = await sweep.sweep()
        examined += report.examined
        assert report.put_back == 0
    assert examined == 1
    assert not east.table.heads


@in_virtual_time
async def test_a_job_of_later_is_hinted_ahead_of_its_time_and_for_its_time() -> None:
    east, _ = two_regions(Effects().walker(1))
    await east.submit_job().submit(request("walk", input={}, delay_seconds=2000))
    sweep = east.sweep_jobs()
    await pass_time(2000 - HINT_AHEAD_SECONDS - 0.001)
    assert (await sweep.sweep()).examined == 0
    await pass_time(3.5)
    assert await sweep.sweep() == SweepReport(examined=1)
    (send,) = east.waiting()
    assert (send.message.reason, send.delay_seconds) == ("due", HINT_AHEAD_SECONDS - 3)
    assert due_at(east) == at(2000 + STALL_SECONDS)
    assert (await east.sweep_jobs().sweep()).put_back == 0  # another sweeper finds it seen to
    assert not east.waiting()


@in_virtual_time
async def test_a_job_that_is_looked_at_before_its_time_is_noted_for_then() -> None:
    east = east_with(written(1, EAST, 1, submission(run_at=at(600))))
    await pass_time(STALL_SECONDS)  # due by its entry, which says nothing of the delay
    assert (await east.sweep_jobs().sweep()).put_back == 0
    assert [send.delay_seconds for send in east.waiting()] == [600 - STALL_SECONDS]
    assert due_at(east) == at(600 + STALL_SECONDS)


@in_virtual_time
async def test_the_cursor_follows_at_a_distance_and_a_new_sweeper_begins_there() -> None:
    east, _ = two_regions(Effects().walker(1))
    await advance(east, await submitted(east, "walk"))
    await pass_time(STALL_SECONDS)
    await east.sweep_jobs().sweep()
    (cursor,) = east.table.cursors.values()
    assert cursor == add_seconds(east.clock.now(), -CURSOR_MARGIN_SECONDS)
    assert (await east.sweep_jobs().sweep()).examined == 1
    await pass_time(CURSOR_MARGIN_SECONDS + 1)
    await east.sweep_jobs().sweep()
    await pass_time(1)
    assert (await east.sweep_jobs().sweep()).examined == 0


@in_virtual_time
async def test_an_entry_that_appears_late_is_still_seen() -> None:
    east, _ = two_regions(Effects().walker(1))
    sweep = east.sweep_jobs()
    for number in range(40):
        await east.submit_job().submit(request("walk", input={}, idempotency_key=f"{number}"))
    await pass_time(STALL_SECONDS + 60)
    await sweep.sweep()
    east.waiting()
    late = Segment(JOB, 1, EAST, 1, (submission(seconds=0),))  # due at 30 s, in the index only now, at 90 s
    east.put(late)
    await sweep.sweep()
    assert JOB in {send.message.job_id for send in east.waiting()}


@in_virtual_time
async def test_more_jobs_than_a_page_holds_are_all_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_jobs, "READ", 90)
    east, _ = two_regions(Effects().walker(1))
    for number in range(950):
        east.put(Segment(job_id(TENANT, f"{number}"), 1, EAST, 1, (submission(seconds=number % 3),)))
    await pass_time(STALL_SECONDS + 5)
    assert (await east.sweep_jobs().sweep()).put_back == 950
    assert len({send.message.job_id for send in east.waiting()}) == 950


@in_virtual_time
async def test_a_warm_sweeper_forgets_what_lies_behind_its_cursor() -> None:
    east, _ = two_regions(Effects().walker(1))
    sweep = east.sweep_jobs()
    for number in range(60):
        key = f"{number}"
        await east.submit_job().submit(request("walk", input={}, idempotency_key=key))
        await east.work()
        await pass_time(20)
        await sweep.sweep()
    remembered = sum(len(known.seen_to) for known in sweep._known.values())
    assert remembered <= (CURSOR_MARGIN_SECONDS + 40) // 20 + 4


@in_virtual_time
async def test_a_head_of_a_finished_job_is_taken_off_the_index() -> None:
    east = east_with(written(1, EAST, 1, submission(), succeeded()))
    east.table.heads[JOB, EAST] = Head(JOB, EAST, 1, 1, "running", "standard", at(10), "local")
    await pass_time(10)
    await east.sweep_jobs().sweep()
    head = east.head(JOB)
    assert head is not None
    assert (head.due_at, head.status, head.durability) == (None, "succeeded", "local")


@in_virtual_time
async def test_a_job_that_the_peer_has_adopted_is_the_peers() -> None:
    east = east_with(written(1, EAST, 1, submission()), written(2, WEST, 2, adopted(1, EAST, 1)))
    east.table.heads[JOB, EAST] = Head(JOB, EAST, 1, 1, "running", "standard", at(40))
    sweep = east.sweep_jobs()
    await pass_time(STALL_SECONDS + 10)
    assert (await sweep.sweep()).put_back == 0
    assert due_at(east) is None


@in_virtual_time
async def test_a_job_that_a_rival_accepted_first_is_watched_until_it_is_over_or_the_rival_withdraws() -> None:
    east = east_with(written(1, EAST, 1, submission(5)), written(1, WEST, 1, submission(0)))
    sweep = east.sweep_jobs()
    for _ in range(60):
        await pass_time(STALL_SECONDS)
        report = await sweep.sweep()
        assert report.put_back == 0
    east.put(written(1, WEST, 2, withdrawn()))  # arrives half an hour late
    await pass_time(STALL_SECONDS)
    assert (await sweep.sweep()).put_back == 1


@in_virtual_time
async def test_a_job_whose_submission_is_on_its_way_is_not_forgotten_when_its_head_came_first() -> None:
    east = east_with()
    east.table.heads[JOB, EAST] = Head(JOB, EAST, 1, 1, "running", "standard", at(10))
    sweep = east.sweep_jobs()
    await pass_time(200)
    assert (await sweep.sweep()).unclear == (JOB,)
    await pass_time(200)
    await sweep.sweep()
    east.put(written(1, EAST, 1, submission()))
    await pass_time(STALL_SECONDS)
    assert (await sweep.sweep()).put_back == 1


@in_virtual_time
async def test_a_peers_epoch_without_its_beginning_keeps_the_job_watched_and_named_to_the_adopter() -> None:
    east = east_with(written(1, EAST, 1, submission()), written(2, WEST, 3, step("b")))
    sweep = east.sweep_jobs()
    await pass_time(STALL_SECONDS)
    report = await sweep.sweep()
    assert (report.put_back, report.unclear) == (0, (JOB,))
    assert due_at(east) is not None
    east.put(written(2, WEST, 2, adopted(1, EAST, 1)))
    await pass_time(STALL_SECONDS)
    assert (await sweep.sweep()).unclear == ()
    assert due_at(east) is None


@pytest.mark.parametrize("lost", [(1, EAST, 3, step("beyond a gap")), (2, WEST, 3, step("without its beginning"))])
def test_what_does_not_arrive_within_a_quarter_of_an_hour_is_taken_for_lost(lost: tuple[int, str, int, Event]) -> None:
    @in_virtual_time
    async def program() -> None:
        epoch, region, first, event = lost
        east = east_with(written(1, EAST, 1, submission(agent="walk")), written(epoch, region, first, event))
        sweep = east.sweep_jobs()
        while not (await sweep.sweep()).put_back:
            assert not east.waiting()
            await pass_time(5)
        assert east.clock.monotonic() == pytest.approx(PATIENCE_SECONDS + STALL_SECONDS, abs=STALL_SECONDS)
        state = east.state(JOB)
        assert (state.complete, state.owner_region, state.epoch) == (True, EAST, epoch + 1)
        await east.work()
        assert east.state(JOB).status == "succeeded"

    program()


@in_virtual_time
async def test_when_the_lane_refuses_the_job_is_put_back_later() -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    sweep = east.sweep_jobs()
    await pass_time(STALL_SECONDS)
    east.lanes.refusing = True
    with pytest.raises(LaneUnavailable):
        await sweep.sweep()
    east.lanes.refusing = False
    await pass_time(STALL_SECONDS)
    assert (await sweep.sweep()).put_back == 1


@pytest.mark.parametrize("clock", [-2.0, 2.0])
def test_clocks_that_differ_between_functions_lose_nothing(clock: float) -> None:
    @in_virtual_time
    async def program() -> None:
        east, _ = two_regions(Effects().walker(1))
        sweep = east.sweep_jobs()
        east.clock = VirtualClock(clock)
        for number in range(40):
            await pass_time(10)
            await east.submit_job().submit(request("walk", input={}, idempotency_key=f"{number}"))
            await sweep.sweep()
        east.waiting()
        hinted = set()
        for _ in range(45):
            await pass_time(10)
            await sweep.sweep()
            hinted |= {send.message.job_id for send in east.waiting()}
        unfinished = {row.segment.job_id for row in east.table.segments.values()}
        assert hinted == unfinished

    program()


@in_virtual_time
async def test_wherever_a_sweep_is_cut_short_the_job_is_put_back_in_the_end() -> None:
    async def cut_short_at(call: int) -> bool:
        east, _ = two_regions(Effects().walker(1))
        await submitted(east, "walk")
        await pass_time(STALL_SECONDS)
        fuse = Fuse(call, lambda: StateUnavailable("no answer"))
        sweep = east.sweep_jobs(fuse)
        await asyncio.gather(sweep.sweep(), return_exceptions=True)
        cut_short, fuse.at = fuse.blown, None
        for _ in range(8):
            await pass_time(5)
            await sweep.sweep()
        await east.work()
        assert east.state(JOB).status == "succeeded", fuse.burned
        return cut_short

    calls = 0
    while await cut_short_at(calls):
        calls += 1
    assert calls > 20


@in_virtual_time
async def test_one_job_that_only_a_newer_version_can_read_does_not_keep_the_others_from_being_swept() -> None:
    east, _ = two_regions(Effects().walker(1))
    for key in ("one", "other", "another"):
        await east.submit_job().submit(request("walk", input={}, idempotency_key=key))
    east.waiting()
    old = east.sweep_jobs()
    old.history = NewerHistory(east.table)
    await pass_time(STALL_SECONDS)
    report = await old.sweep()
    assert (report.put_back, report.unclear) == (2, (JOB,))
    await pass_time(STALL_SECONDS + CURSOR_MARGIN_SECONDS)
    await old.sweep()
    await pass_time(STALL_SECONDS)
    east.waiting()
    await east.sweep_jobs().sweep()  # of the newer version
    assert JOB in {send.message.job_id for send in east.waiting()}


async def waiting_for_go(**fields: Any) -> tuple[Region, Fleet]:
    """Return East and its fleet, whose sweeper rests, when the one job has waited for a signal for an hour."""
    east, fleet = await begun(lambda ctx: ctx.signal("go", timeout=30 * DAY), **fields)
    await fleet.pass_time(3600)
    fleet.sweeping = False
    return east, fleet


@in_virtual_time
async def test_a_waiting_job_is_put_back_for_what_it_waits_for_and_once_only() -> None:
    east, fleet = await waiting_for_go()
    await signalled(east, "go/1")
    fleet.lose_hints()
    sweep = east.sweep_jobs()
    assert (await sweep.sweep()).put_back == 1
    assert [send.message.reason for send in east.waiting()] == ["arrived"]
    assert (await sweep.sweep()).put_back == 0
    assert due_at(east) == add_seconds(east.clock.now(), STALL_SECONDS)
    await pass_time(STALL_SECONDS)
    assert (await sweep.sweep()).put_back == 1  # that hint was lost as well


@in_virtual_time
async def test_a_paused_job_is_put_back_when_it_is_resumed_and_not_before() -> None:
    east, fleet = await waiting_for_go()
    await paused(east)
    await fleet.pass_time(10)
    await signalled(east, "go/1")
    fleet.lose_hints()
    sweep = east.sweep_jobs()
    assert (await sweep.sweep()).put_back == 0
    await pass_time(1)
    await resumed(east)
    fleet.lose_hints()
    assert (await sweep.sweep()).put_back == 1
    await fleet.finish()


@in_virtual_time
async def test_a_paused_job_is_hinted_for_its_deadline() -> None:
    east, fleet = await waiting_for_go(deadline=at(5600))
    await paused(east)
    await fleet.pass_time(10)
    assert due_at(east) == at(5600 - HINT_AHEAD_SECONDS)
    await pass_time(1995 - HINT_AHEAD_SECONDS)
    assert (await east.sweep_jobs().sweep()).put_back == 0
    assert due_at(east) == at(5600 + STALL_SECONDS)
    await fleet.finish()
    assert east.error_code() == "deadline_passed"


@in_virtual_time
async def test_a_job_that_has_just_been_submitted_is_not_put_back_because_something_arrives_for_it() -> None:
    east, _ = await begun(lambda ctx: ctx.sleep(60))
    await pass_time(5)
    await signalled(east, "go/1")
    sweep = east.sweep_jobs()
    assert (await sweep.sweep()).put_back == 0
    await pass_time(1)
    await cancelled(east)
    assert (await sweep.sweep()).put_back == 1
