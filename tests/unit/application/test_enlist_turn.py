"""Turns of a session whoever dies: a client's Region before its answer, a worker at any call, a whole Region."""

import itertools

import pytest

from functions.application.ports import StateUnavailable
from functions.domain.errors import AntipodeError
from functions.domain.job.history import Head
from functions.domain.job.state import JobState
from functions.domain.job.turns import HELD_LOOK_SECONDS
from tests.in_depth import every, some_of
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.application.conversations import NAME, SESSION, Pair, turn_id
from tests.unit.application.fleet import Deadly, Fleet
from tests.unit.application.two_regions import EAST, Crash, Fuse, Region, request


def asked(words: str, seconds: float = 1.0, on_busy: str = "queue") -> dict[str, object]:
    return {
        "input": {"words": words, "seconds": seconds, "takes_in": True},
        "idempotency_key": words,
        "session": {"name": NAME, "on_busy": on_busy},
    }


async def submit_until_it_dies(pair: Pair, at: int) -> bool:
    """Submit a turn in a process that dies at that call. Returns whether it came to that."""
    fuse = Fuse(at=at)
    try:
        await pair.east.submit_turn(fuse).submit(request("talk", **asked("one")))
    except Crash:
        return True
    return False


async def story_of_a_dying_submit(at: int, tries_again: bool) -> bool:
    pair = Pair.at_work()
    died = await submit_until_it_dies(pair, at)
    if tries_again:
        await pair.submit(pair.west, "one", seconds=1.0, takes_in=True)
    await pair.pass_time(0.1)
    second = await pair.submit(pair.west, "two")
    one = turn_id("one")
    exists = any(row.segment.job_id == one for row in pair.east.table.segments.values())
    assert exists or not tries_again
    await pair.finish(*([one] if exists else []), second)
    assert sorted(pair.talk.said) == (["one", "two"] if exists else ["two"])
    assert pair.talk.at_once == 1
    if tries_again:
        assert pair.talk.said == ["one", "two"]
    return died


@pytest.mark.parametrize("tries_again", [True, False])
def test_wherever_the_process_dies_that_accepts_a_turn_the_turn_runs_once_or_was_never_there(tries_again: bool) -> None:
    for at in itertools.count(step=every(3)):
        if not run_virtually(story_of_a_dying_submit(at, tries_again)):
            break
    assert at > 20


async def story_of_a_dying_worker(at: int, on_busy: str) -> bool:
    pair = Pair.at_work()
    fuse = Deadly(at=at)
    for fleet in pair.fleets.values():
        fleet.fuse = fuse
    turns = [await pair.submit(pair.east, "one", seconds=4.0, takes_in=True)]
    await pair.pass_time(2.0)
    turns.append(await pair.submit(pair.west, "two", on_busy=on_busy))
    await pair.pass_time(0.1)
    turns.append(await pair.submit(pair.east, "three"))
    await pair.finish(*turns)
    one, two, three = (pair.state(turn) for turn in turns)
    assert one.status == "succeeded" or (on_busy == "interrupt" and one.status == "cancelled"), fuse.burned[-1]
    assert two.status == "succeeded" or (on_busy == "reject" and two.status == "failed"), fuse.burned[-1]
    assert three.result == {"said": "three", "by": "1", "merged": []}, fuse.burned[-1]
    assert pair.talk.at_once == 1, fuse.burned[-1]
    if on_busy == "merge" and two.result == {"merged_into": turns[0]}:
        assert one.result == {"said": "one", "by": "1", "merged": ["two"]}
    await pair.pass_time(1.0)
    assert both_see_the_same(pair, [SESSION, *turns])
    return fuse.blown


@pytest.mark.parametrize("on_busy", ["queue", "reject", "interrupt", "merge"])
def test_wherever_a_worker_or_a_sweeper_dies_all_turns_come_to_their_end_one_at_a_time(on_busy: str) -> None:
    for at in itertools.count(len(on_busy), step=11 * every(3)):
        if not run_virtually(story_of_a_dying_worker(at, on_busy)):
            break
    assert at > 100


def both_see_the_same(pair: Pair, jobs: list[str]) -> bool:
    def seen(state: JobState) -> tuple[object, ...]:
        return state.status, state.owner_region, state.epoch, state.result, state.error, state.progress

    return all(seen(pair.east.state(job)) == seen(pair.west.state(job)) for job in jobs)


