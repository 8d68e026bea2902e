"""Handing jobs over and taking them over: no step is done twice, whoever dies, and nobody takes what is not his."""

import asyncio
from dataclasses import dataclass, fields, replace

import pytest

from functions.application.change_hands import ChangeHands
from functions.application.hear_peer import HearPeer
from functions.application.lease_ports import RegionFenced
from functions.application.ports import AppendConflict
from functions.application.run_attempt import DRAIN_SECONDS, LOOK_SECONDS
from functions.application.watch_standing import FRESH_SECONDS
from functions.domain.job.decider import HANDED_OVER, ORPHANED
from functions.domain.job.events import AttemptStarted, AttemptYielded, JobAdopted, JobHandedOver
from functions.domain.job.history import Segment
from functions.domain.job.state import JobState
from functions.domain.lanes import LaneMessage
from functions.domain.ownership.lease import Lease
from functions.domain.ownership.standing import Phase, Progress
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.evacuated_regions import Pair, pair_of_regions
from tests.unit.application.leased_regions import Control, heed
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    STALL_SECONDS,
    WEST,
    Crash,
    Fuse,
    Region,
    advance,
    replicate,
    request,
    submitted,
)


async def work_off(region: Region) -> None:
    """Do what a Region's lanes say."""
    for send in region.waiting():
        await advance(region, send.message)


async def with_a_queued_job(effects: Effects, steps: int = 2) -> tuple[Pair, LaneMessage]:
    """Return a pair whose east has a job queued, and has been told to go."""
    pair = pair_of_regions(effects.walker(steps))
    await pair.east.submit_job().submit(request("walk", input={}))
    (send,) = pair.east.waiting()
    await pair.tell(EAST, away=True)
    return pair, send.message


@in_virtual_time
async def test_a_queued_job_of_an_evacuated_region_is_begun_by_its_peer_at_once() -> None:
    effects = Effects()
    pair, message = await with_a_queued_job(effects)
    await advance(pair.east, message)
    assert not effects.done
    (send,) = pair.west.waiting()
    assert send.message == LaneMessage(JOB, 1, HANDED_OVER)
    await advance(pair.west, send.message)
    state = pair.west.state(JOB)
    assert (state.status, state.owner_region, state.epoch, state.handed_to) == ("succeeded", WEST, 2, None)
    assert effects.done == {"tread": 1, "tread#2": 1}


@in_virtual_time
async def test_a_running_step_is_let_finish_and_is_not_done_again() -> None:
    effects = Effects()
    pair = pair_of_regions(effects.walker(3, seconds=10))
    await pair.east.submit_job().submit(request("walk", input={}))
    (send,) = pair.east.waiting()
    working = asyncio.create_task(advance(pair.east, send.message))
    await pass_time(3)
    await pair.tell(EAST, away=True)
    await working
    assert pair.east.clock.monotonic() <= 10 + FRESH_SECONDS + LOOK_SECONDS
    events = [each.event for each in pair.east.state(JOB).history]
    assert [type(each) for each in events[-2:]] == [AttemptYielded, JobHandedOver]
    await work_off(pair.west)
    assert pair.west.state(JOB).status == "succeeded"
    assert effects.done == {"tread": 1, "tread#2": 1, "tread#3": 1}
    assert sum(isinstance(each.event, JobAdopted) for each in pair.west.state(JOB).history) == 1


@in_virtual_time
async def test_a_step_that_does_not_end_is_given_up_after_a_while_and_done_by_the_peer() -> None:
    effects = Effects()
    pair = pair_of_regions(effects.walker(1, seconds=100))
    await pair.east.submit_job().submit(request("walk", input={}))
    (send,) = pair.east.waiting()
    working = asyncio.create_task(advance(pair.east, send.message))
    await pass_time(3)
    await pair.tell(EAST, away=True)
    await working
    assert pair.east.clock.monotonic() <= 3 + FRESH_SECONDS + LOOK_SECONDS + DRAIN_SECONDS + 1
    await work_off(pair.west)
    assert pair.west.state(JOB).status == "succeeded"
    assert effects.done == {"tread": 2}


@in_virtual_time
async def test_a_peer_that_cannot_be_reached_does_not_keep_a_job_from_being_handed_over() -> None:
    pair, message = await with_a_queued_job(Effects())
    pair.west.table.refusing = True
    await advance(pair.east, message)
    assert pair.east.state(JOB).handed_to == WEST
    assert not pair.west.waiting()


