"""What a worker, the sweeper and an adopting Region may do with a job, decided from its state alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from functions.domain.job.arrivals import CONTROLS, Arrival, ArrivalKind, awaited, in_order
from functions.domain.job.events import Json
from functions.domain.job.redrive import failure_in
from functions.domain.job.state import JobState
from functions.domain.job.turns import ADMIT, MERGED, SESSION_AGENT, is_held, is_of_another_time, verdict_among
from functions.domain.moments import add_seconds

MAX_ATTEMPTS = 8
#: A session is not given up, for with it all of its conversation would be: it is tried again after so long.
SESSION_PAUSE_SECONDS = 60.0
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


@dataclass(frozen=True, slots=True)
class Heed:
    """First take in what people have asked for, then decide anew."""

    requests: tuple[Arrival, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the job as cancelled: it has done nothing for which its agent could compensate."""


@dataclass(frozen=True, slots=True)
class Enlist:
    """It is a turn of a session: ask that to let it run."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """The job is this Region's from now on: open an epoch, then decide anew."""

    why: str


@dataclass(frozen=True, slots=True)
class Succeed:
    """End the job with this result, without running it."""

    result: Json


Decision: TypeAlias = Run | Ignore | Wait | Fail | Heed | Cancel | Enlist | Succeed | TakeOver

#: A halted job is looked at so often, though only an arrival wakes it: it stays on the due index, for adoption goes by
#: that.
HALTED_LOOK_SECONDS = 3600.0
#: A waiting job is looked at so often, whatever it waits for: in case that everything else that could wake it was lost.
LONGEST_UNSEEN_SECONDS = 21_600.0
#: The reason of a hint that was sent because something arrived.
ARRIVED = "arrived"
#: The reason of a hint that was sent because the job was to wait until then.
DUE = "due"
#: The reason of a hint about a job of a lost peer: whoever gets it while the peer is still lost takes the job over.
ORPHANED = "orphaned"
#: The reason of a hint about a job that the other Region has handed over.
HANDED_OVER = "handed_over"
_FOR_WHO_WAITS = frozenset({ARRIVED, DUE})


def decide_advance(
    state: JobState | None,
    *,
    region: str,
    epoch: int,
    now: str,
    news: tuple[Arrival, ...] = (),
    reason: str = "",
    peer_lost: bool = False,
) -> Decision:
    """Say what a worker in `region` that got a message of `epoch` does. `news`: see `unheard`."""
    if state is None:
        return Ignore("no such job in this replica")
    if state.owner_region != region:
        if reason == ORPHANED and peer_lost and needs_adoption(state, news, lost_region=state.owner_region):
            return TakeOver(f"{state.owner_region} is lost")
        if state.handed_to == region and state.complete and not is_over(state, news):
            return TakeOver(f"{state.owner_region} has handed it over")
        return Ignore(f"owned by {state.owner_region}")
    if is_over(state, news):
        return Ignore(f"already {state.status}")
    if state.handed_to is not None:
        return Ignore(f"handed over to {state.handed_to}")
    if epoch < state.epoch:
        return Ignore(f"of epoch {epoch}, the job is in {state.epoch}")
    if not state.complete:
        return Ignore("a part of the history has not arrived yet")
    return _decide_own(state, now, news, reason)


def _decide_own(state: JobState, now: str, news: tuple[Arrival, ...], reason: str) -> Decision:
    """Decide on a job that is unfinished, this Region's, and known in full."""
    if reason in _FOR_WHO_WAITS and state.status == "running":
        return Ignore("it does not wait any more: its worker looks out for arrivals, and the sweeper for its worker")
    requests = tuple(arrival for arrival in news if arrival.kind in CONTROLS)
    if requests:
        return Heed(requests)
    if state.cancel is not None and not (state.steps_ended or state.waits or state.attempts):
        return Cancel()
    if state.job.deadline is not None and now >= state.job.deadline:
        return Fail("deadline_passed", f"the deadline was {state.job.deadline}")
    if state.halted:
        return Wait(look_at_halted(state, now))
    if is_held(state):
        return _decide_held(state, now, news)
    if state.waiting_until is not None:
        if ready(state, news, now):
            return Run()
        return Ignore("it is noted for later") if reason == ARRIVED else Wait(_wake_moment(state))
    admitted_now = state.admitted and not state.attempts
    if reason == ARRIVED and state.cancel is None and not admitted_now:
        return Ignore("a message of its own will start it")
    if state.attempts_in_vain >= MAX_ATTEMPTS:
        if state.job.agent != SESSION_AGENT:
            return Fail("attempts_exhausted", f"{state.attempts_in_vain} attempts in a row recorded no step and no end")
        if now < (again_at := add_seconds(state.updated_at, SESSION_PAUSE_SECONDS)):
            return Wait(again_at)
    start = start_not_before(state)
    return Wait(start) if start is not None and now < start else Run()


