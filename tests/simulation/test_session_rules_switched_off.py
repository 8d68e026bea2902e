"""The simulation can fail: without any one rule of sessions and switches it finds a run in which that does harm.

A file of its own beside the rules of the history, so that several processes can share them. Only seeds that have a
session, or a switch, are tried. Not here: that a running job stops before its next step, for its attempt is over soon
in any case; `test_watch_switches` has that story.
"""

from collections.abc import Iterable
from typing import Any

import pytest

from functions.agents.session import Keeper
from functions.application.heed_limits import NO_LIMIT, Permit
from functions.domain.job.arrivals import Arrival
from functions.domain.job.conversation import newest_entries
from functions.domain.job.state import JobState
from functions.domain.job.turns import MAIL, is_held
from functions.sdk.session_desk import Ended
from tests.simulation.counterexamples import SwitchedOff
from tests.simulation.plan_of_sessions import has_session
from tests.simulation.plan_of_switches import has_switches
from tests.simulation.rules import Rules

#: So many seeds with a session, or a switch, are tried for each rule at most.
AT_MOST = 60
TURNS = "functions.domain.job.turns"
KEEPER = "functions.agents.session.Keeper"
CORRECTING = "functions.agents.session_corrected.CorrectingKeeper"


async def nothing(*args: Any, **kwargs: Any) -> None:
    """Do nothing."""


async def permitted(*args: Any, **kwargs: Any) -> Permit:
    """Let every job run."""
    return NO_LIMIT


def not_held(state: JobState) -> bool:
    return False


def held_at_first(state: JobState) -> bool:
    return is_held(state) and not state.redrives


def of_any_time(arrival: Arrival, redrives: int) -> bool:
    return False


def asked_once(turn_id: str, turn: JobState) -> str:
    return f"{MAIL}/{turn_id}.asked.1"


async def all_at_once(self: Keeper) -> None:
    for turn in list(self.knows.queue):
        await self.desk.admit(turn.id, self.knows.memory)
        self.knows.running = self.knows.queue.pop(0)


def newest_first(self: Keeper) -> None:
    self.knows.queue.sort(key=lambda turn: -turn.number)


heard_ended = Keeper._ended


async def remembers_again(self: Keeper, end: Ended) -> None:
    self.knows.ended = []
    await heard_ended(self, end)


def nothing_but_the_newest(entries: Iterable[Any], most_bytes: int = 0) -> list[Any]:
    return newest_entries(entries)[-1:]


def nobody_told(arrivals: Iterable[Arrival], turn_id: str) -> Arrival | None:
    return None


SWITCHED_OFF = {
    "a turn is held until its session admits it": SwitchedOff(
        Rules(replaced=(("functions.domain.job.decider.is_held", not_held),)),
        "has ended with",
        seed=30,
        fits=has_session,
        at_most=AT_MOST,
    ),
    "a turn that was redriven is held again": SwitchedOff(
        Rules(replaced=(("functions.domain.job.decider.is_held", held_at_first),)),
        "is at work until",
        seed=2840,
        fits=has_session,
        at_most=AT_MOST,
    ),
    "a turn that was redriven heeds nothing that it was told before": SwitchedOff(
        Rules(replaced=(("functions.domain.job.decider.is_of_another_time", of_any_time),)),
        "has ended with",
        seed=1130,
        fits=has_session,
        at_most=AT_MOST,
    ),
    "one turn at a time": SwitchedOff(
        Rules(replaced=((f"{KEEPER}.admit_next", all_at_once),)),
        "is at work until",
        seed=95,
        fits=has_session,
        at_most=AT_MOST,
    ),
    "turns in the order in which they were accepted": SwitchedOff(
        Rules(replaced=((f"{KEEPER}._put_in_order", newest_first),)),
        "came before",
        seed=197,
        fits=has_session,
        at_most=AT_MOST,
    ),
    "what a turn says is remembered once": SwitchedOff(
        Rules(replaced=((f"{KEEPER}._ended", remembers_again),)),
        "is remembered 2 times",
        seed=344,
        fits=has_session,
        at_most=AT_MOST,
    ),
    "a session goes by the end that counts": SwitchedOff(
        Rules(replaced=((f"{CORRECTING}._correct", nothing),)),
        "has ended with",
        seed=3156,
        fits=has_session,
        at_most=AT_MOST,
    ),
    "the memory is only added to": SwitchedOff(
        Rules(replaced=(("functions.agents.session.newest_entries", nothing_but_the_newest),)),
        "has heard",
        seed=92,
        fits=has_session,
        at_most=AT_MOST,
    ),
    "the mail of a turn's end, and the look after a silent turn": SwitchedOff(
        Rules(
            replaced=(
                ("functions.application.enlist_turn.EnlistTurn.tell_end", nothing),
                (f"{KEEPER}._look_after_running", nothing),
            )
        ),
        "has not come to its end",
        seed=25,
        fits=has_session,
        at_most=AT_MOST,
    ),
    "a paused job is put off": SwitchedOff(
        Rules(replaced=(("functions.application.advance_job.ask_permit", permitted),)),
        "is paused",
        seed=771,
        fits=has_switches,
        at_most=AT_MOST,
    ),
}


@pytest.mark.parametrize("rule", SWITCHED_OFF)
def test_without_this_rule_the_simulation_finds_the_harm(rule: str) -> None:
    SWITCHED_OFF[rule].counterexample()
