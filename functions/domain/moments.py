"""Points in time as fixed-width UTC text, which sorts as it reads: the one format of items, indexes and events."""

from datetime import UTC, datetime, timedelta


def to_moment(when: datetime) -> str:
    """Return `when` as `YYYY-MM-DDTHH:MM:SS.mmmZ` (UTC, milliseconds)."""
    if when.tzinfo is not UTC:
        when = when.astimezone(UTC)
    return when.isoformat(timespec="milliseconds")[:23] + "Z"


def to_datetime(moment: str) -> datetime:
    """Read a moment, or any ISO 8601 text with an offset. Raises ValueError for text without one."""
    when = datetime.fromisoformat(moment)
    if when.tzinfo is None:
        raise ValueError("a time needs an offset, for example a trailing Z")
    return when


def add_seconds(moment: str, seconds: float) -> str:
    """Return the moment `seconds` later (earlier when negative)."""
    return to_moment(to_datetime(moment) + timedelta(seconds=seconds))


def seconds_between(earlier: str, later: str) -> float:
    """Return `later - earlier` in seconds; negative when the order is the other way round."""
    return (to_datetime(later) - to_datetime(earlier)).total_seconds()
