"""Which of several errors decides how an attempt ends, when branches of an agent have failed side by side."""

from collections.abc import Iterator

from functions.application.agent_ports import Cancelled, ContinueAsNew
from functions.application.ports import AppendConflict, ModelUnavailable, PayloadUnavailable, StateUnavailable
from functions.application.step_book import YieldNow
from functions.application.step_ends import ReplayDiverged
from functions.domain.errors import AntipodeError

#: Of errors in a group the first of these decides: what is not about the job itself comes first.
_WEIGHTS = (
    AppendConflict,
    StateUnavailable,
    PayloadUnavailable,
    ReplayDiverged,
    YieldNow,
    Cancelled,
    ContinueAsNew,
    ModelUnavailable,
    AntipodeError,
)


def weightiest(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Of the errors in a group return the one that decides."""

    def weight(error: BaseException) -> int:
        rank = next((place for place, kind in enumerate(_WEIGHTS) if isinstance(error, kind)), None)
        if rank is not None:
            return rank
        return len(_WEIGHTS) if isinstance(error, Exception) else -1

    return min(_single_errors(group), key=weight)


def _single_errors(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _single_errors(error)
        else:
            yield error
