"""What a worker, the sweeper and an adopting Region may do with a job, decided from its state alone."""

from dataclasses import dataclass
from typing import TypeAlias

from functions.domain.job.events import Json
from functions.domain.job.state import JobState
from functions.domain.moments import add_seconds

MAX_ATTEMPTS = 8
RETRY_BASE_SECONDS = 1.0
RETRY_CAP_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Run:
    """Run the job from its last recorded step."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """The message is of no consequence; drop it."""

    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Not before this moment."""

    until: str


@dataclass(frozen=True, slots=True)
class Fail:
    """End the job with this error."""

    code: str
    detail: str


Decision: TypeAlias = Run | Ignore | Wait | Fail


def decide_advance(state: JobState | None, *, region: str, epoch: int, now: str) -> Decision:
    """Say what a worker in `region` that got a message of `epoch` does."""
    if state is None:
        return Ignore("no such job in this replica")
    if state.finished:
        return Ignore(f"already {state.status}")
    if state.owner_region != region:
        return Ignore(f"owned by {state.owner_region}")
    if epoch < state.epoch:
        return Ignore(f"of epoch {epoch}, the job is in {state.epoch}")
    if not state.complete:
        return Ignore("a part of the history has not arrived yet")
    if state.job.deadline is not None and now >= state.job.deadline:
        return Fail("deadline_passed", f"the deadline was {state.job.deadline}")
    if state.attempts_in_vain >= MAX_ATTEMPTS:
        return Fail("attempts_exhausted", f"{state.attempts_in_vain} attempts in a row recorded no step and no end")
    start = start_not_before(state)
    return Wait(start) if start is not None and now < start else Run()


def start_not_before(state: JobState) -> str | None:
    """Return the moment before which the job must not run, if there is one."""
    return max(filter(None, (state.job.run_at, state.retry_at)), default=None)


def needs_adoption(state: JobState | None, *, lost_region: str) -> bool:
    """Say whether the peer of `lost_region` should take the job over.

    Also when it seems finished while a newer epoch cannot be read: the new epoch then makes that end the end.
    """
    if state is None or state.owner_region != lost_region:
        return False
    return not (state.finished and state.complete)


def retry_moment(now: str, attempts: int, jitter: float) -> str:
    """Return when to try again: exponential backoff with full jitter; `jitter` is a random number in [0, 1)."""
    ceiling = min(RETRY_CAP_SECONDS, RETRY_BASE_SECONDS * 2 ** max(attempts, 1))
    return add_seconds(now, ceiling * jitter)


def over_budget(budget: dict[str, Json] | None, *, steps: int, tokens: int) -> str | None:
    """Say which part of the budget is used up, or None. A budget names `steps` and `tokens`, each an upper bound."""
    for name, used in (("steps", steps), ("tokens", tokens)):
        limit = (budget or {}).get(name)
        if isinstance(limit, int) and used > limit:
            return f"{used} {name} are needed, the budget allows {limit}"
    return None