def _decide_held(state: JobState, now: str, news: tuple[Arrival, ...]) -> Decision:
    """Decide on a turn that its session has not admitted."""
    if state.job.run_at is not None and now < state.job.run_at:
        return Wait(state.job.run_at)
    verdict = verdict_among(news)
    if verdict is None:
        return Enlist()
    if verdict.answers == awaited(ArrivalKind.SIGNAL, ADMIT):
        return Heed((verdict,))
    if verdict.answers == awaited(ArrivalKind.SIGNAL, MERGED):
        return Succeed(verdict.body)
    return Fail("session_busy", str(verdict.body))


def unheard(state: JobState, arrivals: Iterable[Arrival], region: str) -> tuple[Arrival, ...]:
    """Return the arrivals that the history does not hold yet, in the order in which `region`, the owner, takes them.

    Without those that have become void: see `_is_void`.
    """
    ordered = in_order(tuple(arrivals), region)
    return tuple(each for each in ordered if each.key not in state.taken and not _is_void(state, each))


def _is_void(state: JobState, arrival: Arrival) -> bool:
    """Say whether it asks to redrive the job from another failure than its present one, or was said before a redrive.

    One that speaks of a failure which has been superseded counts for the present one: nobody has heeded it.
    """
    if arrival.kind is not ArrivalKind.REDRIVE:
        return is_of_another_time(arrival, state.redrives)
    meant = failure_in(arrival.body)
    return state.status != "failed" or (meant != state.failure and meant in state.failures)


def is_redriven(state: JobState, news: Iterable[Arrival]) -> bool:
    """Say whether the job has failed and somebody has asked that it go on all the same."""
    return state.status == "failed" and any(arrival.kind is ArrivalKind.REDRIVE for arrival in news)


def is_over(state: JobState, news: Iterable[Arrival]) -> bool:
    """Say whether the job has come to its end, and nobody has asked that it go on."""
    return state.finished and not is_redriven(state, news)


def ready(state: JobState, news: Iterable[Arrival], now: str) -> bool:
    """Say whether a waiting job has something to go on with."""
    if now >= _wake_moment(state):
        return True
    return any(arrival.answers in state.waiting_for for arrival in news)


def wakes_now(state: JobState, news: tuple[Arrival, ...], now: str) -> bool:
    """Say whether a job that is not being worked on must be put on its lane, whatever time it had been noted for."""
    if state.status == "running":
        return False
    if state.finished:
        return is_redriven(state, news)
    if any(arrival.kind in CONTROLS for arrival in news):
        return True
    if is_held(state):
        timely = state.job.run_at is None or now >= state.job.run_at
        return timely and not state.halted and verdict_among(news) is not None
    return state.waiting_until is not None and not state.halted and ready(state, news, now)


def _wake_moment(state: JobState) -> str:
    moments = (state.waiting_until, state.job.deadline)
    return min(moment for moment in moments if moment is not None)


def look_at_halted(state: JobState, now: str) -> str:
    """Return when to look again at a job that must not run before it is resumed: its deadline holds all the same."""
    moments = (add_seconds(now, HALTED_LOOK_SECONDS), state.job.deadline)
    return min(moment for moment in moments if moment is not None)


def start_not_before(state: JobState) -> str | None:
    """Return the moment before which the job must not run, if there is one, arrivals apart."""
    if state.waiting_until is not None:
        return _wake_moment(state)
    return max(filter(None, (state.job.run_at, state.retry_at)), default=None)


def needs_adoption(state: JobState | None, news: tuple[Arrival, ...] = (), *, lost_region: str) -> bool:
    """Say whether the peer of `lost_region` should take the job over.

    Also when it seems finished while a newer epoch cannot be read: the new epoch then makes that end the end.
    """
    if state is None or state.owner_region != lost_region:
        return False
    return not (is_over(state, news) and state.complete)


def retry_moment(now: str, attempts: int, jitter: float) -> str:
    """Return when to try again: exponential backoff with full jitter; `jitter` is a random number in [0, 1)."""
    ceiling = min(RETRY_CAP_SECONDS, RETRY_BASE_SECONDS * 2 ** max(attempts, 1))
    return add_seconds(now, ceiling * jitter)


def over_budget(budget: dict[str, Json] | None, *, steps: int, tokens: int) -> str | None:
    """Say which part of the budget is used up, or None. A budget names `steps` and `tokens`, each an upper bound."""
    if not budget:
        return None
    for name, used in (("steps", steps), ("tokens", tokens)):
        limit = budget.get(name)
        if isinstance(limit, int) and used > limit:
            return f"{used} {name} are needed, the budget allows {limit}"
    return None
