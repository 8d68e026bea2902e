"""An approval's id leads back to its job and step, and what is over is told from what is open."""

from dataclasses import replace

import pytest

from functions.domain.ids import job_id
from functions.domain.job.approvals import approval_id, decision_among, over_because, read_approval_id
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.events import CancelRequested, WaitOpened
from functions.domain.job.state import fold
from tests.unit.domain.job.writing import EAST, NOON, WEST, segment, submitted

JOB = job_id("acme", "one")
STEP = "review/[2]/approval#3"
WAIT = WaitOpened(
    at="2026-11-21T12:00:01.000Z", step=STEP, step_kind="approval", arguments="d", until="2026-11-21T13:00:00.000Z"
)


def arrival(region: str, at: str, kind: ArrivalKind = ArrivalKind.DECISION, name: str = STEP) -> Arrival:
    return Arrival(job_id=JOB, region=region, kind=kind, name=name, at=at, by="ann", body={"approved": True})


def test_an_id_leads_to_its_job_and_means_its_step_only() -> None:
    text = approval_id(JOB, STEP)
    found = read_approval_id(text)
    assert found is not None
    assert found.job_id == JOB
    assert (found.means(STEP), found.means("approval")) == (True, False)


@pytest.mark.parametrize("text", ["", "apr_x", "job_" + "a" * 32, f"apr_{'a' * 32}_{'g' * 16}", f"apr_{'a' * 32}"])
def test_what_is_no_id_leads_nowhere(text: str) -> None:
    assert read_approval_id(text) is None


def test_the_owners_first_decision_counts_before_an_earlier_one_that_never_reached_it() -> None:
    approval = read_approval_id(approval_id(JOB, STEP))
    assert approval is not None
    own, other = arrival(EAST, "2026-11-21T12:30:00.000Z"), arrival(WEST, "2026-11-21T12:20:00.000Z")
    assert decision_among([other, own], approval, EAST) == own
    assert decision_among([other], approval, EAST) == other


def test_a_signal_or_another_steps_decision_decides_nothing() -> None:
    approval = read_approval_id(approval_id(JOB, STEP))
    assert approval is not None
    others = [arrival(EAST, NOON, ArrivalKind.SIGNAL), arrival(EAST, NOON, name="approval")]
    assert decision_among(others, approval, EAST) is None


def test_a_wait_is_over_at_its_deadline_at_the_jobs_end_and_when_the_job_is_to_end() -> None:
    state = fold([segment(1, EAST, 1, submitted())])
    assert state is not None
    assert over_because(state, WAIT, "2026-11-21T12:59:59.999Z") is None
    assert over_because(state, WAIT, WAIT.until) == f"the time to decide was over at {WAIT.until}"
    assert over_because(replace(state, status="succeeded"), WAIT, NOON) == "the job has succeeded"
    assert over_because(replace(state, status="cancelled"), WAIT, NOON) == "the job was cancelled"
    cancel = CancelRequested(at="2026-11-21T12:10:00.000Z", by="bob", reason="", arrival="cancel/1")
    assert over_because(replace(state, cancel=cancel), WAIT, NOON) == "the job was asked to end"


def test_what_is_asked_while_a_cancelled_job_undoes_its_work_is_open() -> None:
    state = fold([segment(1, EAST, 1, submitted())])
    assert state is not None
    cancel = CancelRequested(at=NOON, by="bob", reason="", arrival="cancel/1")
    assert over_because(replace(state, cancel=cancel), WAIT, WAIT.at) is None
