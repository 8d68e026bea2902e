"""What comes to a job from outside: durable in both Regions, taken in once, decided once, and never lost."""

import asyncio

import pytest

from functions.application.ports import LaneUnavailable, StateUnavailable
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.history import Segment
from functions.sdk import Context
from tests.simulation.virtual_time import in_virtual_time, pass_time, run_virtually
from tests.unit.application.agents import Diary
from tests.unit.application.fleet import Fleet
from tests.unit.application.stories import DAY, begun, decided, signalled
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    WEST,
    Crash,
    Fuse,
    Region,
    replicate,
)
from tests.unit.domain.job.writing import adopted, started


async def asking(ctx: Context) -> object:
    decision = await ctx.approval("legal", {"licence": "GPL"}, timeout=30 * DAY)
    return [decision.approved, decision.by, decision.comment]


@in_virtual_time
async def test_a_decision_taken_in_the_other_region_counts_in_the_owners() -> None:
    east, fleet = await begun(asking)
    await fleet.pass_time(DAY)
    replicate(east, east.peer)
    sent = await decided(east.peer, "approval", True, "ann")
    assert (sent.earlier, sent.durability, sent.settled) == (False, "both", True)
    await fleet.finish()
    assert east.state(JOB).result == [True, "ann", "says ann"]
    assert fleet.reasons() == ["submitted", "arrived"]


@in_virtual_time
async def test_while_it_is_open_an_approval_is_listed_with_its_group_and_afterwards_no_longer() -> None:
    east, fleet = await begun(asking)
    await fleet.rest()
    (ask,) = east.table.asks.values()
    assert (ask.step, ask.group, ask.tenant, ask.open, ask.region) == ("approval", "legal", "acme", True, EAST)
    await decided(east, "approval", False, "ann")
    await fleet.finish()
    assert [ask.open for ask in east.table.asks.values()] == [False]


@pytest.mark.parametrize("otherwise", [True, False])
def test_an_approval_that_nobody_decides_on_is_decided_by_what_was_given_for_that_case(otherwise: bool) -> None:
    async def work(ctx: Context) -> object:
        decision = await ctx.approval("legal", "may we?", timeout=DAY, otherwise=otherwise)
        return [decision.approved, decision.by, decision.comment, decision.at]

    async def program() -> None:
        east, fleet = await begun(work)
        await fleet.finish()
        assert east.state(JOB).result == [otherwise, "nobody", "no decision within 86400 s", None]

    run_virtually(program())


@in_virtual_time
async def test_an_approval_that_nobody_decides_on_fails_the_job_and_is_listed_no_longer() -> None:
    east, fleet = await begun(lambda ctx: ctx.approval("legal", "may we?", timeout=DAY))
    await fleet.finish()
    assert east.error_code() == "wait_timed_out"
    assert [ask.open for ask in east.table.asks.values()] == [False]


async def asked_in_both() -> tuple[Region, Fleet, Region]:
    """Return both Regions, and East's fleet, when a job of East's asks for a decision and both know it."""
    east, fleet = await begun(asking)
    await fleet.rest()
    replicate(east, east.peer)
    return east, fleet, east.peer


def rows(region: Region) -> dict[str, str]:
    """What has arrived here: the key of each item, and who sent it."""
    return {key: row.arrival.by for (_, key), row in region.table.arrivals.items()}


@pytest.mark.parametrize("first", [EAST, WEST])
def test_of_two_decisions_the_first_counts_and_the_second_is_told_who_decided(first: str) -> None:
    async def program() -> None:
        east, fleet, west = await asked_in_both()
        quick, slow = (east, west) if first == EAST else (west, east)
        one = await decided(quick, "approval", True, "ann")
        other = await decided(slow, "approval", False, "bob")
        assert (one.earlier, other.earlier) == (False, True)
        assert (other.arrival.by, other.arrival.body) == ("ann", {"approved": True, "comment": "says ann"})
        assert other.settled
        await fleet.finish()
        assert east.state(JOB).result == [True, "ann", "says ann"]
        late = await decided(slow, "approval", False, "carl")
        assert (late.earlier, late.arrival.by) == (True, "ann")

    run_virtually(program())