@in_virtual_time
async def test_what_is_handed_over_nobody_here_works_on_any_more() -> None:
    effects = Effects()
    pair, message = await with_a_queued_job(effects)
    await advance(pair.east, message)
    await pair.tell(EAST, away=False)
    await pass_time(FRESH_SECONDS)
    await advance(pair.east, message)
    assert not effects.done
    assert len(pair.east.segments(JOB)) == 2


@in_virtual_time
async def test_only_the_region_that_is_named_takes_over_what_is_handed_over() -> None:
    effects = Effects()
    pair = pair_of_regions(effects.walker(1))
    await submitted(pair.east, "walk")
    replicate(pair.east, pair.west)
    await advance(pair.west, LaneMessage(JOB, 1, HANDED_OVER))
    assert not effects.done
    assert pair.west.state(JOB).owner_region == EAST


@pytest.mark.parametrize("lost", [True, False])
@in_virtual_time
async def test_an_orphan_is_taken_over_by_a_worker_only_while_the_peer_is_held_for_lost(lost: bool) -> None:
    effects = Effects()
    pair = pair_of_regions(effects.walker(1))
    await submitted(pair.east, "walk")
    replicate(pair.east, pair.west)
    pair.hold_for_lost(pair.west, lost=lost)
    await advance(pair.west, LaneMessage(JOB, 0, ORPHANED))
    assert pair.west.state(JOB).owner_region == (WEST if lost else EAST)
    assert sum(effects.done.values()) == lost


@in_virtual_time
async def test_a_process_that_was_busy_just_before_the_verdict_takes_over_what_comes_just_after_it() -> None:
    pair = pair_of_regions(Effects().walker(1))
    west = pair.west
    assert west.hands is not None
    hears = HearPeer(
        register=west.register, clock=west.clock, region=WEST, peer_region=EAST, stale_seconds=STALL_SECONDS
    )
    hands = replace(west.hands(Fuse()), hears=hears)
    assert not await hands.outlook.peer_lost()
    pair.hold_for_lost(west)
    await pass_time(0.1)
    assert not await hands.outlook.peer_lost(), "it goes by what it knew"
    assert await hands.peer_lost()


@in_virtual_time
async def test_two_workers_that_take_one_job_over_do_its_steps_once() -> None:
    effects = Effects()
    pair = pair_of_regions(effects.walker(2, seconds=1))
    await submitted(pair.east, "walk")
    replicate(pair.east, pair.west)
    pair.hold_for_lost(pair.west)
    message = LaneMessage(JOB, 0, ORPHANED)
    workers = [pair.west.advance_job(Fuse(gives_way=True), worker=f"worker {number}") for number in range(3)]
    await asyncio.gather(*(each.advance(message, delivery=1, stop_at=110.0) for each in workers))
    assert pair.west.state(JOB).status == "succeeded"
    assert effects.done == {"tread": 1, "tread#2": 1}


@in_virtual_time
async def test_wherever_a_worker_dies_that_hands_a_job_over_it_is_finished_once() -> None:
    for call in range(60):
        effects = Effects()
        pair, message = await with_a_queued_job(effects)
        fuse = Fuse(at=call)
        try:
            await advance(pair.east, message, fuse)
        except Crash:
            await advance(pair.east, message, delivery=2)  # the message comes again
        replicate(pair.east, pair.west)
        if not pair.west.lanes.queues["standard"]:  # its sweeper tells the peer again
            assert pair.east.hands is not None
            await pair.east.hands(Fuse()).tell(JOB, pair.east.state(JOB))
        await work_off(pair.west)
        assert pair.west.state(JOB).status == "succeeded", fuse.burned
        assert effects.done == {"tread": 1, "tread#2": 1}, fuse.burned
        if not fuse.blown:
            return
    raise AssertionError("more calls than there can be")


@in_virtual_time
async def test_a_returning_region_leaves_its_messages_alone() -> None:
    effects = Effects()
    pair = pair_of_regions(effects.walker(1))
    job = await pair.east.submit_job().submit(request("walk", input={}))
    (send,) = pair.east.waiting()
    await pair.tell(EAST, away=True)
    await pair.tell(EAST, away=False, by=EAST)
    progress = Progress(region=EAST, phase=Phase.EVACUATED, since=pair.east.clock.now())
    await pair.standings[EAST].put_progress(progress)
    await advance(pair.east, send.message)
    assert (effects.done, len(pair.east.segments(str(job["id"])))) == ({}, 1)


