"""A turn that has failed is redriven: it waits behind all others, keeps its steps, and is remembered where it stood."""

import itertools
from typing import Any

import pytest

from functions.agents.session_redriving import RedrivingConversation, RedrivingKeeper
from functions.application.redrive_job import RedriveRequest
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import JobAdmitted, JobRedriven, StepSucceeded
from functions.domain.job.turns import INTERRUPT
from functions.domain.moments import add_seconds
from functions.sdk.session_desk import Asked, Ended
from tests.in_depth import every, some_of
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.agents.test_session_corrected import Desk, ended, hear, words_in
from tests.unit.application.conversations import NAME, SESSION, Pair
from tests.unit.application.fleet import Deadly
from tests.unit.application.two_regions import TENANT, Crash, Fuse, Region

ASKED = RedriveRequest(name="r1", by="ann")


async def redriven(pair: Pair, *turns: str, region: Region | None = None, asked: RedriveRequest = ASKED) -> Any:
    return await (region or pair.here).redrive_job().redrive(TENANT, list(turns), asked)


async def with_a_failure(pair: Pair, *others: str) -> list[str]:
    """Have turns done of which the first, `one`, fails; it would succeed from then on. Return their ids."""
    turns = [await pair.submit(pair.east, "one", fails=True)]
    for words in others:
        await pair.pass_time(0.1)
        turns.append(await pair.submit(pair.west, words))
    await pair.finish(*turns)
    assert pair.state(turns[0]).status == "failed"
    pair.talk.mended.add("one")
    return turns


async def with_one_refused(pair: Pair, **fields: Any) -> list[str]:
    """Have turns done of which the second, `two`, is refused, for the first one runs. Return their ids."""
    one = await pair.submit(pair.east, "one", seconds=5.0)
    await pair.pass_time(1.0)
    two = await pair.submit(pair.west, "two", on_busy="reject", **fields)
    await pair.finish(one, two)
    error: Any = pair.state(two).error
    assert error["code"] == "session_busy"
    return [one, two]


async def goes_on(pair: Pair, *turns: str) -> None:
    """Go on until these have succeeded, and their session has heard of it."""
    await pair.until(lambda: all(pair.state(turn).status == "succeeded" for turn in turns))
    await pair.finish(*turns)


def events_of(pair: Pair, turn: str, kind: type) -> list[Any]:
    return [item.event for item in pair.state(turn).history if isinstance(item.event, kind)]


# -- the whole of it


@in_virtual_time
async def test_a_turn_that_is_redriven_waits_behind_all_others_and_takes_its_recorded_steps_with_it() -> None:
    pair = Pair.at_work()
    one, two = await with_a_failure(pair, "two")
    three = await pair.submit(pair.east, "three", seconds=5.0)
    four = await pair.submit(pair.west, "four", seconds=5.0)
    await pair.pass_time(1.0)
    assert await redriven(pair, one) == {}
    await goes_on(pair, one, two, three, four)
    assert [pair.state(turn).status for turn in (one, two, three, four)] == ["succeeded"] * 4
    assert pair.talk.said == ["one", "two", "three", "four"], "what it had said it does not say again"
    assert len(events_of(pair, one, StepSucceeded)) == 1
    assert [pair.state(one).redrives, len(events_of(pair, one, JobAdmitted))] == [1, 2]
    assert pair.state(one).updated_at > pair.state(four).updated_at
    assert pair.talk.at_once == 1


@in_virtual_time
async def test_its_session_goes_by_its_new_end_where_it_stood_and_names_who_had_heard_the_other() -> None:
    pair = Pair.at_work()
    one, two = await with_a_failure(pair, "two")
    assert [content for _, content in pair.memory()][:1] == [{"words": "one", "fails": True}]
    await redriven(pair, one)
    await goes_on(pair, one)
    await pair.until(lambda: "corrections" in pair.shown())
    corrections: Any = pair.shown()["corrections"]
    [correction] = corrections
    assert (correction["turn"], correction["counts"]["status"], correction["instead_of"]["status"]) == (
        one,
        "succeeded",
        "failed",
    )
    assert correction["heard_by"] == [two]
    last = await pair.submit(pair.west, "last")
    await pair.finish(last)
    roles = [role for role, _ in pair.memory()]
    assert roles[:4] == ["user", "assistant", "user", "assistant"]
    heard = pair.talk.heard["last"]
    assert "one" in heard[0]
    assert "'said': 'one'" in heard[1]
    assert "two" in heard[2]


