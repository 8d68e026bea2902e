"""Moments: text that sorts as time does."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.moments import add_seconds, seconds_between, to_datetime, to_moment

times = st.datetimes(datetime(2000, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive


@given(times, times)
def test_moments_sort_as_their_times_do(one: datetime, other: datetime) -> None:
    if abs(one - other) >= timedelta(milliseconds=1):
        assert (to_moment(one) < to_moment(other)) == (one < other)


@given(times, st.integers(-(10**9), 10**9))
def test_seconds_added_are_the_seconds_between(time: datetime, milliseconds: int) -> None:
    moment = to_moment(time)
    later = add_seconds(moment, milliseconds / 1000)
    assert seconds_between(moment, later) == pytest.approx(milliseconds / 1000, abs=0.0011)


def test_a_moment_has_milliseconds_and_is_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert to_moment(datetime(2026, 11, 21, 14, 0, 0, 1999, east)) == "2026-11-21T12:00:00.001Z"


def test_any_iso_time_with_an_offset_is_read() -> None:
    expected = datetime(2026, 11, 21, 12, tzinfo=UTC)
    for text in ("2026-11-21T12:00:00Z", "2026-11-21T14:00:00+02:00", "2026-11-21T12:00:00.000000+00:00"):
        assert to_datetime(text) == expected


@pytest.mark.parametrize("text", ["2026-11-21T12:00:00", "2026-11-21", "noon", ""])
def test_a_time_without_an_offset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        to_datetime(text)
