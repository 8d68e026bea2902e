"""When a delivery is tried again."""

import pytest

from functions.domain.moments import add_seconds
from functions.domain.redelivery import (
    GIVE_UP_SECONDS,
    LARGEST_RANGE_SECONDS,
    LONGEST_ASKED_SECONDS,
    asked_pause,
    is_given_up,
    pause_seconds,
)

NOON = "2026-11-21T12:00:00.000Z"


def test_the_range_doubles_with_each_try_up_to_the_largest() -> None:
    assert [pause_seconds(attempt, 0.5, None, 5.0) for attempt in (1, 2, 3, 40)] == [
        2.5,
        5,
        10,
        LARGEST_RANGE_SECONDS / 2,
    ]


def test_the_pause_is_anywhere_in_the_range() -> None:
    assert pause_seconds(3, 0.0, None, 5.0) == 0
    assert pause_seconds(3, 0.999, None, 5.0) == pytest.approx(20, rel=0.01)


def test_what_the_receiver_asks_for_is_waited_at_least_within_reason() -> None:
    assert pause_seconds(1, 0.5, 30, 5.0) == 30
    assert pause_seconds(4, 0.999, 3, 5.0) > 3
    assert pause_seconds(1, 0.5, 10**8, 5.0) == LONGEST_ASKED_SECONDS


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Sat, 21 Nov 2026 12:01:00 GMT", 60.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_a_number_of_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert asked_pause(header, NOON) == seconds


def test_an_event_is_given_up_after_half_a_day() -> None:
    assert not is_given_up(NOON, add_seconds(NOON, GIVE_UP_SECONDS - 1))
    assert is_given_up(NOON, add_seconds(NOON, GIVE_UP_SECONDS))
