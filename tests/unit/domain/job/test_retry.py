"""Trying a step again: what that can mend, how often it is done, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.job.retry import ONCE, Retry, TryAgain
from functions.domain.moments import seconds_between
from tests.unit.domain.job.writing import NOON


def delay(retry: Retry, attempt: int, jitter: float, error: BaseException) -> float:
    return seconds_between(NOON, retry.moment(NOON, attempt, jitter, error))


class Busy(ConnectionError):
    """A kind of what can be mended."""


@pytest.mark.parametrize(
    ("error", "mended"),
    [
        (TryAgain(), True),
        (ConnectionError(), True),
        (Busy(), True),
        (TimeoutError(), True),
        (ValueError(), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_only_what_trying_again_can_mend_is_tried_again(error: BaseException, mended: bool) -> None:
    assert Retry().mends(error, 1) is mended


def test_an_author_may_name_other_errors_and_try_again_is_always_one_of_them() -> None:
    retry = Retry(on=(KeyError,))
    assert retry.mends(KeyError(), 1)
    assert retry.mends(TryAgain(), 1)
    assert not retry.mends(ConnectionError(), 1)


def test_there_are_as_many_tries_as_it_says_in_all() -> None:
    assert [Retry(attempts=3).mends(TryAgain(), attempt) for attempt in (1, 2, 3, 4)] == [True, True, False, False]
    assert not ONCE.mends(TryAgain(), 1)


@pytest.mark.parametrize(("attempt", "ceiling"), [(1, 2.0), (2, 4.0), (5, 32.0), (6, 60.0), (500, 60.0)])
def test_the_ceiling_doubles_with_each_try_up_to_the_most(attempt: int, ceiling: float) -> None:
    retry = Retry(first_seconds=2.0, most_seconds=60.0)
    assert delay(retry, attempt, 0.5, ConnectionError()) == ceiling / 2
    assert delay(retry, attempt, 0.0, ConnectionError()) == 0.0


@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True), st.floats(0, 3600))
def test_a_wish_is_the_earliest_moment_and_chance_never_passes_the_most(
    attempt: int, jitter: float, wished: float
) -> None:
    retry = Retry()
    without = delay(retry, attempt, jitter, ConnectionError())
    assert 0 <= without <= retry.most_seconds
    assert delay(retry, attempt, jitter, TryAgain(after_seconds=wished)) == pytest.approx(
        max(without, wished), abs=0.002
    )


def test_what_is_raised_says_why() -> None:
    assert str(TryAgain("the service is busy", 5)) == "the service is busy"
    assert TryAgain("busy", 5).after_seconds == 5