async def lose_and_adopt(pair: Pair, lost: Region, survivor: Region) -> None:
    pair.lose(lost)
    await pair.pass_time(2.0)
    await survivor.adopt_jobs().adopt()


MOMENTS = [tenths / 10 for tenths in range(0, 70, 3)]


@pytest.mark.parametrize("unlinked_for", [0.0, 0.7, 3.0])
@pytest.mark.parametrize("moment", some_of(MOMENTS, 4))
@in_virtual_time
async def test_a_session_and_its_turns_go_on_in_the_other_region_whenever_theirs_is_lost(
    moment: float, unlinked_for: float
) -> None:
    """Two turns of the lost Region and one of the survivor's; the link may have lagged behind before that."""
    pair = Pair.at_work()
    pair.waits = 0.1
    turns = []
    for words, region in (("one", pair.east), ("two", pair.west), ("three", pair.east)):
        turns.append(await pair.submit(region, words, seconds=1.5, remembers=True))
        await pair.pass_time(0.1)
    await pair.pass_time(moment)
    pair.linked = False
    await pair.pass_time(unlinked_for)
    told = {turn for turn in turns if pair.east.state(turn).finished}
    said = list(pair.talk.said)
    await lose_and_adopt(pair, pair.east, pair.west)
    await pair.finish(*turns)
    assert [pair.state(turn).status for turn in turns] == ["succeeded"] * 3
    memory = [content for role, content in pair.memory() if role == "user"]
    assert memory == ["one", "two", "three"], "in order, none twice, none lost"
    again = pair.talk.said[len(said) :]
    assert not told & {turn_id(words) for words in again}, "what its session has heard the end of is not run again"
    pair.bring_back(pair.east)
    last = await pair.submit(pair.east, "last")
    await pair.finish(last)
    assert pair.talk.heard["last"][::2] == ["one", "two", "three"]
    await pair.pass_time(1.0)
    assert both_see_the_same(pair, [SESSION, *turns, last])


@in_virtual_time
async def test_a_session_that_is_lost_between_turns_takes_its_next_turn_in_the_other_region() -> None:
    pair = Pair.at_work()
    first = await pair.submit(pair.east, "first", remembers=True)
    await pair.finish(first)
    await pair.pass_time(60)
    assert pair.state(SESSION).owner_region == "us-east-1"
    await lose_and_adopt(pair, pair.east, pair.west)
    second = await pair.submit(pair.west, "second")
    await pair.finish(second)
    assert pair.talk.heard["second"] == ["first", "first!"]
    assert pair.state(SESSION).owner_region == "us-west-2"


@in_virtual_time
async def test_a_turn_that_only_its_lost_region_has_does_not_keep_the_others_and_runs_when_that_is_back() -> None:
    pair = Pair.at_work()
    first = await pair.submit(pair.west, "first", seconds=6)
    await pair.pass_time(2)
    pair.linked = False
    lonely = await pair.submit(pair.east, "lonely")
    pair.west.table.segments = {key: row for key, row in pair.west.table.segments.items() if key[0] != lonely}
    waiting = await pair.submit(pair.west, "waiting")
    pair.lose(pair.east)
    await pair.until(lambda: pair.state(waiting).finished)
    assert pair.state(first).status == "succeeded"
    assert pair.talk.begun == ["first", "waiting"]
    pair.bring_back(pair.east)
    await pair.finish(lonely)
    assert pair.talk.said == ["first", "waiting", "lonely"]


@in_virtual_time
async def test_both_regions_begin_a_session_while_they_are_cut_off_and_later_all_turns_are_in_one_memory() -> None:
    pair = Pair.at_work()
    pair.cut()
    turns = [await pair.submit(pair.east, "east", remembers=True)]
    await pair.pass_time(0.1)
    turns.append(await pair.submit(pair.west, "west", remembers=True))
    await pair.until(lambda: all(region.state(turn).finished for region, turn in pair.homes(turns)))
    pair.mend()
    last = await pair.submit(pair.west, "last")
    await pair.finish(last)
    assert sorted(pair.talk.said) == ["east", "last", "west"]
    assert {content for role, content in pair.memory() if role == "user" and isinstance(content, str)} == {
        "east",
        "west",
    }
    await pair.pass_time(1.0)
    assert both_see_the_same(pair, [SESSION, *turns, last])


