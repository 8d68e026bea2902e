"""Cancelling, pausing and resuming one job: durable at once, sent once, and said plainly where it changes nothing."""

from typing import Any

import pytest

from functions.adapters.memory import MemoryHistory
from functions.application.request_change import ChangeRequest, RequestChange
from functions.domain.errors import AntipodeError
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import Json
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.agents import Diary
from tests.unit.application.stories import DAY, begun, careful
from tests.unit.application.two_regions import JOB, TENANT, Region, refuse_table, replicate

CANCEL, PAUSE, RESUME = ArrivalKind.CANCEL, ArrivalKind.PAUSE, ArrivalKind.RESUME


def use_case(region: Region) -> RequestChange:
    return RequestChange(
        history=MemoryHistory(region.table),
        send=region.send_arrival(),
        clock=region.clock,
        entropy=region.entropy,
        region=region.name,
    )


async def ask(region: Region, kind: ArrivalKind, **fields: Any) -> dict[str, Json]:
    return await use_case(region).request(TENANT, JOB, ChangeRequest(kind=kind, by="ann", **fields))


def arrived(region: Region) -> list[ArrivalKind]:
    return [row.arrival.kind for row in region.table.arrivals.values()]


def note(view: dict[str, Json]) -> object:
    requested = view["requested"]
    assert isinstance(requested, dict)
    return requested.get("note")


@in_virtual_time
async def test_a_request_to_cancel_is_in_both_regions_and_shown_before_the_owner_has_heard_of_it() -> None:
    east, fleet = await begun(careful(Diary()))
    await fleet.rest()
    replicate(east, east.peer)
    view = await ask(east.peer, CANCEL, reason="enough")
    assert view["requested"] == {"change": "cancel", "durability": "both"}
    assert view["cancel_requested"] == {"at": east.clock.now(), "by": "ann"}
    assert east.table.arrivals == east.peer.table.arrivals
    assert arrived(east) == [CANCEL]
    await fleet.finish()
    assert (east.state(JOB).status, east.state(JOB).error) == ("cancelled", {"code": "cancelled", "detail": "enough"})


@in_virtual_time
async def test_with_the_peer_away_a_request_is_durable_here_only() -> None:
    east, fleet = await begun(careful(Diary()))
    await fleet.rest()
    refuse_table(east.peer)
    assert (await ask(east, PAUSE))["requested"] == {"change": "pause", "durability": "local"}


@in_virtual_time
async def test_a_job_is_cancelled_once_and_its_agent_is_not_disturbed_while_it_undoes_its_work() -> None:
    diary = Diary()
    east, fleet = await begun(careful(diary))
    await fleet.rest()
    await ask(east, CANCEL)
    assert note(await ask(east, CANCEL)) == "somebody has asked that the job end before"
    await fleet.until(lambda: "undo 1" in diary.entries)
    assert note(await ask(east, CANCEL)) == "somebody has asked that the job end before"
    assert note(await ask(east, PAUSE)) == "the job is to end, and is not held up"
    await fleet.finish()
    assert arrived(east) == [CANCEL]
    assert diary.entries == ["book", "undo 1", "undo 2"]


@in_virtual_time
async def test_two_requests_differ_and_one_that_is_sent_again_is_the_same() -> None:
    east, fleet = await begun(careful(Diary()))
    await fleet.rest()
    for kind in (PAUSE, RESUME, PAUSE, RESUME):
        await ask(east, kind)
        await fleet.rest()
    assert arrived(east) == [PAUSE, RESUME, PAUSE, RESUME]
    await ask(east, PAUSE, key="holiday")
    assert note(await ask(east, PAUSE, key="holiday")) == "this very request has been made before"
    assert len(arrived(east)) == 5


