"""How a step is tried again: which errors can be mended by trying again, how often, and when."""

from dataclasses import dataclass

from functions.domain.moments import add_seconds


class TryAgain(Exception):
    """Raise it in a tool: trying again can mend this failure, not before `after_seconds` where that is known."""

    def __init__(self, detail: str = "try again", after_seconds: float = 0.0) -> None:
        super().__init__(detail)
        self.after_seconds = after_seconds


@dataclass(frozen=True, slots=True)
class Retry:
    """Exponential backoff with full jitter. `on`: errors beside `TryAgain` that trying again can mend.

    Whatever else a tool raises is final: it would only raise it again.
    """

    attempts: int = 5
    first_seconds: float = 1.0
    most_seconds: float = 300.0
    on: tuple[type[Exception], ...] = (ConnectionError, TimeoutError)

    def mends(self, error: BaseException, attempt: int) -> bool:
        """Say whether the step is tried again after this was raised at its `attempt`-th try."""
        return attempt < self.attempts and isinstance(error, (TryAgain, *self.on))

    def moment(self, now: str, attempt: int, jitter: float, error: BaseException) -> str:
        """Return when; `jitter` is a random number in [0, 1). A wish of the error's is the earliest moment."""
        ceiling = min(self.most_seconds, self.first_seconds * 2 ** max(attempt - 1, 0))
        wished = error.after_seconds if isinstance(error, TryAgain) else 0.0
        return add_seconds(now, max(ceiling * jitter, wished))


#: One try; what fails has failed.
ONCE = Retry(attempts=1)
