"""What wakes a job that two Regions ran at once: what had come to the one whose history does not count in the end."""

import pytest

from functions.adapters.memory import MemoryHistory
from functions.application.hear_peer import HearPeer
from functions.application.redrive_job import RedriveRequest
from functions.application.wake_jobs import MARGIN_SECONDS
from functions.domain.ids import child_job_id
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.ended import LAST_LOOK_SECONDS
from functions.domain.job.redrive import Terms
from functions.domain.ownership.verdict import Heartbeat, Verdict
from functions.sdk import Context
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.fleet import Fleet
from tests.unit.application.stories import (
    DAY,
    Wish,
    agent_of,
    begun,
    both_accept,
    cancelled,
    children,
    meet,
    signalled,
)
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    STALL_SECONDS,
    TENANT,
    WEST,
    Region,
    replicate,
    request,
    two_regions,
)
from tests.unit.domain.job.writing import at


async def swept_and_met(winner: Region, loser: Region, status: str) -> tuple[Region, Region]:
    """Both Regions' sweepers see to the job, then the Regions meet: return both, where the winner's history counts."""
    for sweep in (winner.sweep_jobs(), loser.sweep_jobs()):
        await pass_time(200)
        await sweep.sweep()
    meet(winner, loser)
    for region in (winner, loser):
        assert (region.state(JOB).owner_region, region.state(JOB).status) == (winner.name, status)
    return winner, loser


async def taken_in_by_the_loser() -> tuple[Region, Region]:
    """While both run one job, a signal comes to the Region whose history does not count in the end.

    Both Regions' sweepers have seen to the job by then.
    """
    east, west = await both_accept(agent_of(lambda ctx: ctx.signal("go", timeout=DAY), "wait"))
    east.table.refusing = True
    await signalled(west, "go", "went")
    east.table.refusing = False
    await west.work()
    assert west.state(JOB).status == "succeeded"
    return await swept_and_met(east, west, "waiting")


@in_virtual_time
async def test_what_came_to_the_other_owner_while_the_regions_were_apart_wakes_the_job_once_they_have_met() -> None:
    east, west = await taken_in_by_the_loser()
    for region in (east, west):
        await region.sweep_jobs().sweep()  # neither's due entries lead to it before the wait's deadline
        assert not region.waiting()
    await east.adopt_jobs().wake.look_back(at(0), at(60))
    await east.work()
    assert east.state(JOB).result == "went"


@in_virtual_time
async def test_it_wakes_the_job_too_while_the_peer_is_heard_again_but_the_verdict_stands() -> None:
    east, _ = await taken_in_by_the_loser()
    await east.register.put_verdict(Verdict(EAST, WEST, True, at(0), at(0), 7))
    await east.register.beat(Heartbeat(WEST, at(60), 8))
    adopt = east.adopt_jobs()
    adopt.hears = HearPeer(
        register=east.register, clock=east.clock, region=EAST, peer_region=WEST, stale_seconds=STALL_SECONDS
    )
    assert (await adopt.adopt(lost_since=at(0))).examined == 0
    await east.work()
    assert east.state(JOB).result == "went"


@in_virtual_time
async def test_a_hint_that_is_lost_then_is_sent_again_by_the_sweeper() -> None:
    east, _ = await taken_in_by_the_loser()
    wake = east.adopt_jobs().wake
    await wake.look_back(at(0), at(60))
    assert len(east.waiting()) == 1
    await wake.look_back(at(0), at(60))
    assert not east.waiting()  # it is seen to
    await pass_time(STALL_SECONDS)
    await east.sweep_jobs().sweep()
    await east.work()
    assert east.state(JOB).result == "went"


@in_virtual_time
async def test_looking_back_takes_nothing_over_and_wakes_no_job_of_the_peer() -> None:
    _, west = await taken_in_by_the_loser()
    await west.adopt_jobs().wake.look_back(at(0), at(60))
    assert not west.waiting()
    assert (west.state(JOB).owner_region, west.state(JOB).epoch) == (EAST, 1)


@in_virtual_time
async def test_a_job_that_turns_out_to_be_this_regions_later_is_woken_then() -> None:
    east, _ = await taken_in_by_the_loser()
    late = [key for key, row in east.table.segments.items() if row.segment.region == EAST]
    rows = {key: east.table.segments.pop(key) for key in late}
    wake = east.adopt_jobs().wake
    await wake.look_back(at(0), at(60))
    assert not east.waiting()
    east.table.segments.update(rows)
    await wake.look_back(at(0), at(60))
    assert len(east.waiting()) == 1


@in_virtual_time
async def test_what_came_long_before_or_long_after_is_not_looked_at() -> None:
    east, _ = await taken_in_by_the_loser()
    wake = east.adopt_jobs().wake
    await wake.look_back(at(MARGIN_SECONDS + 10), at(1000))
    await wake.look_back(at(-1000), at(-MARGIN_SECONDS - 10))
    assert not east.waiting()


async def called_in_vain() -> tuple[Region, Region]:
    """West takes a job over and ends it. East knows nothing of that, and has it call another one."""

    async def work(ctx: Context) -> object:
        await ctx.signal("go", timeout=DAY)
        return await ctx.call("child", Wish(seconds=DAY))

    east, _ = await begun(work, children())
    west = east.peer
    await east.work()
    replicate(east, west)
    west.table.refusing = True
    await signalled(east, "go", "went")
    west.table.refusing, east.table.refusing = False, True
    await west.adopt_jobs().adopt()
    await cancelled(west)
    await west.work()
    east.table.refusing = False
    await pass_time(20)
    await east.work()
    await east.work()  # the child, which waits for a day
    return east, west