@in_virtual_time
async def test_of_two_decisions_at_the_same_time_one_counts_and_both_are_told_the_same() -> None:
    east, fleet, west = await asked_in_both()
    told = await asyncio.gather(decided(west, "approval", False, "bob"), decided(east, "approval", True, "ann"))
    assert sorted(each.earlier for each in told) == [False, True]
    assert len({each.arrival.by for each in told}) == 1
    assert len(rows(east)) == len(rows(west)) == 1
    await fleet.finish()
    by = told[0].arrival.by
    assert east.state(JOB).result == [by == "ann", by, f"says {by}"]


@in_virtual_time
async def test_a_decision_whose_owner_is_out_of_reach_is_kept_here_and_not_called_settled() -> None:
    east, fleet, west = await asked_in_both()
    east.table.refusing = True
    sent = await decided(west, "approval", True, "ann")
    assert (sent.earlier, sent.durability, sent.settled) == (False, "local", False)
    again = await decided(west, "approval", False, "bob")
    assert (again.earlier, again.arrival.by) == (True, "ann")
    east.table.refusing = False
    replicate(west, east)
    await fleet.finish()
    assert east.state(JOB).result == [True, "ann", "says ann"]


@in_virtual_time
async def test_of_decisions_that_both_regions_took_while_cut_off_the_owners_counts() -> None:
    east, fleet, west = await asked_in_both()
    east.table.refusing = True
    await decided(west, "approval", False, "bob")
    east.table.refusing, west.table.refusing = False, True
    await pass_time(60)
    mine = await decided(east, "approval", True, "ann")
    assert (mine.earlier, mine.durability, mine.settled) == (False, "local", False)  # West may have taken the job over
    west.table.refusing = False
    replicate(west, east)
    await fleet.finish()
    assert east.state(JOB).result == [True, "ann", "says ann"]


@in_virtual_time
async def test_a_decision_that_is_settled_counts_though_the_peer_that_had_kept_another_takes_the_job_over() -> None:
    east, _, west = await asked_in_both()
    east.table.refusing = True
    assert not (await decided(west, "approval", False, "bob")).settled
    east.table.refusing = False
    await pass_time(5)
    mine = await decided(east, "approval", True, "ann")
    assert (mine.durability, mine.settled) == ("both", True)
    assert (await west.adopt_jobs().adopt()).adopted == 1
    await Fleet(west).finish()
    assert west.state(JOB).result == [True, "ann", "says ann"]


@in_virtual_time
async def test_a_decision_in_a_region_whose_job_the_peer_has_taken_over_is_not_settled() -> None:
    east, _, west = await asked_in_both()
    assert (await west.adopt_jobs().adopt()).adopted == 1
    stale = await decided(east, "approval", True, "ann")  # East does not know yet
    assert (stale.durability, stale.settled) == ("both", False)
    state = east.state(JOB)
    replicate(west, east)
    assert not await east.send_arrival().holds(state, stale.arrival)


@in_virtual_time
async def test_when_the_owner_is_lost_the_adopter_goes_by_the_decision_that_was_kept_here() -> None:
    east, _, west = await asked_in_both()
    east.table.refusing = True
    await decided(west, "approval", True, "ann")
    adopters = Fleet(west)
    assert (await west.adopt_jobs().adopt()).adopted == 1
    await adopters.finish()
    assert west.state(JOB).result == [True, "ann", "says ann"]
    assert (west.state(JOB).owner_region, west.state(JOB).epoch) == (WEST, 2)


@in_virtual_time
async def test_a_signal_lies_in_both_replicas_as_one_item_and_is_due_at_its_owners() -> None:
    east, fleet, west = await asked_in_both()
    sent = await signalled(west, "go/1", 7)
    assert (sent.durability, sent.earlier) == ("both", False)
    (here,), (there,) = west.table.arrivals.values(), east.table.arrivals.values()
    assert here == there
    assert (here.owner, here.lane, here.arrival.region) == (EAST, "standard", WEST)
    await fleet.rest()


@in_virtual_time
async def test_a_signal_that_was_sent_before_is_answered_with_the_first_one() -> None:
    east, _, west = await asked_in_both()
    first = await signalled(east, "go/1", 7)
    await pass_time(5)
    again = await signalled(east, "go/1", 8, by="bob")
    assert (again.earlier, again.arrival) == (True, first.arrival)
    assert len(west.table.arrivals) == 1


