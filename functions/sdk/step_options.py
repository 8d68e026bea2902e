"""What may be said of a single step, beside what its tool says of itself: `ctx.step(timeout=5, otherwise=None)`."""

from dataclasses import dataclass
from typing import Any, Final

from functions.domain.errors import AntipodeError
from functions.domain.job.retry import Retry

#: Stands for an argument that was not given, where None is a value.
NOTHING: Final = object()
#: These end the job whatever it would rather do.
_ENDING = frozenset({"budget_exceeded", "deadline_passed"})


@dataclass(frozen=True, slots=True)
class StepOptions:
    """The name of a step, seconds a try, its retries, and what it results in when it has failed for good."""

    name: str | None = None
    timeout: float | None = None
    retry: Retry | None = None
    otherwise: Any = NOTHING

    def instead_of(self, error: AntipodeError) -> Any:
        """Return what the step results in although it has failed. Raises the error where nothing was given for that."""
        if self.otherwise is NOTHING or error.code in _ENDING:
            raise error
        return self.otherwise


NO_OPTIONS: Final = StepOptions()