@in_virtual_time
async def test_what_it_hears_is_what_it_had_heard_for_its_recorded_steps_go_by_that() -> None:
    pair = Pair.at_work()
    first = await pair.submit(pair.east, "first")
    await pair.finish(first)
    one, _ = await with_a_failure(pair, "two")
    before = pair.talk.heard["one"]
    await redriven(pair, one)
    await goes_on(pair, one)
    assert pair.talk.heard["one"] == before
    assert before != []


@in_virtual_time
async def test_a_turn_that_was_refused_runs_and_hears_the_conversation_as_it_is_then() -> None:
    pair = Pair.at_work()
    _, two = await with_one_refused(pair)
    three = await pair.submit(pair.west, "three", seconds=5.0)
    await pair.pass_time(1.0)
    assert await redriven(pair, two) == {}
    await goes_on(pair, two, three)
    assert pair.state(two).status == "succeeded", "whatever it had been submitted with, it waits"
    assert len(pair.talk.heard["two"]) == 4


@in_virtual_time
async def test_an_input_that_it_was_offered_before_is_not_merged_into_it_for_that_turn_has_run_by_itself() -> None:
    pair = Pair.at_work()
    one = await pair.submit(
        pair.east, "one", seconds=5.0, takes_in=True, deadline=add_seconds(pair.east.clock.now(), 4.0)
    )
    await pair.pass_time(1.0)
    two = await pair.submit(pair.west, "two", on_busy="merge")
    await pair.pass_time(1.0)
    assert pair.shown()["offered"] == [two]
    await pair.finish(one, two)
    assert [pair.state(turn).status for turn in (one, two)] == ["failed", "succeeded"]
    assert await redriven(pair, one) == {}
    await goes_on(pair, one)
    assert pair.state(one).result == {"said": "one", "by": "1", "merged": []}


@in_virtual_time
async def test_an_interruption_that_was_meant_for_it_as_it_was_before_does_not_cancel_it() -> None:
    pair = Pair.at_work()
    one, two = await with_one_refused(pair)
    three = await pair.submit(pair.east, "three", seconds=5.0)
    await pair.pass_time(1.0)
    await redriven(pair, two)
    await pair.pass_time(1.0)
    turn, name = pair.state(two), f"{INTERRUPT}/{one}"
    assert turn.redrives == 1
    await pair.here.send_arrival().send(two, turn, ArrivalKind.CANCEL, name, by="session", body="has not heard of it")
    await goes_on(pair, two, three)


@in_virtual_time
async def test_one_that_runs_again_can_be_interrupted() -> None:
    pair = Pair.at_work()
    _, two = await with_one_refused(pair, seconds=9.0)
    await redriven(pair, two)
    await pair.until(lambda: pair.shown()["running"] == two)
    three = await pair.submit(pair.east, "three", on_busy="interrupt")
    await goes_on(pair, three)
    assert pair.state(two).status == "cancelled"
    assert pair.talk.undone == ["two"]


@in_virtual_time
async def test_a_turn_that_fails_again_is_on_the_list_again_and_can_be_redriven_again() -> None:
    pair = Pair.at_work()
    one, two = await with_a_failure(pair, "two")
    pair.talk.mended.clear()
    await redriven(pair, one)
    await pair.until(lambda: pair.state(one).redrives == 1 and pair.state(one).status == "failed")
    assert await redriven(pair, one, asked=RedriveRequest(name="r1", by="ann")) == {}, "the same request again"
    pair.talk.mended.add("one")
    assert await redriven(pair, one, asked=RedriveRequest(name="r2", by="ann")) == {}
    await goes_on(pair, one, two)
    assert (pair.state(one).status, pair.state(one).redrives) == ("succeeded", 2)
    assert pair.talk.said == ["one", "two"]


