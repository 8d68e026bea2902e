"""A failed job that is redriven goes on, once for each request, whatever dies; what it recorded stays done."""

from typing import Any

import pytest

from functions.adapters.memory import MemoryHistory
from functions.agents.session import session as first_session
from functions.agents.session_corrected import session as second_session
from functions.application.redrive_job import RedriveRequest
from functions.domain.dead_letter import Over
from functions.domain.errors import AntipodeError
from functions.domain.ids import child_job_id
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.redrive import Terms
from functions.domain.moments import add_seconds
from functions.sdk import AgentDefinition, Context
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.application.agents import Diary, Nothing
from tests.unit.application.conversations import NAME, Pair, Talk
from tests.unit.application.fleet import Deadly, Fleet
from tests.unit.application.stories import agent_of, begun, cancelled, jobs_of
from tests.unit.application.two_regions import (
    JOB,
    TENANT,
    WEST,
    Region,
    Shelf,
    refuse_lanes,
    refuse_table,
    replicate,
    two_regions,
)

ASKED = RedriveRequest(name="r1", by="ann")


class Shop:
    """An agent that looks, pays and ships; paying fails until it is mended."""

    def __init__(self) -> None:
        self.diary = Diary()
        self.mended = False

    async def work(self, ctx: Context) -> object:
        await ctx.tool(self.diary.write, "look")
        await ctx.tool(self.pay)
        return await ctx.tool(self.diary.write, "ship")

    async def pay(self) -> str:
        if not self.mended:
            raise ValueError("no money")
        self.diary.entries.append("pay")
        return "paid"


async def failed_shop(**fields: Any) -> tuple[Shop, Region, Fleet]:
    """Return a shop whose one job has failed."""
    shop = Shop()
    east, fleet = await begun(shop.work, **fields)
    await fleet.finish()
    assert east.state(JOB).status == "failed"
    return shop, east, fleet


async def redriven(region: Region, asked: RedriveRequest = ASKED) -> dict[str, str]:
    """Redrive the one job."""
    return await region.redrive_job().redrive(TENANT, [JOB], asked)


@in_virtual_time
async def test_it_goes_on_from_its_failed_step_and_keeps_the_others() -> None:
    shop, east, fleet = await failed_shop()
    shop.mended = True
    assert await redriven(east) == {}
    await fleet.finish()
    assert east.state(JOB).status == "succeeded"
    assert shop.diary.entries == ["look", "pay", "ship"]
    assert east.kinds().count("redriven") == 1
    assert fleet.reasons()[-1] == "arrived"


@in_virtual_time
async def test_while_it_has_failed_it_is_on_the_list_and_not_afterwards() -> None:
    shop, east, fleet = await failed_shop()
    (letter,) = east.table.dead.values()
    assert (letter.id, letter.code, letter.agent, letter.lane, letter.over) == (
        JOB,
        "step_raised",
        "work",
        "standard",
        None,
    )
    shop.mended = True
    await redriven(east)
    await fleet.finish()
    assert [each.over for each in east.table.dead.values()] == [Over.REDRIVEN]


@in_virtual_time
async def test_one_that_fails_again_is_on_the_list_again_and_can_be_redriven_by_another_request() -> None:
    shop, east, fleet = await failed_shop()
    await redriven(east)
    await fleet.until(lambda: east.kinds().count("failed") == 2)
    await fleet.rest()
    (letter,) = east.table.dead.values()
    assert letter.over is None
    assert letter.at == east.state(JOB).updated_at
    shop.mended = True
    await redriven(east)  # the same request: it has been heeded
    await fleet.pass_time(100.0)
    assert east.state(JOB).status == "failed"
    await redriven(east, RedriveRequest(name="r2", by="ann"))
    await fleet.finish()
    assert (east.state(JOB).status, east.state(JOB).redrives) == ("succeeded", 2)


@in_virtual_time
async def test_asking_twice_and_in_both_regions_redrives_once() -> None:
    shop, east, fleet = await failed_shop()
    replicate(east, east.peer)
    for region in (east.peer, east, east.peer):
        assert await redriven(region) == {}
    await fleet.until(lambda: east.kinds().count("failed") == 2)
    await fleet.pass_time(3600.0)
    assert east.kinds().count("redriven") == 1
    assert shop.diary.entries == ["look"]


@in_virtual_time
async def test_two_redrives_of_one_failure_are_one() -> None:
    _, east, fleet = await failed_shop()
    for name in ("r1", "r2"):
        await redriven(east, RedriveRequest(name=name, by="ann"))
    await fleet.until(lambda: east.kinds().count("failed") == 2)
    await fleet.pass_time(3600.0)
    assert east.state(JOB).redrives == 1


@in_virtual_time
async def test_the_sweeper_finds_it_when_every_hint_is_lost() -> None:
    shop, east, fleet = await failed_shop()
    shop.mended = True
    await redriven(east)
    fleet.lose_hints()
    await fleet.until(lambda: east.state(JOB).status == "succeeded")


