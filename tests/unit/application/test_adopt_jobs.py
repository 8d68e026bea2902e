"""Adoption: which of a lost peer's jobs are taken over, from where, and what a second look finds."""

from dataclasses import replace

import pytest

from functions.application.adopt_jobs import BEHIND_CURSOR_SECONDS
from functions.application.ports import LaneUnavailable
from functions.domain.ids import child_job_id, digest_of, job_id
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import JobAdopted
from functions.domain.job.history import Head, Segment
from functions.sdk import Context
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Diary, Effects
from tests.unit.application.fleet import Deadly, Fleet
from tests.unit.application.stories import (
    DAY,
    Wish,
    begun,
    cancelled,
    child_ended_in_east,
    children,
    family,
    jobs_of,
)
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    STALL_SECONDS,
    TENANT,
    WEST,
    NewerHistory,
    advance,
    replicate,
    request,
    submitted,
    two_regions,
)
from tests.unit.application.written_history import west_with, written
from tests.unit.domain.job.writing import adopted, at, started, step, succeeded
from tests.unit.domain.job.writing import submitted as submission


@in_virtual_time
async def test_an_unfinished_job_goes_on_in_a_new_epoch_after_its_last_event_here() -> None:
    effects = Effects()
    east, west = two_regions(effects.walker(2))
    await submitted(east, "walk", lane="critical")
    first = replace(step("tread", "trodden 1"), arguments=digest_of([[1], {}]))
    west.put(written(1, EAST, 2, started(), first))
    report = await west.adopt_jobs().adopt()
    assert (report.examined, report.adopted) == (1, 1)
    opening = next(segment for segment in west.segments(JOB) if segment.region == WEST)
    assert (opening.epoch, opening.first_sequence) == (2, 4)
    assert opening.events == (
        JobAdopted(at=west.clock.now(), from_epoch=1, from_region=EAST, from_sequence=3, reason="us-east-1 is lost"),
    )
    (send,) = west.waiting()
    assert (send.lane, send.group, send.message.epoch, send.message.reason) == ("critical", TENANT, 2, "adopted")
    await advance(west, send.message)
    assert west.state(JOB).status == "succeeded"
    assert effects.done == {"tread#2": 1}


@in_virtual_time
async def test_every_open_job_of_the_peer_is_adopted_and_nothing_else() -> None:
    effects = Effects()
    east, west = two_regions(effects.walker(1))
    for number in range(250):
        await east.submit_job().submit(request("walk", input={}, idempotency_key=f"east {number}"))
    await east.submit_job().submit(request("walk", input={}, idempotency_key="finished"))
    finished = east.waiting()[-1]
    await advance(east, finished.message)
    await west.submit_job().submit(request("walk", input={}, idempotency_key="west"))
    west.waiting()
    replicate(east, west)
    report = await west.adopt_jobs().adopt()
    assert (report.examined, report.adopted) == (251, 250)
    hinted = {send.message.job_id for send in west.waiting()}
    assert hinted == {job_id(TENANT, f"east {number}") for number in range(250)}


@in_virtual_time
async def test_a_job_that_waits_for_a_far_time_is_adopted_and_still_waits() -> None:
    effects = Effects()
    east, west = two_regions(effects.walker(1))
    await east.submit_job().submit(request("walk", input={}, delay_seconds=86_400))
    assert (await west.adopt_jobs().adopt()).adopted == 1
    await west.work()
    assert not effects.done
    await pass_time(86_400 + STALL_SECONDS)
    await west.sweep_jobs().sweep()
    await west.work()
    assert west.state(JOB).status == "succeeded"


@in_virtual_time
async def test_a_second_pass_adopts_nothing_again_and_reads_nothing_that_needs_nothing() -> None:
    west = west_with(written(1, EAST, 1, submission()))
    adopt = west.adopt_jobs()
    await adopt.adopt()
    report = await adopt.adopt()
    assert (report.examined, report.adopted) == (0, 0)
    report = await west.adopt_jobs().adopt()
    assert (report.examined, report.adopted) == (1, 0)
    assert [segment.epoch for segment in west.segments(JOB)] == [1, 2]


@in_virtual_time
async def test_a_job_whose_submission_arrives_after_the_first_pass_is_adopted_by_the_next() -> None:
    west = west_with()
    west.table.heads[JOB, EAST] = Head(JOB, EAST, 1, 1, "running", "standard", at(40))
    adopt = west.adopt_jobs()
    assert (await adopt.adopt()).adopted == 0
    west.put(written(1, EAST, 1, submission()))
    assert (await adopt.adopt()).adopted == 1


@in_virtual_time
async def test_a_job_that_was_adopted_lost_and_adopted_by_the_peer_is_adopted_once_more_by_a_warm_process() -> None:
    west = west_with(written(1, EAST, 1, submission()))
    adopt = west.adopt_jobs()
    assert (await adopt.adopt()).adopted == 1
    await pass_time(60)
    west.put(written(3, EAST, 3, adopted(2, WEST, 2, seconds=60)))
    assert (await adopt.adopt()).adopted == 1
    assert (west.state(JOB).epoch, west.state(JOB).owner_region, west.state(JOB).complete) == (4, WEST, True)