@in_virtual_time
async def test_without_this_regions_table_nothing_is_acknowledged() -> None:
    east, _, west = await asked_in_both()
    known = east.state(JOB)
    east.table.refusing = True
    with pytest.raises(StateUnavailable):
        await east.send_arrival().send(JOB, known, ArrivalKind.SIGNAL, "go/1", by="ann", body=None)
    assert not west.table.arrivals


@in_virtual_time
async def test_a_lane_that_refuses_keeps_nobody_from_being_acknowledged() -> None:
    east, fleet, _ = await asked_in_both()
    east.lanes.refusing = True
    assert (await decided(east, "approval", True, "ann")).settled
    with pytest.raises(LaneUnavailable):
        await east.lanes.depths()
    east.lanes.refusing = False
    await fleet.finish()  # by the sweeper
    assert east.state(JOB).result == [True, "ann", "says ann"]
    assert fleet.now < 120


@in_virtual_time
async def test_a_hint_goes_to_the_lanes_of_the_region_that_owns_the_job() -> None:
    east, _, west = await asked_in_both()
    west.put(
        Segment(JOB, 2, WEST, east.state(JOB).last_sequence + 1, (adopted(1, EAST, east.state(JOB).last_sequence),))
    )
    await signalled(west, "go/1")
    assert [send.message.reason for send in west.waiting()] == ["arrived"]
    assert not east.waiting()


@in_virtual_time
async def test_a_worker_that_is_at_work_gets_no_hint() -> None:
    diary = Diary()
    east, fleet = await begun(
        lambda ctx: ctx.tool(
            diary.write,
            "long",
            30,
        )
    )
    await fleet.pass_time(1)
    east.put(Segment(JOB, 1, EAST, 2, (started(),)))
    await signalled(east, "go/1")
    assert not east.waiting()


@in_virtual_time
async def test_wherever_the_sender_dies_the_signal_that_is_sent_again_is_taken_once() -> None:
    async def dies_at(call: int) -> bool:
        async def work(ctx: Context) -> object:
            return [await ctx.signal("go", timeout=DAY), await ctx.signal("go", timeout=600, otherwise="no other")]

        east, fleet = await begun(work)
        await fleet.rest()
        fuse = Fuse(call)
        for sender in (east.send_arrival(fuse), east.send_arrival()):
            try:
                await sender.send(JOB, east.state(JOB), ArrivalKind.SIGNAL, "go/1", by="ann", body=7)
                break
            except Crash:
                await fleet.pass_time(3)
        await fleet.finish()
        assert east.state(JOB).result == [7, "no other"], fuse.burned
        return fuse.blown

    calls = 0
    while await dies_at(calls):
        calls += 1
    assert calls >= 6


@pytest.mark.parametrize("comes_again", [True, False])
def test_wherever_a_worker_or_the_sweeper_dies_the_decision_is_taken_and_nothing_recorded_is_done_again(
    comes_again: bool,
) -> None:
    async def dies_at(call: int) -> bool:
        diary = Diary()

        async def work(ctx: Context) -> object:
            await ctx.tool(diary.write, "before", 1)
            decision = await ctx.approval("legal", "may we?", timeout=DAY)
            return [await ctx.tool(diary.write, "after", 1), decision.by]

        east, fleet = await begun(work, at=call)
        diary.region, fleet.comes_again = east, comes_again
        await fleet.until(lambda: bool(east.table.asks))
        await decided(east, "approval", True, "ann")
        await fleet.finish()
        assert east.state(JOB).result == ["after", "ann"], fleet.fuse.burned
        assert not diary.again, fleet.fuse.burned
        assert fleet.now < 200, fleet.fuse.burned
        return fleet.fuse.blown

    async def program() -> None:
        calls = 0
        while await dies_at(calls):
            calls += 1
        assert calls > 10

    run_virtually(program())


@in_virtual_time
async def test_two_things_that_arrive_at_one_moment_are_each_seen_to() -> None:
    async def work(ctx: Context) -> object:
        return [await ctx.signal("go", timeout=DAY), await ctx.signal("go", timeout=DAY)]

    east, _ = await begun(work)
    await east.work()
    sweep, moment = east.sweep_jobs(), east.clock.now()
    for name in ("go/1", "go/2"):  # every hint is lost, and no time passes
        await signalled(east, name, name)
        east.waiting()
        assert (await sweep.sweep()).put_back == 1
    assert east.clock.now() == moment
    await east.work()
    assert east.state(JOB).result == ["go/1", "go/2"]