@pytest.mark.parametrize("died", range(10))
def test_wherever_a_process_dies_it_happens_once(died: int) -> None:
    async def program() -> None:
        shop, east, fleet = await failed_shop()
        shop.mended = True
        await redriven(east)
        fleet.fuse = Deadly(died)
        await fleet.finish()
        await fleet.pass_time(3600.0)
        assert east.state(JOB).status == "succeeded"
        assert east.state(JOB).redrives == 1
        assert shop.diary.entries[0] == "look"
        assert shop.diary.entries.count("look") == 1
        assert [each.over for each in east.table.dead.values()] == [Over.REDRIVEN]
        assert fleet.fuse.blown

    run_virtually(program())


@pytest.mark.parametrize("died", range(4))
def test_wherever_the_process_dies_at_which_it_fails_it_gets_on_the_list(died: int) -> None:
    async def program() -> None:
        east, fleet = await begun(Shop().work, at=died)
        await fleet.finish()
        await fleet.pass_time(3600.0)
        assert fleet.fuse.blown
        assert [(each.id, each.over) for each in east.table.dead.values()] == [(JOB, None)]

    run_virtually(program())


@in_virtual_time
async def test_when_its_region_is_lost_the_other_one_does_it() -> None:
    shop, east, _ = await failed_shop()
    west = east.peer
    replicate(east, west)
    refuse_table(east)
    refuse_lanes(east)
    shop.mended = True
    assert await redriven(west) == {}
    west.waiting()
    await west.adopt_jobs().adopt()
    await west.work()
    assert (west.state(JOB).status, west.state(JOB).owner_region) == ("succeeded", WEST)
    assert shop.diary.entries == ["look", "pay", "ship"]


@in_virtual_time
async def test_a_redrive_that_its_region_was_lost_with_is_taken_up_by_the_other_one() -> None:
    shop, east, _ = await failed_shop()
    west = east.peer
    replicate(east, west)
    await redriven(east)
    refuse_table(east)
    shop.mended = True
    await west.adopt_jobs().adopt()
    await west.work()
    assert west.state(JOB).status == "succeeded"


@in_virtual_time
async def test_another_version_goes_on_where_the_one_that_failed_has_left_off() -> None:
    shop, east, fleet = await failed_shop()

    async def newer(ctx: Context) -> object:
        return [await ctx.tool(shop.diary.write, "look"), await ctx.tool(shop.pay)]

    east.agents = Shelf([agent_of(shop.work), agent_of(newer, version="2")])
    shop.mended = True
    unknown = RedriveRequest(name="r0", by="ann", terms=Terms(agent_version="3"))
    assert await redriven(east, unknown) == {JOB: "agent_version_missing"}
    assert not east.table.arrivals
    await redriven(east, RedriveRequest(name="r1", by="ann", terms=Terms(agent_version="2")))
    await fleet.finish()
    state = east.state(JOB)
    assert (state.status, state.job.agent_version) == ("succeeded", "2")
    assert shop.diary.entries == ["look", "pay"]


@in_virtual_time
async def test_a_deadline_that_has_passed_does_not_end_it_again_but_a_new_one_holds() -> None:
    shop, east, fleet = await failed_shop(deadline=add_seconds("2026-11-21T12:00:00.000Z", 10 * 365 * 86_400.0))
    deadline = add_seconds(east.clock.now(), 3600.0)
    shop.mended = False
    await redriven(east, RedriveRequest(name="r1", by="ann", terms=Terms(deadline=deadline)))
    await fleet.until(lambda: east.kinds().count("failed") == 2)
    assert east.state(JOB).job.deadline == deadline
    await fleet.pass_time(7200.0)
    shop.mended = True
    await redriven(east, RedriveRequest(name="r2", by="ann"))
    await fleet.finish()
    assert (east.state(JOB).status, east.state(JOB).job.deadline) == ("succeeded", None)


@in_virtual_time
async def test_what_has_not_failed_is_refused_and_nothing_is_written() -> None:
    shop = Shop()
    shop.mended = True
    east, fleet = await begun(shop.work)
    assert await redriven(east) == {JOB: "job_not_failed"}
    await fleet.finish()
    assert await redriven(east) == {JOB: "job_not_failed"}
    assert await east.redrive_job().redrive("other", [JOB, "job_x"], ASKED) == {
        JOB: "job_not_found",
        "job_x": "job_not_found",
    }
    assert not east.table.arrivals


@in_virtual_time
async def test_a_cancelled_job_is_not_redriven() -> None:
    east, fleet = await begun(lambda ctx: ctx.sleep(60))
    await fleet.rest()
    await cancelled(east)
    await fleet.finish()
    assert await redriven(east) == {JOB: "job_not_failed"}