@pytest.mark.parametrize("looks", [True, False])
@in_virtual_time
async def test_a_child_that_only_a_history_which_does_not_count_has_called_ends_once_the_regions_have_met(
    looks: bool,
) -> None:
    east, west = await called_in_vain()
    child = child_job_id(JOB, "child")
    meet(east, west)
    assert [region.state(JOB).status for region in (east, west)] == ["cancelled", "cancelled"]
    assert (east.state(child).status, east.state(child).owner_region) == ("waiting", EAST)
    if looks:
        await west.adopt_jobs().wake.look_back(at(10), at(40))
    await Fleet(east).pass_time(120)
    assert east.state(child).status == ("cancelled" if looks else "waiting")


@in_virtual_time
async def test_children_whose_parents_run_or_are_the_peers_are_left_alone() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.call("child", Wish(seconds=DAY))

    east, _ = await begun(work, children())
    for _ in range(3):
        await east.work()
    child = child_job_id(JOB, "child")
    replicate(east, east.peer)
    await east.peer.adopt_jobs().wake.look_back(at(0), at(60))
    await east.peer.adopt_jobs().adopt()  # it is West's from now on, and waits for its child
    meet(east, east.peer)
    await east.peer.adopt_jobs().wake.look_back(at(0), at(60))
    assert (east.peer.state(JOB).owner_region, east.peer.state(JOB).finished) == (WEST, False)
    assert not east.peer.state(child).finished
    assert not any(row.arrival.job_id == child for row in east.peer.table.arrivals.values())


async def heeded_where_it_does_not_count(*, by_adoption: bool) -> tuple[Region, Region]:
    """A job fails in both Regions, and is redriven to a good end in the one whose history does not count: return both.

    The other's is the first. Both Regions' sweepers have seen to the job by then.
    """
    broken = True

    async def breaks(ctx: Context) -> object:
        if broken:
            raise ValueError("no money")
        return "done"

    wanted = agent_of(breaks, "breaks")
    if by_adoption:
        loser, winner = two_regions(wanted)
        await loser.submit_job().submit(request("breaks", input={}))
        replicate(loser, winner)
        await winner.adopt_jobs().adopt()
        await winner.work()
        await loser.work()
    else:
        winner, loser = await both_accept(wanted)
    broken, winner.table.refusing = False, True
    assert await loser.redrive_job().redrive(TENANT, [JOB], RedriveRequest(name="r1", by="ann")) == {}
    winner.table.refusing = False
    await loser.work()
    assert loser.state(JOB).result == "done"
    return await swept_and_met(winner, loser, "failed")


@pytest.mark.parametrize("by_adoption", [True, False])
@pytest.mark.parametrize("looks", [True, False])
@in_virtual_time
async def test_a_redrive_that_was_heeded_in_the_history_that_does_not_count_is_heeded_in_the_other_as_well(
    looks: bool, by_adoption: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not looks:  # the rule switched off
        for module in ("advance_job", "sweep_jobs"):
            monkeypatch.setattr(f"functions.application.{module}.last_look", lambda *_: None)
    winner, _ = await heeded_where_it_does_not_count(by_adoption=by_adoption)
    await Fleet(winner).pass_time(2 * LAST_LOOK_SECONDS)
    assert (winner.state(JOB).status == "succeeded") is looks


@in_virtual_time
async def test_a_job_that_is_redriven_by_what_came_to_the_other_owner_is_found_though_its_worker_dies() -> None:
    """Its own entry is gone, the request's lies with the peer, and the message is for a job that does not run."""
    broken = True

    async def breaks(ctx: Context) -> object:
        await ctx.tool(pass_time, STALL_SECONDS)
        if broken:
            raise ValueError("no money")
        await ctx.tool(pass_time, 2.0)
        return "done"

    east, fleet = await begun(breaks)
    await fleet.finish()
    await fleet.pass_time(200)
    head = east.head(JOB)
    assert head is not None
    assert head.due_at is None
    meant = Terms().body(east.state(JOB).failure)
    asked = Arrival(job_id=JOB, region=WEST, kind=ArrivalKind.REDRIVE, name="r1", at=at(0), by="ann", body=meant)
    await MemoryHistory(east.table).receive(asked, owner=WEST, lane="standard")
    broken = False
    await east.peer.send_arrival().remind(JOB, east.state(JOB))
    await fleet.pass_time(1.0)
    assert east.state(JOB).status == "running"
    fleet.kill_workers()
    await fleet.pass_time(10 * STALL_SECONDS)
    assert east.state(JOB).result == "done"


@in_virtual_time
async def test_a_parent_hears_of_its_childs_end_though_the_peer_has_told_a_parent_that_does_not_count() -> None:
    """East stands still with the job that it has accepted; West accepts it as well, calls the child and has its end."""

    async def work(ctx: Context) -> object:
        return [await ctx.call("child", Wish(seconds=1)), await ctx.signal("go", timeout=DAY)]

    east, west = two_regions(agent_of(work, "calls"), children())
    for region in (east, west):
        region.peer.table.refusing = True
        await region.submit_job().submit(request("calls", input={}))
        region.peer.table.refusing = False
        await pass_time(1.0)
    east.table.refusing = True
    await Fleet(west).pass_time(30)
    east.table.refusing = False
    child = child_job_id(JOB, "child")
    assert west.state(child).finished
    await east.work()  # it calls the child, too, finds that it is West's, and waits
    for _ in range(2):
        await pass_time(200)
        await east.sweep_jobs().sweep()  # what is due is seen to by then
    meet(east, west)
    assert [region.state(JOB).owner_region for region in (east, west)] == [EAST, EAST]
    assert (east.state(child).owner_region, east.state(JOB).steps) == (WEST, {})
    await Fleet(east).pass_time(120)
    assert east.state(JOB).steps["child"].arrival == "child_ended/child"
