"""Of errors side by side the one that is not about the job decides."""

import pytest

from functions.application.agent_ports import Cancelled
from functions.application.ports import AppendConflict, ModelUnavailable, StateUnavailable
from functions.application.step_book import YieldNow
from functions.application.step_ends import ReplayDiverged
from functions.application.weigh_errors import weightiest
from functions.domain.errors import AntipodeError


@pytest.mark.parametrize(
    ("errors", "decides"),
    [
        ([ValueError("a"), AppendConflict("b")], AppendConflict),
        ([YieldNow(), StateUnavailable("b")], StateUnavailable),
        ([AntipodeError("cancelled", "a"), ReplayDiverged("b")], ReplayDiverged),
        ([Cancelled(), YieldNow()], YieldNow),
        ([ValueError("a"), ModelUnavailable("b")], ModelUnavailable),
        ([BaseExceptionGroup("inner", [Cancelled()]), ValueError("b")], Cancelled),
        ([KeyboardInterrupt(), AppendConflict("b")], KeyboardInterrupt),
    ],
)
def test_of_errors_side_by_side_the_one_that_is_not_about_the_job_decides(
    errors: list[BaseException], decides: type[BaseException]
) -> None:
    assert isinstance(weightiest(BaseExceptionGroup("all", errors)), decides)
