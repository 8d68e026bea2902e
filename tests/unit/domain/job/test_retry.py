"""Trying a step again: what that can mend, how often it is done, and when."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.errors import AntipodeError
from functions.domain.job.retry import LONGEST_WISH_SECONDS, ONCE, Retry, TryAgain, wished_seconds
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


class Coded(Exception):
    """An author's own error."""

    def __init__(self, **carried: Any) -> None:
        super().__init__("refused")
        self.__dict__.update(carried)


AWS: Any = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 429}}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AntipodeError("child_failed", "it failed"), "child_failed"),
        (ClientError(AWS, "Converse"), "ThrottlingException"),
        (ClientError(AWS, "Converse"), "429"),
        (Coded(response=SimpleNamespace(status_code=503)), "503"),
        (Coded(code=503), "503"),
    ],
)
def test_an_author_may_name_errors_by_their_codes(error: Exception, code: str) -> None:
    assert Retry(on=(code,)).mends(error, 1)
    assert not Retry(on=("another",)).mends(error, 1)
    assert not Retry(on=(Exception,), final=(code,)).mends(error, 1)


def test_what_is_final_is_so_although_its_class_would_be_tried_again() -> None:
    retry = Retry(final=(ConnectionRefusedError, TryAgain))
    assert retry.mends(ConnectionError(), 1)
    assert not retry.mends(ConnectionRefusedError(), 1)
    assert not retry.mends(TryAgain(), 1)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (Coded(retry_after=7), 7),
        (Coded(retry_after="90"), 90),
        (Coded(headers={"Retry-After": "12"}), 12),
        (Coded(response=SimpleNamespace(headers={"retry-after": "Sat, 21 Nov 2026 12:01:40 GMT"})), 100),
        (Coded(response={"ResponseMetadata": {"HTTPHeaders": {"retry-after": "3.5"}}}), 3.5),
        (Coded(headers={"Retry-After": "9" * 30}), LONGEST_WISH_SECONDS),
        (Coded(retry_after="nan"), 0),
        (Coded(retry_after=-5), 0),
        (Coded(retry_after="soon"), 0),
        (Coded(retry_after="Sat, 21 Nov 2026 11:00:00 GMT"), 0),
        (Coded(headers=17), 0),
        (Coded(retry_after=True), 0),
        (Coded(response={"ResponseMetadata": None}), 0),
    ],
)
def test_a_retry_after_is_honoured_wherever_an_error_carries_it(error: Exception, seconds: float) -> None:
    assert wished_seconds(error, NOON) == seconds
    assert delay(Retry(on=(Coded,)), 1, 0.0, error) == seconds


def test_what_is_raised_says_why() -> None:
    assert str(TryAgain("the service is busy", 5)) == "the service is busy"
    assert TryAgain("busy", 5).after_seconds == 5