@in_virtual_time
async def test_an_evacuated_region_that_has_left_its_lease_hands_over_what_still_reaches_it() -> None:
    effects = Effects()
    pair, message = await with_a_queued_job(effects)
    fenced = replace(pair.east.advance_job(), fence=heed(Control({EAST: Lease(EAST, WEST, 2, 2)})))
    await fenced.advance(message, delivery=1, stop_at=60.0)
    (send,) = pair.west.waiting()
    await advance(pair.west, send.message)
    assert (pair.west.state(JOB).status, effects.done) == ("succeeded", {"tread": 1, "tread#2": 1})


@in_virtual_time
async def test_a_message_that_comes_twice_does_not_hand_a_job_over_that_a_worker_has() -> None:
    pair, message = await with_a_queued_job(Effects())
    started = AttemptStarted(at=pair.east.clock.now(), worker="w", reason="submitted", delivery=1)
    pair.east.put(Segment(JOB, 1, EAST, 2, (started,)))
    await advance(pair.east, message)
    assert pair.east.state(JOB).handed_to is None


@in_virtual_time
async def test_a_region_without_its_lease_begins_nothing_though_it_was_told_to_stay_amid_handing_over() -> None:
    effects = Effects()
    pair, message = await with_a_queued_job(effects)
    outlook = StaysAfter(looks=1)
    east = pair.east.advance_job()
    assert east.hands is not None
    fenced = replace(
        east,
        fence=heed(Control({EAST: Lease(EAST, WEST, 2, 2)})),
        hands=replace(east.hands, outlook=outlook),
    )
    with pytest.raises(RegionFenced):
        await fenced.advance(message, delivery=1, stop_at=60.0)
    assert not effects.done


@dataclass(slots=True)
class StaysAfter:
    """The port Outlook of a Region that is told to stay after so many looks."""

    looks: int

    async def may_work(self) -> bool:
        """See Outlook."""
        return not await self.hands_over()

    async def hands_over(self) -> bool:
        """See Outlook."""
        self.looks -= 1
        return self.looks >= 0

    async def peer_lost(self) -> bool:
        """See Outlook."""
        return False


class Slower(ChangeHands):
    """Another process of the Region is always quicker."""

    async def take_over(self, job_id: str, state: JobState, why: str) -> LaneMessage:
        """See ChangeHands."""
        raise AppendConflict(f"{job_id} has been taken over by another process")


@in_virtual_time
async def test_a_sweeper_goes_on_when_another_was_quicker_to_take_a_job_back_from_a_lost_peer() -> None:
    pair, message = await with_a_queued_job(Effects())
    await advance(pair.east, message)
    await pass_time(STALL_SECONDS + 1)
    pair.hold_for_lost(pair.east)
    sweeper, hands = pair.east.sweep_jobs(), pair.change_hands(pair.east, pair.watch(pair.east))
    sweeper.hands = Slower(**{each.name: getattr(hands, each.name) for each in fields(hands)})
    report = await sweeper.sweep()
    assert (report.examined > 0, report.put_back) == (True, 0)
    sweeper = pair.east.sweep_jobs()
    sweeper.hands = hands
    assert (await sweeper.sweep()).put_back == 1
    assert (pair.east.state(JOB).owner_region, pair.east.state(JOB).epoch) == (EAST, 3)


@in_virtual_time
async def test_what_was_done_since_a_job_was_taken_back_counts_though_the_peer_begins_late_with_it() -> None:
    pair = pair_of_regions(Effects().walker(2))
    await pair.west.submit_job().submit(request("walk", input={}))
    await pair.tell(WEST, away=True)
    await work_off(pair.west)
    (handed,) = pair.east.waiting()
    await pass_time(STALL_SECONDS + 1)
    pair.hold_for_lost(pair.west)
    sweeper = pair.west.sweep_jobs()
    sweeper.hands = pair.change_hands(pair.west, pair.watch(pair.west))
    await sweeper.sweep()
    await work_off(pair.west)
    done = pair.west.state(JOB)
    assert (done.status, done.owner_region) == ("succeeded", WEST)
    await advance(pair.east, handed.message)  # it is back, and has not yet been told of any of that
    assert pair.east.state(JOB).owner_region == EAST
    replicate(pair.east, pair.west)
    replicate(pair.west, pair.east)
    assert [region.state(JOB).history for region in (pair.east, pair.west)] == [done.history, done.history]
