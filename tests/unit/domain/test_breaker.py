"""The breaker: closed until enough calls fail in a row, then one trial at a time, with growing pauses."""

from functions.domain.breaker import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    THRESHOLD,
    TRIAL_SECONDS,
    Breaker,
    Standing,
)
from functions.domain.moments import add_seconds, seconds_between

NOON = "2026-11-21T12:00:00.000Z"


def opened(breaker: Breaker | None = None, at: str = NOON) -> Breaker:
    breaker = breaker or Breaker()
    while breaker.standing is not Standing.OPEN:
        breaker = breaker.failed(at)
    return breaker


def test_a_closed_breaker_bears_a_few_failures_and_forgets_them_with_a_success() -> None:
    breaker = Breaker()
    for _ in range(THRESHOLD - 1):
        breaker = breaker.failed(NOON)
        assert breaker.allows(NOON)
    assert breaker.succeeded(NOON) == Breaker()


def test_failures_in_a_row_open_it_for_a_while() -> None:
    breaker = opened()
    assert breaker.failures == THRESHOLD
    assert not breaker.allows(NOON)
    assert breaker.waits(NOON) == FIRST_PAUSE_SECONDS
    assert breaker.allows(add_seconds(NOON, FIRST_PAUSE_SECONDS))


def test_the_trial_of_an_open_one_lets_nobody_else_through() -> None:
    later = add_seconds(NOON, FIRST_PAUSE_SECONDS)
    trial = opened().tried(later)
    assert trial.standing is Standing.HALF_OPEN
    assert not trial.allows(later)


def test_a_trial_that_died_lets_the_next_one_begin() -> None:
    trial = opened().tried(NOON)
    assert trial.allows(add_seconds(NOON, TRIAL_SECONDS))


def test_a_trial_that_goes_well_closes_it() -> None:
    closed = opened().tried(NOON).succeeded(NOON)
    assert (closed.standing, closed.failures, closed.openings) == (Standing.CLOSED, 0, 0)
    assert closed.since == NOON


def test_a_trial_that_fails_opens_it_for_twice_as_long_up_to_the_longest_pause() -> None:
    breaker, pauses = opened(), []
    for _ in range(12):
        assert breaker.retry_at is not None
        pauses.append(seconds_between(NOON, breaker.retry_at))
        breaker = breaker.tried(NOON).failed(NOON)
    assert pauses[:3] == [FIRST_PAUSE_SECONDS, 2 * FIRST_PAUSE_SECONDS, 4 * FIRST_PAUSE_SECONDS]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_a_call_that_began_before_it_opened_says_nothing_new() -> None:
    breaker = opened()
    assert breaker.failed(add_seconds(NOON, 5)).retry_at == breaker.retry_at


def test_a_closed_one_knows_no_trial() -> None:
    assert Breaker().tried(NOON) == Breaker()
