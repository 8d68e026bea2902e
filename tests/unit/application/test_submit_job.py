"""Submitting: what exists after each way in which it can go wrong, and that trying again leads to the same job."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from functions.agents.probe import probe
from functions.application.ports import PayloadKey, StateUnavailable
from functions.application.submit_job import SubmitRequest
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json, SubmissionWithdrawn
from functions.domain.lanes import HINT_AHEAD_SECONDS
from functions.domain.moments import add_seconds, seconds_between
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time, run_virtually
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    STALL_SECONDS,
    TENANT,
    WEST,
    Crash,
    Fuse,
    Region,
    replicate,
    request,
    two_regions,
)


async def refused(region: Region, asked: SubmitRequest | None = None) -> AntipodeError:
    with pytest.raises(AntipodeError) as caught:
        await region.submit_job().submit(asked or request())
    return caught.value


def kinds(region: Region) -> list[str]:
    return [event.kind for segment in region.segments(JOB) for event in segment.events]


@in_virtual_time
async def test_an_accepted_job_is_in_both_replicas_as_one_and_the_same_item_and_its_hint_on_the_lane() -> None:
    east, west = two_regions(probe)
    view = await east.submit_job().submit(request(lane="batch", tags={"team": "blue"}))
    assert view == {
        "id": JOB,
        "agent": "probe",
        "agent_version": "1",
        "status": "queued",
        "lane": "batch",
        "durability": "both",
        "home_region": EAST,
        "owner_region": EAST,
        "epoch": 1,
        "attempts": 0,
        "created_at": "2026-11-21T12:00:00.000Z",
        "updated_at": "2026-11-21T12:00:00.000Z",
        "usage": {"input_tokens": 0, "output_tokens": 0, "steps": 0},
        "tags": {"team": "blue"},
    }
    assert east.table.segments == west.table.segments
    assert kinds(east) == ["submitted"]
    (row,) = east.table.segments.values()
    assert row.due is not None
    assert seconds_between(row.segment.events[0].at, row.due.at) == STALL_SECONDS
    (send,) = east.waiting()
    assert (send.lane, send.group, send.delay_seconds, send.message.job_id) == ("batch", TENANT, 0, JOB)
    assert not east.table.heads
    assert not west.waiting()


@in_virtual_time
async def test_without_the_peer_a_job_is_accepted_and_says_that_it_is_durable_in_one_region_only() -> None:
    east, west = two_regions(probe)
    west.table.refusing = True
    view = await east.submit_job().submit(request())
    assert view["durability"] == "local"
    head = east.head(JOB)
    assert head is not None
    assert (head.durability, head.due_at) == ("local", add_seconds(str(view["created_at"]), STALL_SECONDS))
    await east.work()
    assert east.state(JOB).status == "succeeded"


@in_virtual_time
async def test_a_second_try_copies_what_the_first_could_not_and_then_both_have_it() -> None:
    east, west = two_regions(probe)
    west.table.refusing = True
    await east.submit_job().submit(request())
    west.table.refusing = False
    view = await east.submit_job().submit(request())
    assert view["durability"] == "both"
    assert west.table.segments == east.table.segments
    head = east.head(JOB)
    assert head is not None
    assert head.durability is None


@in_virtual_time
async def test_a_second_try_that_cannot_reach_the_peer_claims_nothing_about_it() -> None:
    east, west = two_regions(probe)
    with pytest.raises(Crash):
        await east.submit_job(Fuse(4)).submit(request())  # written here, nowhere else
    west.table.refusing = True
    assert (await east.submit_job().submit(request()))["durability"] == "local"
    head = east.head(JOB)
    assert head is not None
    assert head.durability == "local"


@in_virtual_time
async def test_an_uploaded_input_is_recorded_as_its_reference_and_is_in_both_regions_before_the_answer() -> None:
    east, west = two_regions(probe)
    data = b'{"steps": 3, "milliseconds": 100}'
    reference: Json = {"$payload": {"sha256": sha256(data).hexdigest(), "bytes": len(data)}}
    east.payloads.upload(PayloadKey(TENANT, sha256(data).hexdigest()), data)
    asked = request(input=reference)
    view = await east.submit_job().submit(asked)
    assert view["durability"] == "both"
    assert east.state(JOB).job.input == reference
    assert await west.keep_payloads.resolve(TENANT, reference) == {"steps": 3, "milliseconds": 100}
    assert (await west.submit_job().submit(asked))["id"] == view["id"]


@in_virtual_time
async def test_an_uploaded_input_that_the_peer_does_not_have_makes_the_job_durable_here_alone() -> None:
    east, west = two_regions(probe)
    data = b'{"steps": 3, "milliseconds": 100}'
    east.payloads.upload(PayloadKey(TENANT, sha256(data).hexdigest()), data)
    west.payloads.refusing = True
    asked = request(input={"$payload": {"sha256": sha256(data).hexdigest(), "bytes": len(data)}})
    assert (await east.submit_job().submit(asked))["durability"] == "local"


@in_virtual_time
async def test_an_input_whose_payload_cannot_be_kept_leaves_nothing_behind() -> None:
    east, west = two_regions(probe)
    error = await refused(east, request(input={"$payload": {"sha256": "0f" * 32, "bytes": 7}}))
    assert (error.code, error.field) == ("payload_missing", "input")
    east.payloads.refusing = True
    error = await refused(east, request(input={"$payload": {"sha256": "0f" * 32, "bytes": 7}}))
    assert (error.code, error.row.retryable) == ("payload_unavailable", True)
    assert east.segments(JOB) == west.segments(JOB) == []


@in_virtual_time
async def test_when_the_own_table_refuses_nothing_exists_anywhere() -> None:
    east, west = two_regions(probe)
    east.table.refusing = True
    error = await refused(east)
    assert (error.code, error.row.status) == ("state_unavailable", 503)
    assert not east.table.segments
    assert not west.table.segments
    assert not east.waiting()


@in_virtual_time
async def test_when_the_lane_refuses_the_job_exists_and_the_sweeper_runs_it() -> None:
    east, west = two_regions(probe)
    east.lanes.refusing = True
    error = await refused(east)
    assert (error.code, error.row.status, error.extra) == ("lane_unavailable", 503, {"job_id": JOB})
    assert kinds(east) == kinds(west) == ["submitted"]
    east.lanes.refusing = False
    await pass_time(STALL_SECONDS)
    assert (await east.sweep_jobs().sweep()).put_back == 1
    await east.work()
    assert east.state(JOB).status == "succeeded"


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        (request("nobody"), "unknown_agent", "agent"),
        (request(lane="gpu"), "unknown_lane", "lane"),
        (request(input={"steps": -1, "milliseconds": 1}), "invalid_body", "input.steps"),
        (request(input={"steps": 1}), "invalid_body", "input.milliseconds"),
        (request(input={"steps": 1, "milliseconds": 1, "stepps": 1}), "invalid_body", "input.stepps"),
        (request(input=None), "invalid_body", "input"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(asked: SubmitRequest, code: str, field: str) -> None:
    async def program() -> None:
        east, west = two_regions(probe)
        error = await refused(east, asked)
        assert (error.code, error.field) == (code, field)
        assert not east.table.segments
        assert not west.table.segments

    run_virtually(program())


@in_virtual_time
async def test_the_same_key_in_the_same_region_is_the_same_job_and_a_second_hint_while_it_waits() -> None:
    east, _ = two_regions(probe)
    first = await east.submit_job().submit(request())
    again = await east.submit_job().submit(request())
    assert again == first
    assert len(east.waiting()) == 2
    assert kinds(east) == ["submitted"]


@in_virtual_time
async def test_the_same_key_after_the_end_is_the_same_job_with_its_result_and_no_hint() -> None:
    east, _ = two_regions(probe)
    await east.submit_job().submit(request())
    await east.work()
    again = await east.submit_job().submit(request())
    assert (again["id"], again["status"], again["result"]) == (JOB, "succeeded", {"steps": 3, "payload_bytes": 0})
    assert not east.waiting()


@in_virtual_time
async def test_the_same_key_in_the_peer_is_the_same_job_and_stays_where_it_was() -> None:
    east, west = two_regions(probe)
    await east.submit_job().submit(request())
    view = await west.submit_job().submit(request())
    assert (view["id"], view["home_region"], view["durability"]) == (JOB, EAST, "both")
    assert kinds(west) == ["submitted"]
    assert not west.waiting()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_another_body_under_the_same_key_is_a_conflict_in_either_region(elsewhere: bool) -> None:
    async def program() -> None:
        east, west = two_regions(probe)
        await east.submit_job().submit(request())
        east.waiting()
        error = await refused(west if elsewhere else east, request(input={"steps": 4, "milliseconds": 100}))
        assert (error.code, error.row.status) == ("idempotency_conflict", 409)
        assert kinds(east) == kinds(west) == ["submitted"]
        assert not east.waiting()

    run_virtually(program())


@in_virtual_time
async def test_without_a_key_every_submit_is_a_job_of_its_own() -> None:
    east, _ = two_regions(probe)
    views = [await east.submit_job().submit(request(idempotency_key=None)) for _ in range(3)]
    assert len({view["id"] for view in views}) == 3


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("error", [Crash, lambda: StateUnavailable("no answer")])
def test_wherever_a_submit_is_cut_short_trying_again_leads_to_one_job_with_one_result(
    elsewhere: bool, error: Callable[[], BaseException]
) -> None:
    async def cut_short_at(call: int) -> bool:
        east, west = two_regions(probe)
        fuse = Fuse(call, error)
        with contextlib.suppress(Crash, AntipodeError):
            await east.submit_job(fuse).submit(request())
        view = await (west if elsewhere else east).submit_job().submit(request())
        assert view["id"] == JOB
        await pass_time(1)
        replicate(east, west)
        replicate(west, east)
        await pass_time(STALL_SECONDS)
        for region in (east, west):
            await region.sweep_jobs().sweep()
            await region.work()
        replicate(east, west)
        replicate(west, east)
        states = [region.state(JOB) for region in (east, west)]
        assert [state.status for state in states] == ["succeeded"] * 2, fuse.burned
        assert states[0] == states[1], fuse.burned
        return fuse.blown

    async def program() -> int:
        calls = 0
        while await cut_short_at(calls):
            calls += 1
        return calls

    assert run_virtually(program()) == 10


@in_virtual_time
async def test_of_two_regions_that_accept_the_same_submit_at_once_one_withdraws() -> None:
    east, west = two_regions(probe)
    views = await asyncio.gather(west.submit_job().submit(request()), east.submit_job().submit(request()))
    replicate(east, west)
    replicate(west, east)
    assert {view["id"] for view in views} == {JOB}
    assert {view["durability"] for view in views} == {"both"}
    assert east.state(JOB) == west.state(JOB)
    owner = east if east.state(JOB).owner_region == EAST else west
    await pass_time(STALL_SECONDS)
    for region in (east, west):
        await region.sweep_jobs().sweep()
    assert {send.message.job_id for send in owner.waiting()} == {JOB}
    assert not owner.peer.waiting()


@in_virtual_time
async def test_who_withdraws_holds_the_rivals_submission_so_that_both_is_true() -> None:
    east, west = two_regions(probe)
    with pytest.raises(Crash):
        await east.submit_job(Fuse(4)).submit(request())  # the east accepts, and dies before it tells the west
    await pass_time(1)
    view = await west.submit_job().submit(request())
    assert (view["home_region"], view["durability"]) == (EAST, "both")
    opening = next(segment for segment in east.segments(JOB) if segment.first_sequence == 1)
    assert opening in west.segments(JOB)
    withdrawal = west.segments(JOB)[-1].events[0]
    assert isinstance(withdrawal, SubmissionWithdrawn)
    assert not west.waiting()


@in_virtual_time
async def test_two_submits_that_race_in_one_region_are_one_job() -> None:
    east, _ = two_regions(probe)
    one = east.submit_job(Fuse(gives_way=True))
    other = replace(east.submit_job(Fuse(gives_way=True)), clock=VirtualClock(0.5))
    views = await asyncio.gather(one.submit(request()), other.submit(request()))
    assert views[0]["created_at"] == views[1]["created_at"]
    assert kinds(east) == ["submitted"]


@in_virtual_time
async def test_a_peer_that_holds_another_beginning_of_ours_is_not_overruled() -> None:
    east, west = two_regions(probe)
    await east.submit_job().submit(request())
    east.table.segments.clear()  # came back empty, and serves before it was filled again
    await pass_time(5)
    assert (await refused(east)).code == "state_unavailable"
    assert len(west.segments(JOB)) == 1


@pytest.mark.parametrize(
    ("delay", "hinted", "due_after"),
    [
        (0.0, 0, STALL_SECONDS),
        (0.5, 1, 0.5 + STALL_SECONDS),
        (900.0, 900, 900 + STALL_SECONDS),
        (901.0, None, 901 - HINT_AHEAD_SECONDS),
    ],
)
def test_a_delayed_job_is_hinted_when_it_is_due_and_left_to_the_sweeper_when_that_is_far_off(
    delay: float, hinted: int | None, due_after: float
) -> None:
    async def program() -> None:
        east, _ = two_regions(probe)
        view = await east.submit_job().submit(request(delay_seconds=delay))
        (row,) = east.table.segments.values()
        assert row.due is not None
        assert seconds_between(str(view["created_at"]), row.due.at) == due_after
        assert [send.delay_seconds for send in east.waiting()] == ([] if hinted is None else [hinted])

    run_virtually(program())


@in_virtual_time
async def test_a_job_of_a_moment_runs_then_and_one_of_the_past_at_once() -> None:
    east, _ = two_regions(probe)
    moment = add_seconds(east.clock.now(), 90)
    view = await east.submit_job().submit(request(run_at=moment))
    (send,) = east.waiting()
    assert (east.state(JOB).job.run_at, view["next_attempt_at"], send.delay_seconds) == (moment, moment, 90)
    await pass_time(100)
    again = await east.submit_job().submit(request(run_at=moment))  # the same request, when its moment has passed
    assert again["id"] == view["id"]
    other = await east.submit_job().submit(request(run_at=moment, idempotency_key="two"))
    assert "next_attempt_at" not in other
    assert 0 in [send.delay_seconds for send in east.waiting()]
    assert (await refused(east, request(run_at=add_seconds(moment, 1)))).code == "idempotency_conflict"


@in_virtual_time
async def test_what_the_client_asked_for_is_in_the_history() -> None:
    east, _ = two_regions(probe)
    deadline = "2026-11-21T13:00:00.000Z"
    asked = request(
        deadline=deadline,
        budget={"steps": 5},
        callback_url="https://example.org/done",
        tags={"a": "b"},
        delay_seconds=9,
    )
    await east.submit_job().submit(asked)
    job = east.state(JOB).job
    assert (job.deadline, job.budget, job.callback_url, job.tags) == (
        deadline,
        {"steps": 5},
        "https://example.org/done",
        {"a": "b"},
    )
    assert job.run_at == add_seconds(job.at, 9)
    assert job.input == {"steps": 3, "milliseconds": 100}


def test_the_regions_of_these_tests_are_each_others_peers() -> None:
    east, west = two_regions()
    assert (east.name, west.name, east.peer, west.peer) == (EAST, WEST, west, east)
