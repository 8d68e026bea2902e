"""Sessions at work in both Regions: one turn at a time, in order, by the policy that its client chose."""

from dataclasses import dataclass, field

import pytest

from functions.agents.session import Conversation, Keeper, Turn
from functions.sdk.session_desk import Asked, Ended, Told
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.conversations import NAME, SESSION, Pair, Talk, turn_id
from tests.unit.application.two_regions import TENANT


def error_of(pair: Pair, turn: str) -> str:
    error = pair.state(turn).error
    assert error is not None
    return error["code"]


@in_virtual_time
async def test_twenty_turns_from_both_regions_run_one_at_a_time_in_the_order_in_which_they_were_accepted() -> None:
    pair = Pair.at_work()
    words = [f"word {number}" for number in range(20)]
    turns = []
    for number, word in enumerate(words):
        turns.append(await pair.submit(pair.west if number % 3 else pair.east, word, seconds=0.3))
        await pair.pass_time(0.3)
    await pair.finish(*turns)
    assert pair.talk.said == pair.talk.begun == words
    assert pair.talk.at_once == 1
    assert all(pair.state(turn).status == "succeeded" for turn in turns)
    assert pair.shown()["turns"] == 20
    assert pair.state(SESSION).round > 1, "its history is begun anew now and then"


@in_virtual_time
async def test_each_turn_sees_what_the_turns_before_it_have_remembered() -> None:
    pair = Pair.at_work()
    turns = [await pair.submit(pair.east, "one", remembers=True)]
    await pair.pass_time(0.1)
    turns.append(await pair.submit(pair.west, "two"))
    await pair.pass_time(0.1)
    turns.append(await pair.submit(pair.east, "three"))
    await pair.finish(*turns)
    assert pair.talk.heard["one"] == []
    assert pair.talk.heard["two"] == ["one", "one!"]
    answer = "{'said': 'two', 'by': '1', 'merged': []}"
    assert pair.talk.heard["three"] == ["one", "one!", "{'words': 'two'}", answer]


@in_virtual_time
async def test_what_a_turn_that_failed_had_remembered_is_kept_but_no_result() -> None:
    pair = Pair.at_work()
    failed = await pair.submit(pair.east, "fails", fails=True)
    await pair.pass_time(0.1)
    said = await pair.submit(pair.east, "fails again", fails=True, remembers=True)
    await pair.finish(failed, said)
    assert [error_of(pair, turn) for turn in (failed, said)] == ["agent_raised"] * 2
    expected = [("user", {"words": "fails", "fails": True}), ("user", "fails again"), ("assistant", "fails again!")]
    assert pair.memory() == expected


@in_virtual_time
async def test_a_turn_that_would_not_wait_is_refused_while_another_runs_and_runs_when_none_does() -> None:
    pair = Pair.at_work()
    long = await pair.submit(pair.east, "long", seconds=20)
    await pair.pass_time(3)
    hasty = await pair.submit(pair.west, "hasty", on_busy="reject")
    await pair.finish(long, hasty)
    assert error_of(pair, hasty) == "session_busy"
    assert pair.talk.begun == ["long"]
    later = await pair.submit(pair.west, "later", on_busy="reject")
    await pair.finish(later)
    assert pair.talk.said == ["long", "later"]
    assert "hasty" not in str(pair.memory())


@in_virtual_time
async def test_an_interrupting_turn_comes_first_and_the_running_one_may_undo_its_work() -> None:
    pair = Pair.at_work()
    running = await pair.submit(pair.east, "running", seconds=100)
    await pair.pass_time(3)
    waiting = await pair.submit(pair.east, "waiting")
    await pair.pass_time(1)
    first = await pair.submit(pair.west, "first", on_busy="interrupt")
    await pair.pass_time(0.1)
    second = await pair.submit(pair.west, "second", on_busy="interrupt")
    await pair.finish(running, waiting, first, second)
    assert pair.state(running).status == "cancelled"
    assert pair.talk.undone == ["running"]
    assert pair.talk.said == ["first", "second", "waiting"], "interrupters stay in order, before whoever waits"
    assert pair.talk.at_once == 1