@in_virtual_time
async def test_a_turn_is_not_acknowledged_while_its_session_cannot_be_asked() -> None:
    pair = Pair.at_work()
    fuse = Fuse(at=14, error=lambda: StateUnavailable("throttled"))
    with pytest.raises(AntipodeError) as raised:
        await pair.east.submit_turn(fuse).submit(request("talk", **asked("one")))
    assert raised.value.code == "state_unavailable"
    await pair.submit(pair.east, "one", seconds=1.0, takes_in=True)
    await pair.finish(turn_id("one"))
    assert pair.talk.said == ["one"]


@in_virtual_time
async def test_a_turn_that_was_accepted_stays_known_when_its_session_has_ended() -> None:
    pair = Pair.at_work()
    first = await pair.submit(pair.east, "first")
    await pair.finish(first)
    await pair.cancel(SESSION)
    await pair.until(lambda: pair.state(SESSION).finished)
    view = await pair.east.submit_turn().submit(
        request("talk", input={"words": "first"}, idempotency_key="first", session={"name": NAME, "on_busy": "queue"})
    )
    assert (view["id"], view["status"]) == (first, "succeeded")


def forget(pair: Pair, what: str) -> bool:
    """Have both replicas lose the arrivals with this in their names. Returns whether there were any."""
    found = False
    for region in (pair.east, pair.west):
        lost = [key for key, row in region.table.arrivals.items() if what in row.arrival.name]
        for key in lost:
            del region.table.arrivals[key]
            found = True
    return found


@pytest.mark.parametrize("what", ["session.admit", ".ended."])
@in_virtual_time
async def test_a_session_that_hears_nothing_of_its_running_turn_looks_after_it_within_minutes(what: str) -> None:
    pair = Pair.at_work()
    await pair.finish(await pair.submit(pair.east, "first"))
    pair.fleets.pop("us-west-2")  # nobody runs the turn, so nobody hears its admission
    begun = pair.now
    turn = await pair.submit(pair.west, "turn")
    await pair.until(lambda: pair.shown()["running"] == turn)
    if what == ".ended.":
        message = pair.west.waiting()[-1].message
        await pair.west.advance_job().advance(message, delivery=1, stop_at=pair.now + 100)
        assert pair.west.state(turn).finished
    assert forget(pair, what)
    pair.east.lanes.queues["critical"].clear()
    pair.bring_back(pair.west)
    await pair.finish(turn)
    assert pair.talk.said == ["first", "turn"]
    assert (55 if what == "session.admit" else 0) < pair.now - begun < 100


@in_virtual_time
async def test_a_turn_that_is_adopted_asks_again_at_once() -> None:
    pair = Pair.at_work()
    pair.fleets.pop("us-east-1")
    first = await pair.submit(pair.west, "first", seconds=1)
    await pair.until(lambda: pair.state(first).finished)
    turn = await pair.submit(pair.east, "turn")
    await pair.until(lambda: pair.shown()["running"] == turn)
    assert forget(pair, "session.admit")
    pair.east.table.refusing = pair.east.lanes.refusing = True
    pair.linked = False
    begun = pair.now
    await pair.west.adopt_jobs().adopt()
    await pair.until(lambda: pair.state(turn).finished)
    assert pair.now - begun < 30


@in_virtual_time
async def test_a_turn_whose_end_is_lost_though_its_session_has_heard_of_it_asks_again_and_comes_to_its_end() -> None:
    pair = Pair.at_work()
    one = await pair.submit(pair.east, "one", remembers=True)
    await pair.finish(one)
    await pair.pass_time(1)
    pair.linked = False
    table = pair.east.table
    for place in [place for place in table.segments if place[0] == one and place[3] > 1]:
        del table.segments[place]  # it ran in a Region that is lost, and so is what that Region told
    for come in [come for come in table.arrivals if come[0] == one or ".ended." in come[1]]:
        del table.arrivals[come]
    table.heads[one, EAST] = Head(one, EAST, 1, 1, "queued", "standard", pair.east.clock.now())
    assert pair.east.state(one).status == "queued"
    pair.fleets = {EAST: Fleet(pair.east)}
    pair.waits = 20.0
    await pair.pass_time(HELD_LOOK_SECONDS + 120)
    assert pair.east.state(one).status == "succeeded"
    last = await pair.submit(pair.east, "last")
    await pair.pass_time(60)
    assert pair.talk.heard["last"] == ["one", "one!"]
    assert pair.east.state(last).status == "succeeded"