@pytest.mark.parametrize("terms", [Terms(), Terms(alone=True)])
@pytest.mark.parametrize("version", [first_session, second_session])
@in_virtual_time
async def test_a_turn_of_a_conversation_that_an_earlier_release_began_is_refused_and_its_conversation_named(
    version: AgentDefinition, terms: Terms
) -> None:
    talk = Talk()
    east, west = two_regions(talk.agent(), version)
    pair = Pair(talk, east, west, {region.name: Fleet(region) for region in (east, west)})
    turn = await pair.submit(east, "one", fails=True)
    await pair.finish(turn)
    record = await MemoryHistory(east.table).read(turn)
    with pytest.raises(AntipodeError, match=f"submit its input as a new turn of '{NAME}'") as refused:
        await east.redrive_job().check(turn, record, east.state(turn), RedriveRequest(name="r1", by="ann", terms=terms))
    assert (refused.value.code, refused.value.extra) == ("turn_over", {"session": NAME})
    assert await east.redrive_job().redrive(TENANT, [turn], RedriveRequest(name="r1", by="ann")) == {turn: "turn_over"}


# -- children by themselves

ALONE = RedriveRequest(name="r1", by="ann", terms=Terms(alone=True))
CHILD = child_job_id(JOB, "shop")


async def abandoned(parent_takes: float = 0.0) -> tuple[Shop, Region, Fleet]:
    """Return a shop whose job has failed, and a parent that has made its peace with it, and then takes so long."""
    shop = Shop()

    async def work(ctx: Context) -> object:
        try:
            return await ctx.call("shop", Nothing())
        except AntipodeError as error:
            await ctx.sleep(parent_takes)
            return f"done without it: {error.code}"

    east, fleet = await begun(work, agent_of(shop.work, "shop"))
    if not parent_takes:
        await fleet.finish()
        assert (east.state(JOB).status, east.state(CHILD).status) == ("succeeded", "failed")
    else:
        await fleet.until(lambda: jobs_of(east, "shop") != {} and east.state(CHILD).finished)
    return shop, east, fleet


async def redriven_child(region: Region, asked: RedriveRequest) -> dict[str, str]:
    return await region.redrive_job().redrive(TENANT, [CHILD], asked)


def kinds(region: Region, job: str) -> list[str]:
    return [event.kind for segment in region.segments(job) for event in segment.events]


def ends_told(region: Region) -> list[str]:
    """What the parent was told of its child's end, in either Region's replica."""
    rows = (*region.table.arrivals.values(), *region.peer.table.arrivals.values())
    return sorted({row.arrival.name for row in rows if row.arrival.kind is ArrivalKind.CHILD_ENDED})


@in_virtual_time
async def test_a_child_whose_parent_has_ended_without_it_goes_on_when_it_is_asked_to_do_so_alone() -> None:
    shop, east, fleet = await abandoned()
    shop.mended = True
    assert await redriven_child(east, ASKED) == {CHILD: "parent_ended"}
    assert await redriven_child(east, ALONE) == {}
    await fleet.until(lambda: east.state(CHILD).status == "succeeded")
    await fleet.pass_time(3600.0)
    assert shop.diary.entries == ["look", "pay", "ship"], "what it had recorded stayed done"
    assert (east.state(JOB).result, ends_told(east)) == ("done without it: child_failed", ["shop"])
    assert {each.over for each in east.table.dead.values()} == {Over.REDRIVEN}


@in_virtual_time
async def test_a_child_whose_parent_still_goes_on_is_refused_alone_too() -> None:
    _, east, fleet = await abandoned(parent_takes=60.0)
    assert await redriven_child(east, ALONE) == {CHILD: "redrive_parent"}
    await fleet.finish()
    assert await redriven_child(east, ALONE) == {}


@in_virtual_time
async def test_a_child_that_went_on_alone_and_failed_again_is_redriven_like_any_job() -> None:
    shop, east, fleet = await abandoned()
    await redriven_child(east, ALONE)
    await fleet.until(lambda: kinds(east, CHILD).count("failed") == 2)
    await fleet.rest()
    shop.mended = True
    assert await redriven_child(east, RedriveRequest(name="r2", by="ann")) == {}
    await fleet.until(lambda: east.state(CHILD).status == "succeeded")
    assert ends_told(east) == ["shop"]


@in_virtual_time
async def test_a_child_that_goes_on_alone_is_not_ended_with_its_parent_nor_by_its_old_end_when_it_is_adopted() -> None:
    shop, east, _ = await abandoned()
    west = east.peer
    replicate(east, west)
    refuse_table(east)
    refuse_lanes(east)
    shop.mended = True
    assert await redriven_child(west, ALONE) == {}
    fleet = Fleet(west)
    west.waiting()
    await west.adopt_jobs().adopt()
    await fleet.until(lambda: west.state(CHILD).status == "succeeded")
    assert west.state(CHILD).owner_region == WEST
    assert shop.diary.entries == ["look", "pay", "ship"]


@pytest.mark.parametrize("died", range(9))
def test_wherever_a_process_dies_a_child_that_goes_on_alone_comes_to_its_end(died: int) -> None:
    async def program() -> None:
        shop, east, fleet = await abandoned()
        shop.mended = True
        await redriven_child(east, ALONE)
        fleet.fuse = Deadly(died)
        await fleet.until(lambda: east.state(CHILD).status == "succeeded")
        await fleet.pass_time(3600.0)
        assert (east.state(CHILD).redrives, ends_told(east)) == (1, ["shop"])
        assert fleet.fuse.blown

    run_virtually(program())