@in_virtual_time
async def test_an_input_that_is_merged_is_taken_in_by_the_running_turn_and_its_own_turn_need_not_run() -> None:
    pair = Pair.at_work()
    running = await pair.submit(pair.east, "running", seconds=20, takes_in=True)
    await pair.pass_time(3)
    merged = [await pair.submit(pair.west, "also", on_busy="merge")]
    await pair.pass_time(0.1)
    merged.append(await pair.submit(pair.east, "too", on_busy="merge"))
    await pair.finish(running, *merged)
    assert pair.state(running).result == {"said": "running", "by": "1", "merged": ["also", "too"]}
    assert [pair.state(turn).result for turn in merged] == [{"merged_into": running}] * 2
    assert pair.talk.begun == ["running"]
    assert [content for role, content in pair.memory() if role == "user"][1:] == [{"words": "also"}, {"words": "too"}]


@pytest.mark.parametrize("how", ["never looks", "fails", "is too large"])
@in_virtual_time
async def test_an_input_that_was_not_merged_after_all_runs_as_the_next_turn(how: str) -> None:
    pair = Pair.at_work()
    running = await pair.submit(pair.east, "running", seconds=20, takes_in=how != "never looks", fails=how == "fails")
    await pair.pass_time(3)
    words = "also" * (10_000 if how == "is too large" else 1)
    merged = await pair.submit(pair.west, words, on_busy="merge")
    await pair.pass_time(0.1)
    waiting = await pair.submit(pair.west, "waiting")
    await pair.finish(running, merged, waiting)
    assert pair.talk.said == ["running", words, "waiting"]
    assert pair.state(merged).status == "succeeded"


@pytest.mark.parametrize("on_busy", ["queue", "reject", "interrupt", "merge"])
@pytest.mark.parametrize("tenths", range(6, 16))
@in_virtual_time
async def test_a_turn_that_comes_as_another_one_ends_has_one_end_and_nothing_is_lost(on_busy: str, tenths: int) -> None:
    pair = Pair.at_work()
    pair.waits = 0.1
    running = await pair.submit(pair.east, "running", seconds=1.0, takes_in=True)
    await pair.pass_time(tenths / 10)
    late = await pair.submit(pair.west, "late", on_busy=on_busy)
    await pair.finish(running, late)
    first, second = pair.state(running), pair.state(late)
    if on_busy == "reject":
        assert second.status == "succeeded" or error_of(pair, late) == "session_busy"
    elif second.result == {"merged_into": running}:
        assert isinstance(first.result, dict)
        assert first.result["merged"] == ["late"]
    else:
        assert pair.talk.said[-1:] == ["late"]
    assert first.status == "succeeded" or (on_busy == "interrupt" and first.status == "cancelled")
    assert pair.talk.at_once == 1
    assert len(pair.talk.begun) == len(set(pair.talk.begun))


@in_virtual_time
async def test_a_waiting_turn_can_be_cancelled_and_the_others_close_up() -> None:
    pair = Pair.at_work()
    turns = [await pair.submit(pair.east, words, seconds=5) for words in ("one",)]
    for words in ("two", "three"):
        await pair.pass_time(1)
        turns.append(await pair.submit(pair.west, words))
    await pair.cancel(turns[1])
    await pair.finish(*turns)
    assert [pair.state(turn).status for turn in turns] == ["succeeded", "cancelled", "succeeded"]
    assert pair.talk.begun == ["one", "three"]
    assert "two" not in str(pair.memory())


@in_virtual_time
async def test_a_waiting_turn_whose_deadline_passes_ends_and_the_others_close_up() -> None:
    pair = Pair.at_work()
    one = await pair.submit(pair.east, "one", seconds=60)
    await pair.pass_time(1)
    two = await pair.submit(pair.west, "two", deadline="2026-11-21T12:00:20.000Z")
    three = await pair.submit(pair.west, "three")
    await pair.finish(one, two, three)
    assert error_of(pair, two) == "deadline_passed"
    assert pair.talk.begun == ["one", "three"]


@in_virtual_time
async def test_a_delayed_turn_joins_its_session_when_its_delay_is_over() -> None:
    pair = Pair.at_work()
    later = await pair.submit(pair.east, "later", delay_seconds=30)
    now = await pair.submit(pair.east, "now")
    await pair.until(lambda: pair.state(now).finished)
    assert pair.talk.begun == ["now"]
    await pair.finish(later)
    assert pair.talk.said == ["now", "later"]
    assert pair.now > 30