@in_virtual_time
async def test_what_lies_beyond_a_gap_is_left_behind() -> None:
    west = west_with(written(1, EAST, 1, submission(), started()), written(1, EAST, 4, step("beyond a gap")))
    await west.adopt_jobs().adopt()
    state = west.state(JOB)
    assert (state.complete, state.last_sequence, state.steps) == (True, 3, {})
    west.put(written(1, EAST, 3, step("late")))
    assert west.state(JOB).steps == {}


@in_virtual_time
async def test_a_newer_epoch_without_its_beginning_is_passed_over_by_a_still_newer_one() -> None:
    west = west_with(written(1, WEST, 1, submission(), started()), written(2, EAST, 5, step("without its beginning")))
    assert (await west.adopt_jobs().adopt()).adopted == 0  # the peer's entry was on that beginning
    assert (await west.adopt_jobs().adopt(also=(JOB,))).adopted == 1
    state = west.state(JOB)
    assert (state.epoch, state.owner_region, state.complete) == (3, WEST, True)


@in_virtual_time
async def test_finished_jobs_and_other_regions_jobs_that_are_named_are_left_alone() -> None:
    west = west_with(written(1, EAST, 1, submission(), succeeded()))
    assert (await west.adopt_jobs().adopt(also=(JOB,))).adopted == 0
    west = west_with(written(1, WEST, 1, submission()))
    assert (await west.adopt_jobs().adopt(also=(JOB, job_id(TENANT, "unknown")))).adopted == 0


@pytest.mark.parametrize(("behind", "adopted"), [(BEHIND_CURSOR_SECONDS - 1, 1), (BEHIND_CURSOR_SECONDS + 1, 0)])
def test_adoption_begins_a_while_behind_the_peers_cursor(behind: float, adopted: int) -> None:
    @in_virtual_time
    async def program() -> None:
        west = west_with(written(1, EAST, 1, submission()))
        for shard in range(4):
            west.table.cursors[EAST, "standard", shard] = at(STALL_SECONDS + behind)
        assert (await west.adopt_jobs().adopt()).adopted == adopted

    program()


@in_virtual_time
async def test_when_the_lane_refuses_what_was_adopted_stays_so_and_the_sweeper_runs_it() -> None:
    west = west_with(written(1, EAST, 1, submission(agent="walk")))
    west.lanes.refusing = True
    with pytest.raises(LaneUnavailable):
        await west.adopt_jobs().adopt()
    west.lanes.refusing = False
    await pass_time(STALL_SECONDS)
    assert (await west.sweep_jobs().sweep()).put_back == 1
    await west.work()
    assert west.state(JOB).status == "succeeded"


@in_virtual_time
async def test_a_warm_adopter_forgets_what_lies_behind_where_it_begins() -> None:
    west = west_with()
    adopt = west.adopt_jobs()
    for number in range(30):
        await pass_time(100)
        opening = submission(seconds=west.clock.monotonic())
        west.put(Segment(job_id(TENANT, f"{number}"), 1, EAST, 1, (opening, succeeded())))
        for shard in range(4):
            west.table.cursors[EAST, "standard", shard] = west.clock.now()
        await adopt.adopt()
    assert sum(len(seen) for seen in adopt._seen_to.values()) <= BEHIND_CURSOR_SECONDS // 100 + 2


@in_virtual_time
async def test_one_job_that_only_a_newer_version_can_read_does_not_keep_the_others_from_being_adopted() -> None:
    west = west_with(written(1, EAST, 1, submission()))
    west.put(Segment(job_id(TENANT, "other"), 1, EAST, 1, (submission(),)))
    adopt = west.adopt_jobs()
    adopt.history = NewerHistory(west.table)
    assert (await adopt.adopt()).adopted == 1
    assert (await west.adopt_jobs().adopt()).adopted == 1  # of the newer version


@in_virtual_time
async def test_a_child_that_is_adopted_after_its_parent_was_told_ends_as_the_parent_was_told() -> None:
    _, west, child = await child_ended_in_east()
    assert not west.state(child).finished
    last = west.state(JOB).last_sequence
    assert last > 0
    await west.adopt_jobs().adopt(also=(child, JOB))
    fleet = Fleet(west)
    await fleet.until(lambda: west.state(child).finished)
    assert (west.state(child).status, west.state(child).result) == ("succeeded", 100)
    assert west.state(child).owner_region == WEST
    assert "attempt_started" not in [item.event.kind for item in west.state(child).history if item.region == WEST]
    await fleet.finish()
    assert west.state(JOB).result == 100


@in_virtual_time
async def test_an_adopted_child_ends_as_its_parent_was_told_though_a_worker_has_begun_to_run_it_again() -> None:
    _, west, child = await child_ended_in_east()
    await west.adopt_jobs().adopt(also=(child,))
    west.waiting()
    state = west.state(child)
    west.put(Segment(child, state.epoch, WEST, state.last_sequence + 1, (started(worker="died at once"),)))
    fleet = Fleet(west)
    await fleet.until(lambda: west.state(child).finished)
    assert (west.state(child).status, west.state(child).result) == ("succeeded", 100)


