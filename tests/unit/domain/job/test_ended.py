"""A failed job that two Regions may have run is looked at once more; everything else that has ended is not."""

import pytest

from functions.domain.job.ended import LAST_LOOK_SECONDS, last_look, status_after
from functions.domain.job.events import Event, JobCancelled, JobFailed, JobSucceeded
from functions.domain.job.history import Head
from functions.domain.job.state import JobState, fold
from tests.unit.domain.job.writing import EAST, JOB, WEST, adopted, at, segment, submitted

FAILED = JobFailed(at=at(60), code="a", detail="b")
CANCELLED = JobCancelled(at=at(60), by="ann", reason="")
LOOK = at(60 + LAST_LOOK_SECONDS)
ALONE = Head(JOB, EAST, 1, 4, "running", "standard", durability="local")
BY_BOTH = Head(JOB, EAST, 1, 4, "running", "standard")


def before_the_end(*, is_adopted: bool) -> JobState:
    """Return the state of a job that runs."""
    segments = [segment(1, EAST, 1, submitted())]
    if is_adopted:
        segments.append(segment(2, WEST, 2, adopted(1, EAST, 1)))
    state = fold(segments)
    assert state is not None
    return state


@pytest.mark.parametrize(
    ("end", "status"),
    [(JobSucceeded(at=at(60), result=1), "succeeded"), (CANCELLED, "cancelled"), (FAILED, "failed")],
)
def test_each_end_has_its_status(end: Event, status: str) -> None:
    assert status_after(end) == status


@pytest.mark.parametrize(("is_adopted", "head"), [(False, ALONE), (True, BY_BOTH), (True, None)])
def test_one_that_two_regions_may_have_run_is_looked_at_once_more(is_adopted: bool, head: Head | None) -> None:
    state = before_the_end(is_adopted=is_adopted)
    assert last_look(state, head, "failed", at(60), at(60)) == LOOK
    assert last_look(state, head, "failed", at(60), LOOK) is None, "once"
    assert last_look(state, head, "succeeded", at(60), at(60)) is None
    assert last_look(state, head, "cancelled", at(60), at(60)) is None


@pytest.mark.parametrize("head", [BY_BOTH, None])
def test_nothing_leads_back_to_any_other(head: Head | None) -> None:
    assert last_look(before_the_end(is_adopted=False), head, "failed", at(60), at(60)) is None