@in_virtual_time
async def test_sessions_of_other_names_and_of_other_tenants_know_nothing_of_each_other() -> None:
    pair = Pair.at_work()
    turns = [await pair.submit(pair.east, "mine", seconds=10)]
    turns.append(await pair.submit(pair.east, "other", name="other", seconds=10))
    turns.append(await pair.submit(pair.west, "theirs", tenant="umbrella", seconds=10))
    await pair.until(lambda: all(pair.state(turn).finished for turn in turns))
    await pair.pass_time(1)
    assert pair.talk.at_once == 3
    for name, tenant, words in ((NAME, TENANT, "mine"), ("other", TENANT, "other"), (NAME, "umbrella", "theirs")):
        shown = pair.shown(name, tenant)
        assert shown["turns"] == 1
        assert words in str(shown["memory"])
        assert all(each not in str(shown["memory"]) for each in {"mine", "other", "theirs"} - {words})


@in_virtual_time
async def test_a_session_that_is_cancelled_ends_its_turns_and_takes_no_more() -> None:
    pair = Pair.at_work()
    running = await pair.submit(pair.east, "running", seconds=100)
    await pair.pass_time(2)
    waiting = await pair.submit(pair.west, "waiting")
    await pair.pass_time(2)
    await pair.cancel(SESSION)
    await pair.until(lambda: pair.state(SESSION).finished and pair.state(running).finished)
    await pair.until(lambda: pair.state(waiting).finished)
    assert pair.state(running).status == "cancelled"
    assert error_of(pair, waiting) == "session_busy"
    assert pair.talk.begun == ["running"]
    with pytest.raises(Exception, match="has cancelled") as raised:
        await pair.submit(pair.east, "too late")
    assert getattr(raised.value, "code", None) == "session_ended"
    assert turn_id("too late") not in {row.segment.job_id for row in pair.east.table.segments.values()}


@in_virtual_time
async def test_turns_of_one_session_run_on_the_version_that_was_the_newest_at_their_submission() -> None:
    talk = Talk()
    pair = Pair.at_work(talk)
    old = await pair.submit(pair.east, "old", seconds=5)
    waiting = await pair.submit(pair.east, "waiting")
    for region in (pair.east, pair.west):
        region.agents.agents = (talk.agent("2"), *region.agents.agents)
    await pass_time(0.1)
    new = await pair.submit(pair.west, "new")
    await pair.finish(old, waiting, new)
    assert [pair.state(turn).job.agent_version for turn in (old, waiting, new)] == ["1", "1", "2"]
    assert pair.talk.said == ["old", "waiting", "new"]
    assert "'by': '1'" in pair.talk.heard["new"][-1]


@in_virtual_time
async def test_a_session_keeps_the_newest_of_its_memory_within_its_bound() -> None:
    pair = Pair.at_work()
    turns = []
    for number in range(12):
        turns.append(await pair.submit(pair.east, f"{number}" + "x" * 8_000, seconds=0.1))
        await pair.until(lambda: pair.state(turns[-1]).finished)
        await pair.pass_time(1)
    heard = pair.talk.heard[f"{11}" + "x" * 8_000]
    assert 20_000 < sum(map(len, heard)) <= 48_000
    assert heard[-1].startswith("{'said': '10xxx")


@dataclass(slots=True)
class Desk:
    """Takes down whom the session tells that another turn answers for it."""

    settled: list[tuple[str, str]] = field(default_factory=list)

    async def settle_merged(self, turn: str, into: str) -> Told:
        """See SessionDesk."""
        self.settled.append((turn, into))
        return Told(True, None)


@pytest.mark.parametrize("asks", ["before", "after", "before and after"])
@in_virtual_time
async def test_a_turn_that_another_answers_for_does_not_run_though_the_offer_was_lost_with_a_region(asks: str) -> None:
    desk, knows = Desk(), Conversation(name=NAME, running=Turn(id="one", number=1))
    keeper = Keeper(desk, knows)  # type: ignore[arg-type]  # it tells nothing else
    if "before" in asks:
        await keeper.hear(Asked("two", "queue"))
    await keeper.hear(Ended("one", "succeeded", (), ("two",)))
    if "after" in asks:
        await keeper.hear(Asked("two", "queue"))
    assert set(desk.settled) == {("two", "one")}
    assert (knows.running, knows.queue, knows.offered) == (None, [], [])
