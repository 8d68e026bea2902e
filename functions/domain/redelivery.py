"""When a delivery that failed is tried again, and when it is given up."""

from email.utils import parsedate_to_datetime

from functions.domain.moments import seconds_between, to_datetime

#: The first pause before another try is drawn from 0 to this; each one after from a range twice as large.
FIRST_RANGE_SECONDS = 5.0
LARGEST_RANGE_SECONDS = 3600.0
#: An event that nobody took for so long is given up.
GIVE_UP_SECONDS = 12 * 3600.0
#: A receiver may ask for no longer a pause than this.
LONGEST_ASKED_SECONDS = 3600.0
#: SQS holds a message back for no longer than this.
LONGEST_HOP_SECONDS = 900.0
#: What `Retry-After` says of these answers is heeded (RFC 9110, RFC 6585).
ASK_FOR_PATIENCE = frozenset({429, 503})


def pause_seconds(attempt: int, fraction: float, asked: float | None, first_range: float) -> float:
    """Return how long to wait after the failed try number `attempt` (from 1): backoff with full jitter.

    `fraction` in [0, 1) is the chance; `asked` is what the receiver's `Retry-After` says, and never waited less than.
    """
    spread: float = min(first_range * 2 ** min(attempt - 1, 20), LARGEST_RANGE_SECONDS)
    return max(spread * fraction, min(asked or 0.0, LONGEST_ASKED_SECONDS))


def is_given_up(first_at: str, now: str) -> bool:
    """Say whether an event that was first tried at `first_at` is not tried again."""
    return seconds_between(first_at, now) >= GIVE_UP_SECONDS


def asked_pause(retry_after: str | None, now: str) -> float | None:
    """Return the seconds that a `Retry-After` header asks for: a number of them, or a date. None if it is neither."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
        return max(0.0, (when - to_datetime(now)).total_seconds())
    except (TypeError, ValueError):
        return None
