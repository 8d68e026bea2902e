"""Decisions: taken once, in whichever Region, and whoever comes second is told who was first."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from functions.adapters.memory import MemoryHistory
from functions.application.adopt_jobs import AdoptReport
from functions.application.decide_approval import DecideApproval, Decision
from functions.domain.errors import AntipodeError
from functions.domain.ids import job_id
from functions.domain.job.approvals import approval_id
from functions.domain.job.events import Json, StepFailed
from functions.domain.job.history import Segment
from functions.sdk import Context
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Diary
from tests.unit.application.fleet import Fleet
from tests.unit.application.stories import DAY, begun, cancelled, paused, resumed, signalled
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    TENANT,
    Fuse,
    Fused,
    Region,
    refuse_table,
    replicate,
)

ID = approval_id(JOB, "approval")
YES = Decision(approved=True, comment="fine", by="ann", via="ann")
NO = Decision(approved=False, comment="", by="bob", via="portal")


def use_case(region: Region, fuse: Fuse | None = None) -> DecideApproval:
    return DecideApproval(
        history=MemoryHistory(region.table),
        peer=Fused(MemoryHistory(region.peer.table), fuse or Fuse()),
        send=region.send_arrival(fuse),
        clock=region.clock,
        region=region.name,
    )


async def decide(region: Region, decision: Decision = YES, text: str = ID) -> dict[str, Json]:
    return await use_case(region).decide(TENANT, text, decision)


async def refused(region: Region, decision: Decision = NO, text: str = ID) -> AntipodeError:
    with pytest.raises(AntipodeError) as caught:
        await decide(region, decision, text)
    return caught.value


async def asking(ctx: Context) -> object:
    decision = await ctx.approval("legal", {"licence": "GPL"}, timeout=30 * DAY)
    return [decision.approved, decision.by, decision.comment]


async def asked(work: Any = asking) -> tuple[Region, Fleet]:
    """Return the owner and its fleet when a job asks and both Regions know it."""
    east, fleet = await begun(work)
    await fleet.rest()
    replicate(east, east.peer)
    return east, fleet


@pytest.mark.parametrize("owners", [True, False])
@in_virtual_time
async def test_a_decision_in_either_region_is_settled_and_is_the_jobs(owners: bool) -> None:
    east, fleet = await asked()
    answer = await decide(east if owners else east.peer)
    assert answer == {
        "id": ID,
        "job": JOB,
        "approved": True,
        "by": "ann",
        "comment": "fine",
        "at": east.clock.now(),
        "settled": True,
        "durability": "both",
    }
    await fleet.finish()
    assert east.state(JOB).result == [True, "ann", "fine"]


@pytest.mark.parametrize("first_here", [True, False])
@pytest.mark.parametrize("second_here", [True, False])
@pytest.mark.parametrize("later", ["at once", "when the job has gone on", "when the job has ended"])
@in_virtual_time
async def test_the_second_is_told_who_was_first_what_and_when(first_here: bool, second_here: bool, later: str) -> None:
    async def work(ctx: Context) -> object:
        answer = await asking(ctx)
        await ctx.signal("go", timeout=DAY)
        return answer

    east, fleet = await asked(work)
    at = east.clock.now()
    await decide(east if first_here else east.peer)
    if later != "at once":
        await fleet.pass_time(60)
    if later == "when the job has ended":
        await signalled(east, "go/1")
        await fleet.finish()
    error = await refused(east if second_here else east.peer)
    assert error.code == "already_decided"
    assert error.detail == f"ann approved it at {at}"
    known = error.extra["decision"]
    assert isinstance(known, dict)
    assert (known["by"], known["approved"], known["comment"], known["at"]) == ("ann", True, "fine", at)
    await signalled(east, "go/2")
    await fleet.finish()
    assert east.state(JOB).result == [True, "ann", "fine"]


@in_virtual_time
async def test_a_decision_sent_again_with_its_key_is_the_same_and_without_one_it_is_a_second() -> None:
    east, _ = await asked()
    keyed = replace(YES, key="click 1")
    first = await decide(east.peer, keyed)
    assert await decide(east, keyed) == first
    assert await decide(east.peer, keyed) == first
    assert (await refused(east, YES)).code == "already_decided"
    assert (await refused(east, replace(YES, key="click 2"))).code == "already_decided"


@in_virtual_time
async def test_with_the_owner_out_of_reach_a_decision_is_kept_and_counts_for_its_successor() -> None:
    east, _ = await asked()
    refuse_table(east)
    west = east.peer
    answer = await decide(west)
    assert (answer["settled"], answer["durability"]) == (False, "local")
    assert "out of reach" in str(answer["explanation"])
    error = await refused(west)
    assert error.code == "already_decided"
    known = error.extra["decision"]
    assert isinstance(known, dict)
    assert (known["by"], known["settled"]) == ("ann", False)
    west.clock.now()
    report = await west.adopt_jobs().adopt([JOB])
    assert report == AdoptReport(report.examined, 1)
    await Fleet(west).finish()
    assert west.state(JOB).result == [True, "ann", "fine"]


@in_virtual_time
async def test_a_decision_that_the_owner_did_not_hear_of_gives_way_to_one_that_it_took_in_itself() -> None:
    east, fleet = await asked()
    east.table.refusing = True
    unsettled = await decide(east.peer, NO)
    east.table.refusing = False
    assert unsettled["settled"] is False
    assert (await decide(east))["settled"] is True
    replicate(east.peer, east)
    await fleet.finish()
    assert east.state(JOB).result == [True, "ann", "fine"]
    error = await refused(east.peer)
    assert error.detail.startswith("ann approved it")


@in_virtual_time
async def test_a_region_that_has_not_heard_of_the_job_asks_the_one_that_has() -> None:
    east, fleet = await begun(asking)
    await fleet.rest()
    assert not east.peer.segments(JOB) or "waiting" not in {each.kind for each in east.peer.segments(JOB)[-1].events}
    assert (await decide(east.peer))["settled"] is True
    await fleet.finish()
    assert east.state(JOB).result == [True, "ann", "fine"]


@in_virtual_time
async def test_after_the_deadline_nobody_decides() -> None:
    async def work(ctx: Context) -> object:
        decision = await ctx.approval("legal", "?", timeout=DAY, otherwise=False)
        await ctx.sleep(DAY)
        return decision.by

    east, fleet = await asked(work)
    await fleet.pass_time(DAY + 60)
    for region in (east, east.peer):  # to the peer's own replica it still looks open
        error = await refused(region)
        assert error.code == "approval_over"
        assert "the time to decide was over" in error.detail


@in_virtual_time
async def test_after_the_end_of_its_job_an_approval_is_over() -> None:
    east, fleet = await asked()
    await cancelled(east)
    await fleet.finish()
    replicate(east, east.peer)
    for region in (east, east.peer):
        error = await refused(region)
        assert error.code == "approval_over"
        assert error.detail == f"nobody had decided on {ID} before the job was asked to end"


@in_virtual_time
async def test_while_a_cancelled_job_undoes_its_work_what_it_asked_before_is_over() -> None:
    async def work(ctx: Context) -> object:
        try:
            return await asking(ctx)
        finally:
            await ctx.tool(Diary().write, "undo", 60)

    east, fleet = await asked(work)
    await cancelled(east)
    await fleet.until(lambda: fleet.busy)
    await fleet.pass_time(20)
    error = await refused(east)
    assert error.detail == f"nobody had decided on {ID} before the job was asked to end"


@pytest.mark.parametrize(
    "text", ["", "nonsense", approval_id(JOB, "approval#2"), approval_id(job_id(TENANT, "none"), "approval")]
)
@in_virtual_time
async def test_what_nobody_asks_cannot_be_decided(text: str) -> None:
    east, _ = await asked()
    for region in (east, east.peer):
        assert (await refused(region, text=text)).code == "approval_not_found"
    assert not east.table.arrivals


@in_virtual_time
async def test_another_tenants_approval_is_as_unknown_as_none() -> None:
    east, _ = await asked()
    for region in (east, east.peer):
        with pytest.raises(AntipodeError) as caught:
            await use_case(region).decide("rival", ID, YES)
        assert caught.value.code == "approval_not_found"
    assert not east.table.arrivals


@in_virtual_time
async def test_a_paused_jobs_approval_is_decided_and_heard_once_it_is_resumed() -> None:
    east, fleet = await asked()
    await paused(east)
    await fleet.rest()
    assert (await decide(east.peer))["settled"] is True
    await fleet.rest()
    assert east.state(JOB).halted
    await resumed(east)
    await fleet.finish()
    assert east.state(JOB).result == [True, "ann", "fine"]


@in_virtual_time
async def test_whose_token_it_was_is_kept_where_it_was_not_the_deciders_own() -> None:
    east, _ = await asked()
    await decide(east, NO)
    (row,) = east.table.arrivals.values()
    assert row.arrival.by == "bob"
    assert row.arrival.body == {"approved": False, "comment": "", "via": "portal"}


async def asked_until(seconds_left: float) -> tuple[Region, Fleet]:
    """Return the owner and its fleet so long before the time to decide is over."""

    async def work(ctx: Context) -> object:
        return (await ctx.approval("legal", "?", timeout=DAY, otherwise=False)).by

    east, fleet = await asked(work)
    await fleet.pass_time(DAY - seconds_left - east.clock.monotonic())
    return east, fleet


@pytest.mark.parametrize("owners", [True, False])
@in_virtual_time
async def test_just_before_the_deadline_a_decision_is_settled_once_the_job_has_taken_it(owners: bool) -> None:
    east, fleet = await asked_until(0.5)
    answer, _ = await asyncio.gather(decide(east if owners else east.peer), fleet.pass_time(1.0))
    assert answer["settled"] is True
    await fleet.finish()
    assert east.state(JOB).result == "ann"


@pytest.mark.parametrize("owners", [True, False])
@in_virtual_time
async def test_a_decision_that_lies_there_after_the_jobs_last_look_is_told_that_it_came_too_late(owners: bool) -> None:
    east, _ = await asked_until(0.5)
    place, opened = east.state(JOB).last, east.state(JOB).waits["approval"]
    over = StepFailed(
        at=opened.until, step="approval", step_kind="approval", arguments=opened.arguments, code="late", detail="."
    )

    async def ends_without_it() -> None:
        await pass_time(0.2)
        assert east.table.arrivals, "it lies there"
        east.put(Segment(JOB, place.epoch, EAST, place.sequence + 1, (over,)))

    with pytest.raises(AntipodeError) as caught:
        await asyncio.gather(decide(east if owners else east.peer), ends_without_it())
    assert caught.value.code == "approval_over"
    assert caught.value.detail == f"nobody had decided on {ID} before the time to decide was over"
    assert (await refused(east)).code == "approval_over", "nor is the next one told that somebody has decided"


@in_virtual_time
async def test_just_before_the_deadline_a_decision_that_nobody_takes_at_once_is_not_said_to_be_settled() -> None:
    east, fleet = await asked_until(0.5)
    answer = await decide(east)
    assert answer["settled"] is False
    assert "the time to decide is nearly over" in str(answer["explanation"])
    await fleet.finish()
    assert east.state(JOB).result == "ann", "it was in time all the same"
