"""A circuit breaker: an endpoint that keeps failing is left alone for a while, then tried with one call.

Pure: the moment comes in, the next breaker comes out. So processes can agree on one by passing it through the table.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from functions.domain.moments import add_seconds, seconds_between

#: So many calls in a row fail before it opens.
THRESHOLD = 5
#: For so long it is open the first time; each time after a failed trial twice as long, up to the longest.
FIRST_PAUSE_SECONDS = 15.0
LONGEST_PAUSE_SECONDS = 900.0
#: A trial that nothing was heard of for so long has died with its process: the next one may begin.
TRIAL_SECONDS = 30.0


class Standing(StrEnum):
    """Closed: calls go through. Open: none does. Half open: one is under way, and decides."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """One endpoint's. `failures` and `openings` count those in a row; `retry_at` is when the next call may be tried."""

    standing: Standing = Standing.CLOSED
    failures: int = 0
    openings: int = 0
    since: str | None = None
    retry_at: str | None = None

    def allows(self, now: str) -> bool:
        """Say whether a call may be made."""
        return self.standing is Standing.CLOSED or self.retry_at is None or self.retry_at <= now

    def waits(self, now: str) -> float:
        """Return for how many seconds no call may be made."""
        return 0.0 if self.allows(now) or self.retry_at is None else seconds_between(now, self.retry_at)

    def tried(self, now: str) -> "Breaker":
        """Return the breaker while a call is under way: of an open one that is the trial, one at a time."""
        if self.standing is Standing.CLOSED:
            return self
        return replace(self, standing=Standing.HALF_OPEN, retry_at=add_seconds(now, TRIAL_SECONDS))

    def succeeded(self, now: str) -> "Breaker":
        """Return the breaker after a call that went well."""
        if self.standing is Standing.CLOSED and self.failures == 0:
            return self
        return Breaker(since=self.since if self.standing is Standing.CLOSED else now)

    def failed(self, now: str) -> "Breaker":
        """Return the breaker after a call that failed."""
        failures = self.failures + 1
        if self.standing is Standing.CLOSED and failures < THRESHOLD:
            return replace(self, failures=failures)
        if self.standing is Standing.OPEN:
            return replace(self, failures=failures)  # a call that began before it opened says nothing new
        openings = self.openings + 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** min(openings - 1, 16), LONGEST_PAUSE_SECONDS)
        return Breaker(
            standing=Standing.OPEN,
            failures=failures,
            openings=openings,
            since=now,
            retry_at=add_seconds(now, pause),
        )
