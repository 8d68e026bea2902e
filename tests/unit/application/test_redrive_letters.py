"""One page of a redrive: jobs by an arrival each, messages and webhooks sent again, and why the others were refused."""

import json
from dataclasses import replace

import pytest

from functions.application.agent_ports import RedrivePage
from functions.application.bury_message import BuryMessage, DeadMessage
from functions.application.ports import StateUnavailable
from functions.application.redrive_letters import read_page, redrives_of
from functions.domain.ids import job_id
from functions.domain.job.events import Json
from functions.domain.lanes import LaneMessage
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.application.shops import failed_orders, ids, listed
from tests.unit.application.tellers import HOOK
from tests.unit.application.two_regions import (
    TENANT,
    WEST,
    Crash,
    Fuse,
    Region,
    refuse_lanes,
    refuse_table,
    replicate,
    two_regions,
)
from tests.unit.application.undelivered import OFF, Undelivered, given_up


async def page(region: Region, fuse: Fuse | None = None, **plan: Json) -> Json:
    said: dict[str, Json] = {"name": "r", "by": "ann", "wanted": {}, "ids": None, "rate": 100, "terms": {}, **plan}
    asked = read_page(RedrivePage(name="page", plan={"shard": None, **said}, before=None, limit=10))
    fuse = fuse or Fuse()
    resend = None if region.resend is None else region.resend(fuse)
    redrives = redrives_of(region.send_arrival(fuse), region.agents, region.note_failure(fuse), region.clock, resend)
    return await redrives.page(TENANT, asked)


async def bury(region: Region, id: str, body: str, message: LaneMessage | None) -> None:
    history, dead = region.send_arrival().history, region.note_failure().dead_letters
    use_case = BuryMessage(history=history, dead_letters=dead, clock=region.clock, region=region.name)
    await use_case.bury(DeadMessage(id=id, lane="batch", body=body, receives=6, tenant=TENANT, message=message))


@in_virtual_time
async def test_a_message_goes_back_on_its_own_lane_and_is_listed_no_longer() -> None:
    _, east, _ = await failed_orders(1)
    east.waiting()
    lost = job_id(TENANT, "not here")
    message = LaneMessage(lost, 3, "due")
    await bury(east, "m1", json.dumps({"job_id": lost, "epoch": 3, "reason": "due"}), message)
    assert await page(east, wanted={"type": "message"}) == {"next": None, "redriven": 1, "refused": {}, "examples": {}}
    (send,) = east.waiting()
    assert (send.lane, send.group, send.message) == ("batch", TENANT, LaneMessage(lost, 3, "redriven"))
    assert await listed(east) == ids(1)


@in_virtual_time
async def test_what_nobody_can_read_is_refused_and_stays_listed() -> None:
    _, east, _ = await failed_orders(1)
    await bury(east, "m1", "{", None)
    assert await page(east, ids=["message:m1", "message:unknown", "job_" + "a" * 32]) == {
        "next": None,
        "redriven": 0,
        "refused": {"job_not_found": 1, "message_unreadable": 1},
        "examples": {"job_" + "a" * 32: "job_not_found", "m1": "message_unreadable"},
    }
    assert "message:m1" in await listed(east)


@in_virtual_time
async def test_a_page_that_is_repeated_asks_nothing_anew() -> None:
    _, east, _ = await failed_orders(3)
    for _ in range(2):
        assert await page(east, ids=list(ids(3))) == {"next": None, "redriven": 3, "refused": {}, "examples": {}}
    assert len(east.table.arrivals) == 3


def refused(id: str, code: str) -> Json:
    """Return what a page says of which the one letter was refused."""
    return {"next": None, "redriven": 0, "refused": {code: 1}, "examples": {id: code}}


async def undelivered(count: int = 1) -> Undelivered:
    """Return a Region whose webhook `a` has not taken so many events."""
    east = Undelivered(two_regions()[0])
    await east.have(HOOK)
    await east.give_up(*(given_up(number) for number in range(count)))
    return east


@in_virtual_time
async def test_a_webhook_goes_back_on_its_queue_and_is_listed_no_longer() -> None:
    east = await undelivered(3)
    done = await page(east.region, wanted={"type": "webhook"})
    assert done == {"next": None, "redriven": 3, "refused": {}, "examples": {}}
    assert sorted(each.detail["sequence"] for each in east.sent()) == [0, 1, 2]
    assert await listed(east.region) == []
    assert await page(east.region) == {"next": None, "redriven": 0, "refused": {}, "examples": {}}
    assert len(east.sent()) == 3


