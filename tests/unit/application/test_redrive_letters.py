"""One page of a redrive: jobs by an arrival each, messages back on their lane, and why the others were refused."""

import json

from functions.application.agent_ports import RedrivePage
from functions.application.bury_message import BuryMessage, DeadMessage
from functions.application.redrive_letters import read_page, redrives_of
from functions.domain.ids import job_id
from functions.domain.job.events import Json
from functions.domain.lanes import LaneMessage
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.shops import failed_orders, ids, listed
from tests.unit.application.two_regions import TENANT, Region


async def page(region: Region, **plan: Json) -> Json:
    said: dict[str, Json] = {"name": "r", "by": "ann", "wanted": {}, "ids": None, "rate": 100, "terms": {}, **plan}
    asked = read_page(RedrivePage(name="page", plan={"shard": None, **said}, before=None, limit=10))
    redrives = redrives_of(region.send_arrival(), region.agents, region.note_failure(), region.clock)
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
