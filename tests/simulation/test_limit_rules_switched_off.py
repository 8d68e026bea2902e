"""The simulation can fail: without any one rule of limits it finds a run in which that does harm.

Only seeds whose jobs are under a limit are tried, and of a rule only those that it is about. That a slot is taken and
renewed only by who may, `test_heed_limits` shows: the moment in which that matters is too short to be met by chance.
"""

from collections.abc import Callable
from typing import Any

import pytest

from functions.adapters.memory_limits import MemoryLimits
from functions.application.heed_limits import NO_LIMIT, Permit
from functions.domain.limits import Limit, Slot
from tests.simulation import world
from tests.simulation.plan_of_limits import limit_of
from tests.simulation.rules import Rules
from tests.simulation.world import simulate

#: So many seeds with such a limit are tried for each rule at most.
SEEDS = 40
#: Whoever gets no slot would be waited for twenty minutes: here not so long, in the runs with all rules neither.
REST_SECONDS = 240.0
HEED = "functions.application.heed_limits"
BOOK = "functions.adapters.memory_limits.MemoryLimits"


async def permitted(*args: Any, **kwargs: Any) -> Permit:
    """Let every job run."""
    return NO_LIMIT


async def kept_by_the_dead(self: MemoryLimits, place: str, slot: Slot, now: str) -> bool:
    return self.held.setdefault((place, slot.number), slot) is slot


async def all_at_once(self: MemoryLimits, place: str, now: str, interval_ms: int) -> str:
    return now


def at_once(limit: Limit) -> bool:
    return limit.concurrency is not None


def by_the_minute(limit: Limit) -> bool:
    return limit.starts_per_minute is not None


SWITCHED_OFF: dict[str, tuple[Callable[[Limit], bool], Rules, str]] = {
    "a job asks before it begins": (
        at_once,
        Rules(replaced=(("functions.application.advance_job.ask_permit", permitted),)),
        "at work at once",
    ),
    "the slot of a worker that died is free after its lease": (
        at_once,
        Rules(replaced=((f"{BOOK}.take", kept_by_the_dead),)),
        "came to its end",
    ),
    "a start moves the next one on": (
        by_the_minute,
        Rules(replaced=((f"{BOOK}.next_start", all_at_once),)),
        " start at ",
    ),
}


def limited(fits: Callable[[Limit], bool]) -> list[int]:
    """Return the first seeds with such a limit."""
    seeds = [seed for seed in range(4000) if (limit := limit_of(seed)) is not None and fits(limit)]
    return seeds[:SEEDS]


@pytest.mark.parametrize("rule", SWITCHED_OFF)
def test_without_this_rule_the_simulation_finds_the_harm(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "REST_WITHIN_SECONDS", REST_SECONDS)
    fits, rules, harm = SWITCHED_OFF[rule]
    for seed in limited(fits):
        if any(harm in each for each in simulate(seed, rules).violations) and not simulate(seed).violations:
            return
    pytest.fail(f"{SEEDS} seeds without the rule that {rule}, and none ended with: {harm}")