@in_virtual_time
async def test_a_child_whose_region_was_lost_and_came_back_unadopted_ends_as_its_parent_was_told() -> None:
    east, west, child = await child_ended_in_east()
    east.table.segments.clear()
    east.table.heads.clear()
    replicate(west, east)
    state = east.state(child)
    assert not state.finished
    east.put(Segment(child, 1, EAST, state.last_sequence + 1, (started(worker="lost with its Region"),)))
    east.waiting()
    await east.sweep_jobs().sweep()
    fleet = Fleet(east)
    await fleet.until(lambda: east.state(child).finished)
    assert (east.state(child).status, east.state(child).result) == ("succeeded", 100)
    assert "stalled" in fleet.reasons(child)
    assert [item.event.kind for item in east.state(child).history][-2:] == ["attempt_started", "succeeded"]
    assert east.state(child).attempts == state.attempts + 1


@in_virtual_time
async def test_an_adopted_child_of_which_its_parents_history_knows_nothing_ends_when_its_parent_has() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.call("child", Wish(seconds=DAY))

    east, fleet = await begun(work, children())
    await fleet.pass_time(10)
    west, child = east.peer, child_job_id(JOB, "child")
    west.put(*east.segments(child))
    assert west.kinds() == ["submitted"]  # what came after it is lost with East
    await west.adopt_jobs().adopt(also=(child, JOB))
    west.waiting()
    await cancelled(west)
    adopters = Fleet(west)
    await adopters.finish()
    await adopters.until(lambda: west.state(child).finished)
    assert (west.state(JOB).status, west.state(child).status) == ("cancelled", "cancelled")
    assert adopters.now < 300


@in_virtual_time
async def test_a_child_that_the_peer_has_taken_over_at_its_very_end_tells_its_parent_nothing_yet() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.call("child", Wish(seconds=50))

    east, fleet = await begun(work, children())
    await fleet.pass_time(10)
    child = child_job_id(JOB, "child")

    class Overtaken(Deadly):
        async def burn(self, what: str) -> None:
            await Deadly.burn(self, what)
            if what == "after append" and east.state(child).status == "succeeded":
                place = (1, EAST, east.state(child).last_sequence - 1)
                east.put(Segment(child, 2, WEST, place[2] + 1, (adopted(*place),)))

    fleet.fuse = Overtaken()
    await fleet.pass_time(100)
    assert (east.state(child).owner_region, east.state(child).finished) == (WEST, False)
    assert not east.table.arrivals


@in_virtual_time
async def test_a_job_that_comes_back_to_its_region_is_found_though_its_old_head_names_a_far_time() -> None:
    _, west = two_regions(Effects().walker(1))
    opened = (
        written(1, WEST, 1, submission()),
        written(2, EAST, 2, adopted(1, WEST, 1)),
        written(3, WEST, 3, adopted(2, EAST, 2)),
    )
    west.put(*opened)
    west.table.heads[JOB, WEST] = Head(JOB, WEST, 1, 1, "waiting", "standard", at(DAY))
    await pass_time(STALL_SECONDS)
    assert (await west.sweep_jobs().sweep()).put_back == 1
    assert [send.message.epoch for send in west.waiting()] == [3]


@in_virtual_time
async def test_a_whole_family_that_is_adopted_goes_on_as_it_was() -> None:
    diary = Diary()
    east, fleet = await begun(family, children(diary))
    await fleet.pass_time(15)
    replicate(east, east.peer)
    west = east.peer
    assert (await west.adopt_jobs().adopt()).adopted == 2  # one child has ended
    adopters = Fleet(west)
    await adopters.finish()
    assert west.state(JOB).result == [[8, 60], "failed"]
    assert diary.entries == ["slept 4", "slept 30", "slept 1"]
    assert {state.owner_region for state in jobs_of(west, "child").values()} == {EAST, WEST}


@in_virtual_time
async def test_what_arrived_for_the_lost_owner_wakes_the_job_in_the_region_that_has_it_now() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.signal("go", timeout=DAY)

    east, _ = await begun(work)
    await east.work()
    replicate(east, east.peer)
    west, before = east.peer, east.state(JOB)
    await west.adopt_jobs().adopt()
    west.waiting()
    await west.send_arrival().send(JOB, before, ArrivalKind.SIGNAL, "go/1", by="ann", body="came")  # by what was known
    west.waiting()
    assert (await west.adopt_jobs().adopt()).adopted == 0
    await west.work()
    assert west.state(JOB).result == "came"


@in_virtual_time
async def test_a_region_that_has_come_back_passes_on_what_was_meant_for_it() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.signal("go", timeout=DAY)

    east, _ = await begun(work)
    await east.work()
    replicate(east, east.peer)
    west, before = east.peer, east.state(JOB)
    await west.adopt_jobs().adopt()
    replicate(west, east)
    await east.send_arrival().send(JOB, before, ArrivalKind.SIGNAL, "go/1", by="ann", body="came")
    for region in (east, west):
        region.waiting()
    await east.sweep_jobs().sweep()
    await west.work()
    assert west.state(JOB).result == "came"