@in_virtual_time
async def test_jobs_messages_and_webhooks_of_one_filter_all_go_on() -> None:
    _, region, _ = await failed_orders(2)
    east = Undelivered(region)
    await east.have(HOOK)
    await east.give_up(given_up())
    lost = job_id(TENANT, "not here")
    await bury(region, "m1", json.dumps({"job_id": lost, "epoch": 3, "reason": "due"}), LaneMessage(lost, 3, "due"))
    region.waiting()
    assert await page(region, wanted={}) == {"next": None, "redriven": 4, "refused": {}, "examples": {}}
    assert [each.webhook for each in east.sent()] == ["a"]
    assert sorted(send.message.job_id for send in region.waiting()) == sorted([lost, *ids(2)])
    assert len(region.table.arrivals) == 2


@in_virtual_time
async def test_a_webhook_that_is_off_is_refused_and_stays_listed_until_it_is_on() -> None:
    east = await undelivered(2)
    west = replace(OFF, at="2026-11-23T00:00:00.000Z", region=WEST)
    await east.have(west)
    names = [f"webhook:{given_up(number).id}" for number in range(2)]
    assert await page(east.region, ids=list(names)) == {
        "next": None,
        "redriven": 0,
        "refused": {"webhook_inactive": 2},
        "examples": dict.fromkeys([given_up(0).id, given_up(1).id], "webhook_inactive"),
    }
    assert sorted(await listed(east.region)) == names
    await east.have(replace(west, at="2026-11-24T00:00:00.000Z", active=True))
    assert await page(east.region, ids=list(names)) == {"next": None, "redriven": 2, "refused": {}, "examples": {}}


@in_virtual_time
async def test_where_there_are_no_webhooks_a_letter_is_refused_and_stays_listed() -> None:
    east = await undelivered()
    east.region.resend = None
    assert await page(east.region) == refused(given_up(0).id, "webhook_not_found")
    assert len(await listed(east.region)) == 1


def places() -> list[str]:
    """Return the port calls of a page with one webhook, each before and after."""

    async def program() -> list[str]:
        east, fuse = await undelivered(), Fuse()
        await page(east.region, fuse)
        return fuse.burned

    return run_virtually(program())


@pytest.mark.parametrize("died", range(len(places())))
def test_wherever_the_process_dies_the_webhook_is_sent_and_any_duplicate_has_its_id(died: int) -> None:
    async def program() -> None:
        east, fuse = await undelivered(), Fuse(died)
        with pytest.raises(Crash):
            await page(east.region, fuse)
        crashed_at, sent = fuse.burned[-1], len(east.sent())
        assert (await listed(east.region) == []) is (places_of.index(crashed_at) >= places_of.index("after settle"))
        await page(east.region)
        assert await listed(east.region) == []
        assert {each.detail["id"] for each in east.sent()} == {given_up(0).id.removesuffix("@a")}
        between = places_of.index("after send") <= died < places_of.index("after settle")
        assert (sent, len(east.sent())) == ((1, 2) if between else (int(died >= places_of.index("after settle")), 1))

    places_of = places()
    run_virtually(program())


@pytest.mark.parametrize("what", ["queue", "lanes"])
def test_a_queue_that_refuses_has_the_page_come_again_and_nothing_is_taken_off(what: str) -> None:
    async def program() -> None:
        east = await undelivered()
        lost = job_id(TENANT, "not here")
        body = json.dumps({"job_id": lost, "epoch": 3, "reason": "due"})
        await bury(east.region, "m1", body, LaneMessage(lost, 3, "due"))
        if what == "queue":
            east.queue.refusing = True
        else:
            refuse_lanes(east.region)
        with pytest.raises(StateUnavailable):
            await page(east.region)
        assert len(await listed(east.region)) == 2
        east.queue.refusing = east.region.lanes.refusing = False
        assert await page(east.region) == {"next": None, "redriven": 2, "refused": {}, "examples": {}}
        assert await listed(east.region) == []

    run_virtually(program())


@pytest.mark.parametrize("reachable", [True, False])
def test_one_that_the_other_region_gave_up_is_sent_once_from_here(reachable: bool) -> None:
    async def program() -> None:
        east = await undelivered()
        west = Undelivered(east.region.peer)
        await west.have(HOOK)
        replicate(east.region, west.region)
        if not reachable:
            refuse_table(east.region)
        assert await page(west.region) == {"next": None, "redriven": 1, "refused": {}, "examples": {}}
        assert await page(west.region) == refused(given_up(0).id, "letter_over")  # the list alone is behind
        assert await listed(west.region) == []
        east.region.table.refusing = False
        replicate(west.region, east.region)
        assert await listed(east.region) == []
        assert (len(west.sent()), len(east.sent())) == (1, 0)

    run_virtually(program())


@in_virtual_time
async def test_what_is_given_up_once_more_is_listed_anew() -> None:
    east = await undelivered()
    await page(east.region)
    await east.give_up(replace(given_up(0), at="2026-11-23T00:00:01.000Z"))
    assert len(await listed(east.region)) == 1
    assert (await page(east.region)) == {"next": None, "redriven": 1, "refused": {}, "examples": {}}