@in_virtual_time
async def test_many_are_redriven_at_once_and_run_one_at_a_time() -> None:
    pair = Pair.at_work()
    turns = []
    for words in ("one", "two", "three", "four"):
        turns.append(await pair.submit(pair.east, words, fails=True))
        await pair.pass_time(0.1)
    await pair.finish(*turns)
    pair.talk.mended |= {"one", "two", "three", "four"}
    assert await redriven(pair, *turns) == {}
    await goes_on(pair, *turns)
    assert {pair.state(turn).status for turn in turns} == {"succeeded"}
    assert pair.talk.at_once == 1
    remembered = [content for role, content in pair.memory() if role == "assistant"]
    assert [each["said"] for each in remembered if isinstance(each, dict)] == ["one", "two", "three", "four"]


@in_virtual_time
async def test_the_turns_of_a_session_that_was_cancelled_are_refused() -> None:
    pair = Pair.at_work()
    one, _ = await with_a_failure(pair, "two")
    await pair.cancel(SESSION)
    await pair.until(lambda: pair.state(SESSION).finished)
    assert await redriven(pair, one) == {one: "session_ended"}


# -- whoever dies


async def story_of_a_dying_worker(at: int) -> bool:
    pair = Pair.at_work()
    turns = await with_a_failure(pair, "two")
    fuse = Deadly(at=at)
    for fleet in pair.fleets.values():
        fleet.fuse = fuse
    turns.append(await pair.submit(pair.east, "three", seconds=2.0))
    await pair.pass_time(0.5)
    await redriven(pair, turns[0], region=pair.west)
    await goes_on(pair, *turns)
    assert [pair.state(turn).status for turn in turns] == ["succeeded"] * 3, fuse.burned[-1]
    assert pair.talk.said.count("one") == 1, fuse.burned[-1]
    assert pair.talk.at_once == 1, fuse.burned[-1]
    last = await pair.submit(pair.west, "last")
    await pair.finish(last)
    assert pair.talk.heard["last"][1::2] == [str({"said": each, "by": "1", "merged": []}) for each in ORDER]
    return fuse.blown


ORDER = ("one", "two", "three")


def test_wherever_a_worker_or_a_sweeper_dies_a_redriven_turn_ends_once_and_alone() -> None:
    for at in itertools.count(0, step=7 * every(3)):
        if not run_virtually(story_of_a_dying_worker(at)):
            break
    assert at > 60


async def story_of_a_dying_request(at: int) -> bool:
    pair = Pair.at_work()
    one, _ = await with_a_failure(pair, "two")
    fuse = Fuse(at=at)
    try:
        await pair.west.redrive_job(fuse).redrive(TENANT, [one], ASKED)
    except Crash:
        await pair.pass_time(1.0)
        await redriven(pair, one, region=pair.east)
    await pair.until(lambda: pair.state(one).status == "succeeded")
    assert pair.state(one).redrives == 1
    await goes_on(pair, one)
    return fuse.blown


def test_wherever_the_process_dies_that_redrives_a_turn_it_is_redriven_once() -> None:
    for at in itertools.count(step=every(2)):
        if not run_virtually(story_of_a_dying_request(at)):
            break
    assert at > 8


MOMENTS = [tenths / 10 for tenths in range(0, 60, 3)]


