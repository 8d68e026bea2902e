"""How a step is tried again: which errors can be mended by trying again, how often, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

from functions.domain.moments import add_seconds, seconds_between, to_moment

#: An error by its class, or by the code that it carries.
ErrorClass: TypeAlias = type[Exception] | str
#: No wish of a service for a later try goes further.
LONGEST_WISH_SECONDS = 31_536_000.0


class TryAgain(Exception):
    """Raise it in a tool: trying again can mend this failure, not before `after_seconds` where that is known."""

    def __init__(self, detail: str = "try again", after_seconds: float = 0.0) -> None:
        super().__init__(detail)
        self.after_seconds = after_seconds


@dataclass(frozen=True, slots=True)
class Retry:
    """Exponential backoff with full jitter. `on`: errors beside `TryAgain` that trying again can mend.

    Whatever else a tool raises is final: it would only raise it again. `final` names errors that are so although `on`
    has them. Both name classes, or codes: see `codes_of`.
    """

    attempts: int = 5
    first_seconds: float = 1.0
    most_seconds: float = 300.0
    on: tuple[ErrorClass, ...] = (ConnectionError, TimeoutError)
    final: tuple[ErrorClass, ...] = ()

    def mends(self, error: BaseException, attempt: int) -> bool:
        """Say whether the step is tried again after this was raised at its `attempt`-th try."""
        if attempt >= self.attempts or _is_among(error, self.final):
            return False
        return isinstance(error, TryAgain) or _is_among(error, self.on)

    def moment(self, now: str, attempt: int, jitter: float, error: BaseException) -> str:
        """Return when; `jitter` is a random number in [0, 1). A wish of the error's is the earliest moment."""
        ceiling = min(self.most_seconds, self.first_seconds * 2 ** max(attempt - 1, 0))
        return add_seconds(now, max(ceiling * jitter, wished_seconds(error, now)))


#: One try; what fails has failed.
ONCE = Retry(attempts=1)


def codes_of(error: BaseException) -> frozenset[str]:
    """Return the codes that an error carries.

    `error.code` (AntipodeError, urllib), AWS's error code and the HTTP status of botocore's errors, and the HTTP status
    of errors with a `response` as httpx and requests raise them.
    """
    response = getattr(error, "response", None)
    found = [getattr(error, "code", None), getattr(response, "status_code", None)]
    if isinstance(response, Mapping):
        found += [_at(response, "Error", "Code"), _at(response, "ResponseMetadata", "HTTPStatusCode")]
    return frozenset(str(code) for code in found if isinstance(code, str | int))


def wished_seconds(error: BaseException, now: str) -> float:
    """Return in how many seconds whoever refused wants to be asked again, at the earliest; 0 when it does not say.

    That is the error's `after_seconds` or `retry_after`, or the header Retry-After of the answer that it carries.
    """
    response = getattr(error, "response", None)
    headers = [getattr(error, "headers", None), getattr(response, "headers", None)]
    if isinstance(response, Mapping):
        headers.append(_at(response, "ResponseMetadata", "HTTPHeaders"))
    wishes: list[object] = [getattr(error, "after_seconds", None), getattr(error, "retry_after", None)]
    wishes += [_header(each) for each in headers if each is not None]
    return max(_seconds(wish, now) for wish in wishes)


def _is_among(error: BaseException, named: tuple[ErrorClass, ...]) -> bool:
    classes = tuple(each for each in named if not isinstance(each, str))
    codes = {each for each in named if isinstance(each, str)}
    return isinstance(error, classes) or bool(codes and codes & codes_of(error))


def _at(answer: Mapping[str, Any], part: str, name: str) -> object:
    inner = answer.get(part)
    return inner.get(name) if isinstance(inner, Mapping) else None


def _header(headers: Any) -> object:
    """Return Retry-After; some libraries' headers find a name however it is written, a plain mapping does not."""
    try:
        pairs = list(headers.items())
    except (AttributeError, TypeError):
        return None
    return next((value for name, value in pairs if str(name).lower() == "retry-after"), None)


def _seconds(wish: object, now: str) -> float:
    """Read a number of seconds, or what the header may hold: digits or a date (RFC 9110)."""
    if not isinstance(wish, int | float | str) or isinstance(wish, bool):
        return 0.0
    try:
        seconds = float(wish)
    except ValueError:
        seconds = _seconds_until(str(wish), now)
    return min(seconds, LONGEST_WISH_SECONDS) if seconds > 0 else 0.0


def _seconds_until(date: str, now: str) -> float:
    try:
        return seconds_between(now, to_moment(parsedate_to_datetime(date)))
    except (ValueError, OverflowError):
        return 0.0
