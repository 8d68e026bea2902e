"""Signals: each is new unless it carries a key, all are kept until the job waits for them, none reaches the dead."""

from typing import Any

import pytest

from functions.adapters.memory import MemoryHistory
from functions.application.signal_job import SignalJob, SignalRequest
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.payload import INLINE_BYTES
from functions.sdk import Context
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.stories import DAY, begun
from tests.unit.application.two_regions import JOB, TENANT, Region, refuse_table, replicate


async def send(region: Region, body: Json = None, name: str = "go", **fields: Any) -> dict[str, Json]:
    history, send = MemoryHistory(region.table), region.send_arrival()
    use_case = SignalJob(history=history, send=send, clock=region.clock, entropy=region.entropy)
    return await use_case.signal(TENANT, JOB, SignalRequest(name=name, body=body, by="ann", **fields))


async def listen_thrice(ctx: Context) -> object:
    return [await ctx.signal("go", timeout=DAY, otherwise="none") for _ in range(3)]


@in_virtual_time
async def test_signals_from_both_regions_are_taken_in_the_order_in_which_they_were_sent() -> None:
    east, fleet = await begun(listen_thrice)
    await fleet.rest()
    replicate(east, east.peer)
    said: list[tuple[Region, Json]] = [(east.peer, 1), (east, {"two": 2}), (east.peer, "three")]
    for region, body in said:
        answer = await send(region, body)
        assert answer == {"job": JOB, "signal": "go", "durability": "both"}
        await fleet.pass_time(1)
    await fleet.finish()
    assert east.state(JOB).result == [1, {"two": 2}, "three"]


@in_virtual_time
async def test_a_signal_sent_again_with_its_key_is_one_signal_in_either_region() -> None:
    east, fleet = await begun(listen_thrice)
    await fleet.rest()
    replicate(east, east.peer)
    for region in (east, east, east.peer):
        await send(region, 1, key="a key / with # signs")
    await fleet.pass_time(1)
    await send(east, 2)
    await fleet.finish()
    assert east.state(JOB).result == [1, 2, "none"]


@in_virtual_time
async def test_another_body_under_the_same_key_is_refused_wherever_the_first_was_sent() -> None:
    east, fleet = await begun(listen_thrice)
    await fleet.rest()
    replicate(east, east.peer)
    await send(east, 1, key="k")
    for region in (east, east.peer):
        with pytest.raises(AntipodeError) as refused:
            await send(region, 2, key="k")
        assert refused.value.code == "idempotency_conflict"
    assert await send(east, 1, name="other", key="k")  # of another name it is another signal


@in_virtual_time
async def test_a_finished_job_takes_no_signal_but_answers_for_the_one_that_ended_it() -> None:
    east, fleet = await begun(lambda ctx: ctx.signal("go", timeout=DAY))
    await fleet.rest()
    await send(east, 1, key="k")
    await fleet.finish()
    assert (await send(east, 1, key="k"))["durability"] == "both"
    with pytest.raises(AntipodeError, match="has succeeded") as refused:
        await send(east, 1)
    assert refused.value.code == "job_finished"


@in_virtual_time
async def test_without_the_peer_a_signal_is_durable_here_only() -> None:
    east, fleet = await begun(listen_thrice)
    await fleet.rest()
    refuse_table(east.peer)
    assert (await send(east))["durability"] == "local"


@pytest.mark.parametrize(("length", "fits"), [(INLINE_BYTES - 2, True), (INLINE_BYTES - 1, False)])
@in_virtual_time
async def test_a_body_may_be_as_large_as_an_item_takes(length: int, fits: bool) -> None:
    east, fleet = await begun(lambda ctx: ctx.signal("go", timeout=DAY))
    await fleet.rest()
    if fits:
        await send(east, "x" * length)
        await fleet.finish()
        assert east.state(JOB).result == "x" * length
        return
    with pytest.raises(AntipodeError, match="100,000 bytes") as refused:
        await send(east, "x" * length)
    assert (refused.value.code, len(east.table.arrivals)) == ("payload_too_large", 0)


@in_virtual_time
async def test_a_body_that_looks_like_a_reference_to_a_payload_is_what_it_is() -> None:
    body: Json = {"$payload": {"sha256": "0" * 64, "bytes": 1}}
    east, fleet = await begun(lambda ctx: ctx.signal("go", timeout=DAY))
    await fleet.rest()
    await send(east, body)
    await fleet.finish()
    assert east.state(JOB).result == {"$payload": {"inline": body}}
