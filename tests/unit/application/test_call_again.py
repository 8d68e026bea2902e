"""A parent that failed with its child is redriven with it: the child goes on from its failure, whatever dies."""

import pytest

from functions.application.redrive_job import RedriveRequest
from functions.domain.dead_letter import Over
from functions.domain.ids import child_job_id
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.redrive import Terms, goes_alone
from functions.domain.job.state import JobState
from functions.sdk import Context
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.application.agents import Nothing
from tests.unit.application.fleet import Deadly, Fleet
from tests.unit.application.shops import Shop
from tests.unit.application.stories import DAY, Wish, Work, agent_of, begun, children, jobs_of, told
from tests.unit.application.two_regions import JOB, TENANT, WEST, Region, Shelf, refuse_lanes, refuse_table, replicate

ASKED = RedriveRequest(name="r1", by="ann")
CHILD = child_job_id(JOB, "shop")
NEW_CHILD = child_job_id(JOB, "shop~1")


def parent_of(shop: Shop) -> Work:
    """An agent that notes that it begins, has a shop's job done, and notes what came of it."""

    async def work(ctx: Context) -> object:
        await ctx.tool(shop.diary.write, "begin")
        result = await ctx.call("shop", Nothing())
        return await ctx.tool(shop.diary.write, f"got {result}")

    return work


async def failed_family() -> tuple[Shop, Region, Fleet]:
    """Return a shop whose job has failed, and the job that called it with it."""
    shop = Shop()
    east, fleet = await begun(parent_of(shop), agent_of(shop.work, "shop"))
    await fleet.finish()
    assert (east.state(JOB).status, east.state(CHILD).status) == ("failed", "failed")
    return shop, east, fleet


async def redriven(region: Region, asked: RedriveRequest = ASKED, job: str = JOB) -> dict[str, str]:
    return await region.redrive_job().redrive(TENANT, [job], asked)


def kinds(region: Region, job: str) -> list[str]:
    return [event.kind for segment in region.segments(job) for event in segment.events]


async def succeeded(region: Region, fleet: Fleet) -> None:
    """Go on until the parent has succeeded and nobody works."""
    await fleet.until(lambda: region.state(JOB).status == "succeeded")
    await fleet.rest()


def calls_of(region: Region) -> dict[str, str]:
    """The status of every child."""
    return {job: state.status for job, state in jobs_of(region, "child").items()}


@in_virtual_time
async def test_the_child_goes_on_from_its_failed_step_and_both_keep_what_they_had_recorded() -> None:
    shop, east, fleet = await failed_family()
    shop.mended = True
    assert await redriven(east) == {}
    await succeeded(east, fleet)
    assert east.state(JOB).status == "succeeded"
    assert shop.diary.entries == ["begin", "look", "pay", "ship", "got ship"]
    assert list(jobs_of(east, "shop")) == [CHILD]
    assert (east.state(CHILD).redrives, kinds(east, CHILD).count("redriven")) == (1, 1)
    assert {each.over for each in east.table.dead.values()} == {Over.REDRIVEN}


@in_virtual_time
async def test_the_child_itself_is_refused_for_its_parent_waits_for_its_end() -> None:
    _, east, _ = await failed_family()
    assert await redriven(east, job=CHILD) == {CHILD: "redrive_parent"}


@in_virtual_time
async def test_when_it_fails_again_so_does_its_parent_and_both_can_be_redriven_again() -> None:
    shop, east, fleet = await failed_family()
    await redriven(east)
    await fleet.until(lambda: east.kinds().count("failed") == 2)
    await fleet.rest()
    assert told(east)["code"] == "child_failed"
    assert {each.over for each in east.table.dead.values()} == {None}
    shop.mended = True
    await redriven(east, RedriveRequest(name="r2", by="ann"))
    await succeeded(east, fleet)
    assert (east.state(JOB).status, east.state(CHILD).redrives) == ("succeeded", 2)
    assert shop.diary.entries == ["begin", "look", "pay", "ship", "got ship"]


@pytest.mark.parametrize("died", range(24))
def test_wherever_a_process_dies_each_goes_on_once(died: int) -> None:
    async def program() -> None:
        shop, east, fleet = await failed_family()
        shop.mended = True
        await redriven(east)
        fleet.fuse = Deadly(died)
        await succeeded(east, fleet)
        await fleet.pass_time(3600.0)
        assert (east.state(JOB).status, east.state(CHILD).status) == ("succeeded", "succeeded")
        assert (east.state(JOB).redrives, east.state(CHILD).redrives) == (1, 1)
        assert [each for each in shop.diary.entries if each in ("begin", "look")] == ["begin", "look"]
        assert [each.over for each in east.table.dead.values()] == [Over.REDRIVEN] * 2
        assert fleet.fuse.blown

    run_virtually(program())


