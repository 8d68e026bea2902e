"""The invariants of evacuations can fail: with a rule switched off a run is found that breaks one of them."""

from typing import Any

import pytest

from functions.domain.job.decider import HANDED_OVER, Decision, TakeOver, decide_advance
from functions.domain.job.state import JobState
from tests.simulation.counterexamples import SwitchedOff
from tests.simulation.plan import Plan
from tests.simulation.plan_of_evacuations import EVERY, WHICH, has_evacuations, is_calm
from tests.simulation.rules import Rules

WATCH = "functions.application.watch_standing.WatchStanding"


async def yes(self: object) -> bool:
    return True


async def no(self: object) -> bool:
    return False


def by_the_hint(state: JobState | None, *, region: str, reason: str = "", **others: Any) -> Decision:
    """Whoever is told that a job is handed over takes it, also where the history does not say so yet."""
    if state is not None and reason == HANDED_OVER and state.owner_region != region and not state.finished:
        return TakeOver("it was said to be handed over")
    return decide_advance(state, region=region, reason=reason, **others)


SWITCHED_OFF = {
    "workers heed that their Region is told to go": SwitchedOff(
        Rules(replaced=((f"{WATCH}.may_work", yes), (f"{WATCH}.hands_over", no))),
        "was evacuated from",
        seed=1107,
        fits=has_evacuations,
        at_most=60,
    ),
    "who may go on with a job is named in its history": SwitchedOff(
        Rules(replaced=(("functions.application.advance_job.decide_advance", by_the_hint),)),
        "was handed over without",
        seed=357,
        fits=has_evacuations,
        at_most=60,
    ),
}


@pytest.mark.parametrize("rule", SWITCHED_OFF)
def test_without_this_rule_of_evacuations_the_simulation_finds_the_harm(rule: str) -> None:
    SWITCHED_OFF[rule].counterexample()


def test_seeds_with_evacuations_move_each_region_amid_calm_and_amid_faults() -> None:
    plans = [Plan.of(seed) for seed in range(WHICH, 40 * EVERY, EVERY)]
    moved = [each for plan in plans for each in plan.evacuations]
    assert {each.region for each in moved} == {"us-east-1", "us-west-2"}
    assert sum(len(plan.evacuations) > 1 for plan in plans) > 5
    assert not any(plan.faults for plan in plans if is_calm(plan.seed))
    assert sum(bool(plan.faults) for plan in plans) > 10
