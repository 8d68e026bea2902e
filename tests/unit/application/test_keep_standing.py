"""What a Region does that was told to go, to come back, or finds itself lost: round by round, in its own words."""

from dataclasses import replace

from functions.application.keep_standing import KeepStanding
from functions.domain.moments import add_seconds
from functions.domain.ownership.standing import Phase, Progress, returned_by_loss
from functions.domain.ownership.verdict import HOLD_SECONDS, Verdict
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.evacuated_regions import Pair, pair_of_regions
from tests.unit.application.leased_regions import Control, heed
from tests.unit.application.test_catch_up import catch_up
from tests.unit.application.test_evacuate_jobs import evacuate_jobs
from tests.unit.application.test_keep_sweeping import keep_sweeping
from tests.unit.application.two_regions import EAST, JOB, WEST, Log, advance, replicate, request


def keep_standing(pair: Pair) -> KeepStanding:
    """The use case in the east."""
    return KeepStanding(
        standings=pair.standings[EAST],
        peer=pair.standings[WEST],
        evacuate=evacuate_jobs(pair),
        catch_up=catch_up(pair),
        clock=pair.east.clock,
        region=EAST,
        peer_region=WEST,
    )


async def account(pair: Pair) -> Progress:
    progress = (await pair.standings[EAST].read(EAST)).progress
    assert progress is not None
    return progress


@in_virtual_time
async def test_a_region_that_nobody_told_anything_sweeps_and_writes_nothing() -> None:
    pair = pair_of_regions(Effects().walker(1))
    assert await keep_standing(pair).round(Log())
    assert not pair.standings[EAST].progress


@in_virtual_time
async def test_from_the_order_to_evacuated_and_back_to_work() -> None:
    effects = Effects()
    pair = pair_of_regions(effects.walker(1))
    await pair.east.submit_job().submit(request("walk", input={}))
    order, keep, log = await pair.tell(EAST, away=True), keep_standing(pair), Log()
    assert not await keep.round(log)
    begun = await account(pair)
    assert (begun.phase, begun.answers, begun.handing) == (Phase.EVACUATING, order.at, 1)
    for send in pair.west.waiting():
        await advance(pair.west, send.message)
    replicate(pair.west, pair.east)
    assert not await keep_standing(pair).round(log)  # another process goes on
    gone = await account(pair)
    assert (gone.phase, gone.left, gone.handing, gone.handed_over) == (Phase.EVACUATED, 0, 0, 1)
    await pair.tell(EAST, away=False)
    assert await keep.round(log)
    assert (await account(pair)).phase is Phase.ACTIVE
    assert effects.done == {"tread": 1}


@in_virtual_time
async def test_what_reaches_an_evacuated_region_is_handed_over_by_its_next_round() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await pair.tell(EAST, away=True)
    keep = keep_standing(pair)
    await keep.round(Log())
    await pair.east.submit_job().submit(request("walk", input={}))
    await keep.round(Log())
    assert (await account(pair)).phase is Phase.EVACUATED
    assert (await account(pair)).handing == 1


@in_virtual_time
async def test_the_last_region_that_works_stays_whatever_it_was_told() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await pair.tell(EAST, away=True)
    pair.hold_for_lost(pair.east)
    assert await keep_standing(pair).round(Log())


@in_virtual_time
async def test_of_two_that_were_told_to_go_at_once_the_later_one_stays() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await pair.tell(WEST, away=True, by=EAST)
    await pass_time(1)
    await pair.tell(EAST, away=True)
    keep = keep_standing(pair)
    assert await keep.round(Log())
    assert await keep.round(Log())
    assert (await account(pair)).phase is Phase.ACTIVE


async def lost_and_back(pair: Pair, *, times: int = 1) -> None:
    """The east finds that it was lost, so often."""
    known = None
    for number in range(times):
        now = pair.east.clock.now()
        known = returned_by_loss(EAST, known, add_seconds(now, -60.0 + number), now)
    assert known is not None
    await pair.standings[EAST].put_progress(known)


@in_virtual_time
async def test_a_region_that_was_lost_works_again_when_it_has_learnt_what_it_has_lost() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await pair.east.submit_job().submit(request("walk", input={}))
    await pair.west.adopt_jobs().adopt()
    pair.hold_for_lost(pair.west)
    await lost_and_back(pair)
    keep, log = keep_standing(pair), Log()
    assert not await keep.round(log)
    assert (await account(pair)).waits_for == "us-west-2 to see that it is back"
    pair.hold_for_lost(pair.west, lost=False)
    assert not await keep.round(log)  # once is not enough
    assert not await keep.round(log)
    assert "knows more of 1 jobs" in str((await account(pair)).waits_for)
    replicate(pair.west, pair.east)
    assert await keep.round(log)
    assert (await account(pair)).phase is Phase.ACTIVE


@in_virtual_time
async def test_a_region_that_flaps_waits_for_calm_and_says_so() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await lost_and_back(pair, times=2)
    keep = keep_standing(pair)
    for _ in range(2):
        assert not await keep.round(Log())
    assert (await account(pair)).waits_for == "calm: it was lost 2 times within an hour"
    await pass_time(HOLD_SECONDS)
    assert await keep.round(Log())


@in_virtual_time
async def test_a_returning_region_whose_peer_is_lost_works_at_once() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await lost_and_back(pair, times=3)
    now = pair.east.clock.now()
    pair.east.table.verdicts[EAST] = Verdict(EAST, WEST, True, now, now)
    assert await keep_standing(pair).round(Log())
    assert (await account(pair)).phase is Phase.ACTIVE


@in_virtual_time
async def test_a_returning_region_that_cannot_ask_its_peer_says_what_it_waits_for() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await lost_and_back(pair)
    pair.west.table.refusing = True
    assert not await keep_standing(pair).round(Log())
    assert (await account(pair)).waits_for == "us-west-2's replica, which cannot be reached"


@in_virtual_time
async def test_a_region_without_its_lease_hands_over_what_it_was_told_to_leave_and_does_nothing_else() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await pair.east.submit_job().submit(request("walk", input={}))
    keep = keep_standing(pair)
    assert not await keep.leave(Log())
    assert pair.east.state(JOB).handed_to is None
    await pair.tell(EAST, away=True)
    assert await keep.leave(Log())
    assert (pair.east.state(JOB).handed_to, (await account(pair)).handing) == (WEST, 1)


@in_virtual_time
async def test_the_sweeper_of_an_evacuating_region_hands_over_without_the_lease() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await pair.east.submit_job().submit(request("walk", input={}))
    await pair.tell(EAST, away=True)
    keep = replace(keep_sweeping(pair.east), fence=heed(Control()), standing=keep_standing(pair))
    await keep.round(Log())
    assert pair.east.state(JOB).handed_to == WEST