@in_virtual_time
async def test_every_hint_may_be_lost() -> None:
    shop, east, fleet = await failed_family()
    shop.mended = True
    await redriven(east)
    fleet.lose_hints()
    await fleet.until(lambda: kinds(east, CHILD).count("redriven") == 1)
    fleet.lose_hints()
    await fleet.until(lambda: east.state(JOB).status == "succeeded")


@in_virtual_time
async def test_a_whole_line_of_jobs_goes_on_from_where_the_last_of_them_failed() -> None:
    shop = Shop()

    async def middle(ctx: Context) -> object:
        await ctx.tool(shop.diary.write, "middle")
        return await ctx.call("shop", Nothing())

    async def top(ctx: Context) -> object:
        return await ctx.call("middle", Nothing())

    east, fleet = await begun(top, agent_of(middle, "middle"), agent_of(shop.work, "shop"))
    await fleet.finish()
    shop.mended = True
    await redriven(east)
    await succeeded(east, fleet)
    assert east.state(JOB).status == "succeeded"
    assert shop.diary.entries == ["middle", "look", "pay", "ship"]


@in_virtual_time
async def test_of_children_side_by_side_one_that_had_succeeded_is_not_run_again_and_a_cancelled_one_is_anew() -> None:
    shop = Shop()

    async def work(ctx: Context) -> object:
        calls = (ctx.call("shop", Nothing()), ctx.call("child", Wish(seconds=2)), ctx.call("child", Wish(seconds=3600)))
        return await ctx.gather(*calls)

    async def late(ctx: Context) -> object:
        await ctx.sleep(10)
        return await shop.work(ctx)

    east, fleet = await begun(work, agent_of(late, "shop"), children(shop.diary))
    await fleet.finish()
    await fleet.pass_time(5)
    quick, slow = (child_job_id(JOB, f"gather[{number}]/child") for number in (1, 2))
    assert calls_of(east) == {quick: "succeeded", slow: "cancelled"}
    shop.mended = True
    await redriven(east)
    await succeeded(east, fleet)
    assert east.state(JOB).result == ["ship", 4, 7200]
    assert calls_of(east) == {
        quick: "succeeded",
        slow: "cancelled",
        child_job_id(JOB, "gather[2]/child~1"): "succeeded",
    }
    assert shop.diary.entries.count("slept 2") == 1


async def parted_family() -> tuple[Shop, Region, Fleet, str]:
    """A child that has succeeded, of which its parent, failed by another branch, never heard."""
    shop = Shop()

    async def work(ctx: Context) -> object:
        return await ctx.gather(ctx.call("child", Wish(seconds=5)), paid(ctx))

    async def paid(ctx: Context) -> object:
        await ctx.sleep(3)
        return await ctx.tool(shop.pay)

    east, fleet = await begun(work, children(shop.diary))
    child = child_job_id(JOB, "gather[0]/child")
    await fleet.until(lambda: east.state(JOB).status == "failed")
    return shop, east, fleet, child


@in_virtual_time
async def test_a_child_that_still_ran_when_its_parent_failed_is_asked_to_end_and_another_is_called() -> None:
    shop, east, fleet, child = await parted_family()
    shop.mended = True
    await redriven(east)
    await succeeded(east, fleet)
    assert east.state(JOB).result == [10, "paid"]
    assert {child: "cancelled"}.items() <= calls_of(east).items()
    assert calls_of(east)[child_job_id(JOB, "gather[0]/child~1")] == "succeeded"


@in_virtual_time
async def test_a_child_that_has_succeeded_unheard_tells_its_end_anew() -> None:
    shop, east, fleet, child = await parted_family()
    cancels = [key for key, row in east.table.arrivals.items() if row.arrival.kind is ArrivalKind.CANCEL]
    for key in cancels:  # it was quicker than whoever asked it to end
        del east.table.arrivals[key]
    await fleet.until(lambda: east.state(child).finished)
    assert east.state(child).status == "succeeded"
    shop.mended = True
    await redriven(east)
    await succeeded(east, fleet)
    assert east.state(JOB).result == [10, "paid"]
    assert calls_of(east) == {child: "succeeded"}