@pytest.mark.parametrize("unlinked_for", [0.0, 0.7, 3.0])
@pytest.mark.parametrize("moment", some_of(MOMENTS, 4))
@in_virtual_time
async def test_a_redriven_turn_goes_on_in_the_other_region_whenever_its_own_is_lost(
    moment: float, unlinked_for: float
) -> None:
    pair = Pair.at_work()
    pair.waits = 0.1
    turns = await with_a_failure(pair, "two")
    turns.append(await pair.submit(pair.west, "three", seconds=1.5))
    await redriven(pair, turns[0])
    await pair.pass_time(moment)
    pair.linked = False
    await pair.pass_time(unlinked_for)
    pair.lose(pair.east)
    await pair.pass_time(2.0)
    await pair.west.adopt_jobs().adopt()
    await goes_on(pair, *turns)
    assert [pair.state(turn).status for turn in turns] == ["succeeded"] * 3
    assert pair.talk.said.count("one") == 1
    pair.bring_back(pair.east)
    last = await pair.submit(pair.east, "last")
    await pair.finish(last)
    assert pair.talk.heard["last"][1::2] == [str({"said": each, "by": "1", "merged": []}) for each in ORDER]


# -- what its session does at each mail


def keeper() -> tuple[RedrivingKeeper, Desk]:
    desk = Desk()
    return RedrivingKeeper(desk, RedrivingConversation(name=NAME)), desk  # type: ignore[arg-type]


def again(end: Ended, redrives: int = 1) -> Ended:
    return Ended(end.turn, end.status, end.remembered, end.merged, end.place, redrives)


@in_virtual_time
async def test_a_late_mail_of_an_earlier_time_lets_nobody_run_beside_a_redriven_turn() -> None:
    talk, desk = keeper()
    await hear(talk, Asked("a", "queue"), Asked("a", "queue", redrives=1), Asked("b", "queue"))
    assert desk.admitted == ["a", "a"]
    await hear(talk, ended("a", "a", "1.x.3", "failed"), Asked("a", "queue"))
    assert desk.admitted == ["a", "a"], "b waits until a has ended as it is now"
    await hear(talk, again(ended("a", "a!", "1.x.9")))
    assert desk.admitted == ["a", "a", "b"]
    assert words_in(talk) == ["a!"]


@in_virtual_time
async def test_an_end_told_before_its_asking_was_heard_counts() -> None:
    talk, _ = keeper()
    await hear(talk, ended("a", "a", "1.x.3", "failed"), again(ended("a", "a!", "1.x.9")))
    await hear(talk, Asked("a", "queue", redrives=1), ended("a", "a", "1.x.3", "failed"))
    assert words_in(talk) == ["a!"]


@in_virtual_time
async def test_a_redriven_turn_that_runs_is_offered_no_others_input() -> None:
    talk, _ = keeper()
    await hear(talk, ended("a", "a", "1.x.3", "failed"), Asked("a", "queue", redrives=1))
    await hear(talk, Asked("b", "merge", {"words": "b"}, fits=True))
    assert [turn.id for turn in talk.knows.queue] == ["b"]
    assert talk.knows.offered == []


@in_virtual_time
async def test_a_turn_that_this_region_still_takes_for_failed_is_looked_for_again() -> None:
    pair = Pair.at_work()
    one, _ = await with_a_failure(pair, "two")
    pair.linked = False
    await redriven(pair, one, region=pair.west)
    await pair.pass_time(20.0)
    pair.linked = True
    await goes_on(pair, one)
    assert pair.state(one).status == "succeeded"
    assert events_of(pair, one, JobRedriven)


# -- without the rules


async def hears_whatever_comes(self: RedrivingKeeper, end: Ended) -> None:
    self.knows.redrives = {}
    self.knows.ended_after = {}
    await super(RedrivingKeeper, self)._ended(end)


async def the_late_mail() -> bool:
    talk, desk = keeper()
    await hear(talk, Asked("a", "queue"), Asked("a", "queue", redrives=1), Asked("b", "queue"))
    await hear(talk, ended("a", "a", "1.x.3", "failed"))
    return desk.admitted == ["a", "a"]


def test_without_the_numbers_of_redrives_a_late_mail_has_two_turns_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_virtually(the_late_mail())
    monkeypatch.setattr(RedrivingKeeper, "_ended", hears_whatever_comes)
    assert not run_virtually(the_late_mail())
