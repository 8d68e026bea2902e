"""A failed job that its Region accepted alone is looked at once more; everything else that has ended is not."""

import pytest

from functions.domain.job.ended import LAST_LOOK_SECONDS, last_look, status_after
from functions.domain.job.events import JobCancelled, JobFailed, JobSucceeded
from functions.domain.job.history import Head
from functions.domain.moments import add_seconds

ENDED = "2026-11-22T12:00:00.000Z"
LOOK = add_seconds(ENDED, LAST_LOOK_SECONDS)
ALONE = Head("job_1", "us-east-1", 1, 4, "running", "standard", durability="local")
BY_BOTH = Head("job_1", "us-east-1", 1, 4, "running", "standard")


def test_each_end_has_its_status() -> None:
    cancelled = JobCancelled(at=ENDED, by="ann", reason="")
    ends = (JobSucceeded(at=ENDED, result=1), cancelled, JobFailed(at=ENDED, code="a", detail="b"))
    assert [status_after(each) for each in ends] == ["succeeded", "cancelled", "failed"]


def test_a_job_that_failed_where_it_was_accepted_alone_is_looked_at_once_more() -> None:
    assert last_look(ALONE, "failed", ENDED, ENDED) == LOOK
    assert last_look(ALONE, "failed", ENDED, LOOK) is None, "once"


@pytest.mark.parametrize(
    ("head", "status"), [(BY_BOTH, "failed"), (None, "failed"), (ALONE, "succeeded"), (ALONE, "cancelled")]
)
def test_nothing_leads_back_to_any_other(head: Head | None, status: str) -> None:
    assert last_look(head, status, ENDED, ENDED) is None