@in_virtual_time
async def test_another_version_that_asks_for_something_else_calls_a_child_of_its_own() -> None:
    async def work(ctx: Context) -> object:
        return await ctx.call("child", Wish(fails=True))

    async def newer(ctx: Context) -> object:
        return await ctx.call("child", Wish(seconds=3))

    child = children()
    east, fleet = await begun(work, child)
    await fleet.finish()
    east.agents = Shelf([agent_of(work), agent_of(newer, version="2"), child])
    await redriven(east, RedriveRequest(name="r1", by="ann", terms=Terms(agent_version="2")))
    await succeeded(east, fleet)
    assert east.state(JOB).result == 6
    assert calls_of(east) == {child_job_id(JOB, "child"): "failed", child_job_id(JOB, "child~1"): "succeeded"}


@in_virtual_time
async def test_the_childs_deadline_that_has_passed_with_its_parents_is_taken_away_with_it() -> None:
    shop = Shop()
    east, fleet = await begun(parent_of(shop), agent_of(shop.work, "shop"), deadline="2026-11-21T12:30:00.000Z")
    await fleet.finish()
    await fleet.pass_time(DAY)
    shop.mended = True
    await redriven(east)
    await succeeded(east, fleet)
    assert (east.state(JOB).status, east.state(CHILD).job.deadline) == ("succeeded", None)


@in_virtual_time
async def test_when_their_region_is_lost_the_other_one_has_the_family_go_on() -> None:
    shop, east, _ = await failed_family()
    west = east.peer
    replicate(east, west)
    refuse_table(east)
    refuse_lanes(east)
    shop.mended = True
    assert await redriven(west) == {}
    fleet = Fleet(west)
    west.waiting()
    await west.adopt_jobs().adopt()
    await fleet.rest()
    await west.adopt_jobs().adopt()  # which it does every few seconds, and now finds what was asked of the child
    await succeeded(west, fleet)
    assert west.state(JOB).owner_region == WEST
    assert shop.diary.entries == ["begin", "look", "pay", "ship", "got ship"]


@in_virtual_time
async def test_a_childs_end_is_told_even_where_its_parents_redrive_has_not_arrived() -> None:
    _, east, _ = await failed_family()
    child: JobState = east.state(CHILD)
    assert child.job.parent is not None
    link = {**child.job.parent, "call": 1}
    body = Terms(parent=link).body(child.failure)
    await east.send_arrival().send(CHILD, child, ArrivalKind.REDRIVE, "parent~1", by="work", body=body)
    fleet = Fleet(east)
    await fleet.until(lambda: kinds(east, CHILD).count("failed") == 2)
    await fleet.rest()
    names = [row.arrival.name for row in east.table.arrivals.values() if row.arrival.job_id == JOB]
    assert "shop~1" in names


@pytest.mark.parametrize("mended", [True, False])
@in_virtual_time
async def test_a_parent_hears_of_a_child_that_it_chose_just_as_somebody_had_it_go_on_alone(mended: bool) -> None:
    shop, east, fleet = await failed_family()
    child: JobState = east.state(CHILD)
    body = Terms(alone=True).body(child.failure)
    await east.send_arrival().send(CHILD, child, ArrivalKind.REDRIVE, "a0", by="ann", body=body)
    fleet.lose_hints()
    shop.mended = mended
    await redriven(east)
    await fleet.until(lambda: east.kinds()[-1] in ("succeeded", "failed") and "redriven" in east.kinds())
    assert goes_alone(east.state(CHILD).job.parent or {})
    assert fleet.now < 60.0, "it was told, and did not wait for the end of its patience"
    assert east.state(JOB).status == ("succeeded" if mended else "failed")
    assert list(jobs_of(east, "shop")) == [CHILD]


@pytest.mark.parametrize("died", range(0, 30, 3))
def test_wherever_a_process_dies_a_child_that_still_ran_ends_and_another_one_comes_to_its_end(died: int) -> None:
    async def program() -> None:
        shop, east, fleet, child = await parted_family()
        shop.mended = True
        await redriven(east)
        fleet.fuse = Deadly(died)
        await succeeded(east, fleet)
        await fleet.until(lambda: all(state.finished for state in jobs_of(east, "child").values()))
        assert east.state(JOB).result == [10, "paid"]
        assert calls_of(east) == {child: "cancelled", child_job_id(JOB, "gather[0]/child~1"): "succeeded"}
        assert shop.diary.entries.count("slept 5") == 1
        assert fleet.fuse.blown

    run_virtually(program())