@in_virtual_time
async def test_a_job_that_is_paused_while_it_waits_shows_that_and_waits_on_once_it_is_resumed() -> None:
    east, fleet = await begun(lambda ctx: ctx.sleep(DAY))
    await fleet.rest()
    await ask(east, PAUSE)
    await fleet.rest()
    assert (east.state(JOB).status, east.state(JOB).halted) == ("waiting", True)
    assert note(await ask(east, PAUSE)) == "the job is halted already"
    await ask(east, RESUME)
    await fleet.rest()
    assert (east.state(JOB).status, east.state(JOB).halted) == ("waiting", False)
    await fleet.finish()
    assert DAY <= fleet.now <= DAY + 5


@in_virtual_time
async def test_resuming_a_job_that_is_not_halted_is_fine_and_says_so() -> None:
    east, fleet = await begun(lambda ctx: ctx.sleep(DAY))
    await fleet.rest()
    assert note(await ask(east, RESUME)) == "the job is not halted"
    assert arrived(east) == []


@in_virtual_time
async def test_a_resume_from_the_other_region_is_sent_for_the_owner_may_have_halted_the_job() -> None:
    east, fleet = await begun(lambda ctx: ctx.sleep(DAY))
    await fleet.rest()
    replicate(east, east.peer)
    assert note(await ask(east.peer, RESUME)) == "the job is not halted"
    await fleet.rest()
    assert (arrived(east), east.state(JOB).status) == ([RESUME], "waiting")
    await fleet.finish()
    assert east.state(JOB).status == "succeeded"


@in_virtual_time
async def test_a_resume_of_yesterday_does_not_undo_the_pause_of_today() -> None:
    async def work(ctx: Any) -> object:
        for _ in range(20):
            await ctx.tool(Diary().write, "step", 1)
        return "done"

    east, fleet = await begun(work)
    await fleet.until(lambda: fleet.now >= 2)
    replicate(east, east.peer)
    await ask(east.peer, RESUME)
    await fleet.until(lambda: fleet.now >= 6)
    await ask(east, PAUSE)
    await fleet.pass_time(100)
    assert east.state(JOB).halted
    await ask(east, RESUME)
    await fleet.finish()
    assert east.state(JOB).result == "done"


@pytest.mark.parametrize("kind", [CANCEL, PAUSE, RESUME])
@in_virtual_time
async def test_nothing_is_asked_of_a_finished_job_but_a_request_sent_again_is_answered(kind: ArrivalKind) -> None:
    east, fleet = await begun(lambda ctx: ctx.sleep(DAY))
    await fleet.rest()
    await ask(east, CANCEL, key="c")
    await fleet.finish()
    with pytest.raises(AntipodeError, match="was cancelled") as refused:
        await ask(east, kind)
    assert refused.value.code == "job_finished"
    assert (await ask(east, CANCEL, key="c"))["status"] == "cancelled"


@in_virtual_time
async def test_another_tenants_job_cannot_be_cancelled() -> None:
    east, fleet = await begun(lambda ctx: ctx.sleep(DAY))
    await fleet.rest()
    with pytest.raises(AntipodeError) as refused:
        await use_case(east).request("rival", JOB, ChangeRequest(kind=CANCEL, by="eve"))
    assert (refused.value.code, arrived(east)) == ("job_not_found", [])


@in_virtual_time
async def test_a_request_that_is_made_again_when_the_peer_is_back_is_copied_to_it() -> None:
    east, fleet = await begun(careful(Diary()))
    await fleet.rest()
    refuse_table(east.peer)
    assert (await ask(east, PAUSE, key="k"))["requested"] == {"change": "pause", "durability": "local"}
    again = await ask(east, PAUSE, key="k")
    assert isinstance(again["requested"], dict)
    assert again["requested"]["durability"] == "local"
    east.peer.table.refusing = False
    again = await ask(east, PAUSE, key="k")
    assert isinstance(again["requested"], dict)
    assert again["requested"]["durability"] == "both"
    assert arrived(east.peer) == [PAUSE]
