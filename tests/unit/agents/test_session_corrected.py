"""A turn that both Regions ran to an end while neither reached the other: the session goes by the end that counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from functions.agents.session_corrected import (
    LOOKS,
    CorrectedConversation,
    CorrectingKeeper,
)
from functions.sdk.session_desk import Asked, Ended, Told
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.conversations import NAME, SESSION, Pair, turn_id

LOST, COUNTS = "1.us-east-1.4", "2.us-west-2.3"


@dataclass(slots=True)
class Desk:
    """Says which end of a turn counts: what it is given, one look after the other, the last one for ever."""

    answers: list[tuple[Ended | None, bool]] = field(default_factory=list)
    looked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    admitted: list[str] = field(default_factory=list)
    settled: list[tuple[str, str]] = field(default_factory=list)
    redrives: Mapping[str, int] = field(default_factory=dict)

    async def end_that_counts(self, turn: str, places: tuple[str, ...]) -> tuple[Ended | None, bool]:
        """See SessionDesk."""
        self.looked.append((turn, places))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def admit(self, turn: str, memory: list[Any]) -> Told:
        """See SessionDesk."""
        self.admitted.append(turn)
        return Told(True, None)

    async def settle_merged(self, turn: str, into: str) -> Told:
        """See SessionDesk."""
        self.settled.append((turn, into))
        return Told(True, None)


def ended(turn: str, words: str | None, place: str, status: str = "succeeded", merged: tuple[str, ...] = ()) -> Ended:
    said: tuple[dict[str, Any], ...] = () if words is None else ({"role": "user", "content": words},)
    return Ended(turn, status, said, merged, place)


def keeper_of(*answers: tuple[Ended | None, bool]) -> tuple[CorrectingKeeper, Desk]:
    desk = Desk(list(answers))
    return CorrectingKeeper(desk, CorrectedConversation(name=NAME)), desk  # type: ignore[arg-type]


def words_in(keeper: CorrectingKeeper) -> list[str]:
    return [str(each["content"]) for each in keeper.knows.memory]


async def hear(keeper: CorrectingKeeper, *mails: Asked | Ended) -> None:
    for mail in mails:
        await keeper.hear(mail)
        await keeper.admit_next()


@in_virtual_time
async def test_words_of_an_end_that_does_not_count_are_replaced_where_they_stood_and_who_heard_them_is_named() -> None:
    true_end = ended("b", "b, truly", COUNTS)
    keeper, desk = keeper_of((true_end, True))
    await hear(keeper, ended("a", "a", "1.x.1"), ended("b", "b", LOST), ended("c", "c", "1.x.3"), Asked("d", "queue"))
    assert words_in(keeper) == ["a", "b", "c"]
    await hear(keeper, true_end)
    assert desk.looked == [("b", (LOST, COUNTS))]
    assert words_in(keeper) == ["a", "b, truly", "c"]
    [correction] = keeper.shown()["corrections"]
    assert correction["turn"] == "b"
    assert correction["counts"]["place"] == COUNTS
    assert correction["instead_of"]["place"] == LOST
    assert correction["heard_by"] == ["c", "d"], "one that has ended, and the one that runs"


@in_virtual_time
async def test_a_second_end_that_does_not_count_changes_nothing() -> None:
    first = ended("a", "a", COUNTS)
    keeper, desk = keeper_of((first, True))
    await hear(keeper, first, ended("a", "another", LOST))
    assert len(desk.looked) == 1
    assert words_in(keeper) == ["a"]
    assert "corrections" not in keeper.shown()


@in_virtual_time
async def test_a_turn_that_was_refused_in_one_region_and_ran_in_the_other_is_remembered_in_its_order() -> None:
    true_end = ended("b", "b", COUNTS)
    keeper, _ = keeper_of((true_end, True))
    refused = ended("b", None, LOST, "failed")
    await hear(keeper, ended("a", "a", "1.x.1"), refused, ended("c", "c", "1.x.3"), true_end)
    assert words_in(keeper) == ["a", "b", "c"]


@in_virtual_time
async def test_while_the_other_history_is_not_here_it_looks_again_ever_later_and_lets_turns_run_meanwhile() -> None:
    true_end = ended("a", "a, truly", COUNTS)
    keeper, desk = keeper_of((ended("a", "a", LOST), False), (None, False), (true_end, True))
    await hear(keeper, ended("a", "a", LOST), true_end)
    assert keeper.shown()["unsettled"] == ["a"]
    waits = [keeper.seconds_to_wait()]
    await hear(keeper, Asked("b", "queue"))
    assert desk.admitted == ["b"]
    waits.append(keeper.seconds_to_wait())
    await keeper.hear(None)
    assert words_in(keeper) == ["a, truly"]
    assert waits == [5.0, 5.0]
    assert keeper.seconds_to_wait() > 5.0
    assert "unsettled" not in keeper.shown()


@pytest.mark.parametrize("there", [True, False])
@in_virtual_time
async def test_what_never_arrives_is_given_up_and_the_end_that_can_be_read_counts(there: bool) -> None:
    readable = ended("a", "a, truly", COUNTS) if there else None
    keeper, desk = keeper_of((readable, False))
    await hear(keeper, ended("a", "a", LOST), ended("a", "a, truly", COUNTS))
    waits = []
    while keeper.knows.unsettled:
        waits.append(keeper.seconds_to_wait())
        await keeper.hear(None)
    assert waits == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]
    assert len(desk.looked) == 1 + LOOKS
    assert words_in(keeper) == (["a, truly"] if there else ["a"])


@in_virtual_time
async def test_looking_for_an_end_is_no_look_after_the_turn_that_runs() -> None:
    keeper, desk = keeper_of((None, False))
    await hear(keeper, Asked("r", "queue"), ended("a", "a", LOST), ended("a", "b", COUNTS))
    for _ in range(3):
        await keeper.hear(None)
    assert (keeper.knows.silent, desk.admitted) == (0, ["r"])


@in_virtual_time
async def test_turns_for_which_only_the_other_end_answers_are_named_and_run_if_they_ask_again() -> None:
    true_end = ended("a", None, COUNTS, "cancelled")
    keeper, desk = keeper_of((true_end, True))
    await hear(keeper, ended("a", "a and b", LOST, merged=("b",)), true_end)
    assert keeper.shown()["corrections"][0]["answered_for"] == ["b"]
    assert words_in(keeper) == []
    await hear(keeper, Asked("b", "merge"))
    assert (desk.admitted, desk.settled) == (["b"], [])


@in_virtual_time
async def test_a_turn_that_counts_answers_for_others_only_once_it_is_known_to_count() -> None:
    true_end = ended("a", "a and b", COUNTS, merged=("b",))
    keeper, desk = keeper_of((None, False), (true_end, True))
    await hear(keeper, Asked("r", "queue"), Asked("b", "queue"), ended("a", None, LOST, "cancelled"), true_end)
    assert desk.settled == []
    await keeper.hear(None)
    assert desk.settled == [("b", "a")]


@pytest.mark.parametrize("first", ["its own end", "the answer"])
@in_virtual_time
async def test_a_turn_that_ran_although_another_one_answers_for_it_is_named(first: str) -> None:
    keeper, _ = keeper_of((None, True))
    mails = [ended("b", "b", LOST), ended("a", "a and b", COUNTS, merged=("b",))]
    await hear(keeper, *(mails if first == "its own end" else mails[::-1]))
    [correction] = keeper.shown()["corrections"]
    assert (correction["turn"], correction["also_in"]) == ("b", "a")


@in_virtual_time
async def test_after_a_parting_a_session_remembers_a_turn_by_the_history_that_counts() -> None:
    """The session's history that counts is the west's, where the turn was refused; the turn's is the east's."""
    pair = Pair.at_work()
    pair.cut()
    long = await pair.submit(pair.west, "long", seconds=30)
    await pair.pass_time(1)
    turn = await pair.submit(pair.east, "short", on_busy="reject", remembers=True)
    await pair.pass_time(1)
    await pair.submit(pair.west, "short", on_busy="reject", remembers=True)
    await pair.until(lambda: pair.west.state(turn).finished and pair.east.state(turn).finished)
    assert (pair.east.state(turn).status, pair.west.state(turn).status) == ("succeeded", "failed")
    await pair.until(lambda: pair.west.state(long).finished)
    pair.mend()
    last = await pair.submit(pair.west, "last")
    await pair.finish(long, last)
    assert pair.state(turn).status == "succeeded"
    assert pair.talk.heard["last"][:2] == ["short", "short!"]
    shown = pair.west.state(SESSION).progress
    assert isinstance(shown, dict)
    corrections: Any = shown["corrections"]
    assert [each["turn"] for each in corrections] == [turn] == [turn_id("short")]
