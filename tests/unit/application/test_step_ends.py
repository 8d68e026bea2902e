"""How steps end: errors in the history's words, what a child's end means, and which steps are the recorded ones."""

import pytest

from functions.application.ports import ModelUnavailable
from functions.application.step_ends import (
    LONGEST_DETAIL,
    REMEDY,
    ReplayDiverged,
    ask_of,
    branch_of,
    end_taken,
    failure_of,
    result_of_child,
    same_step,
    tokens_of,
    within_budget,
)
from functions.domain.errors import AntipodeError
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.events import Json, StepFailed, StepSucceeded, WaitOpened
from functions.domain.job.history import Ask
from functions.domain.job.state import JobState, fold
from tests.unit.domain.job.writing import EAST, JOB, NOON, at, segment, step, submitted


def state(**fields: object) -> JobState:
    found = fold([segment(1, EAST, 1, submitted(**fields))])  # type: ignore[arg-type]  # any field of it
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("wrong"), ("step_raised", "ValueError: wrong")),
        (AntipodeError("distribution_not_found", "where?"), ("distribution_not_found", "where?")),
        (ModelUnavailable("throttled"), ("model_unavailable", "throttled")),
        (KeyError("x" * 9000), ("step_raised", f"KeyError: '{'x' * (LONGEST_DETAIL - 11)}")),
    ],
)
def test_an_error_has_a_code_and_a_detail_that_is_not_too_long(error: Exception, told: tuple[str, str]) -> None:
    assert failure_of(error) == told


def ended(body: Json) -> Arrival:
    return Arrival(
        job_id=JOB, region=EAST, kind=ArrivalKind.CHILD_ENDED, name="call", at=NOON, by="job_child", body=body
    )


def test_a_child_that_succeeded_has_a_result_even_if_that_is_nothing() -> None:
    assert result_of_child(ended({"status": "succeeded", "result": {"a": 1}}), "child") == {"a": 1}
    assert result_of_child(ended({"status": "succeeded", "result": None}), "child") is None


@pytest.mark.parametrize(
    ("end", "detail"),
    [
        (
            {"status": "failed", "error": {"code": "agent_raised", "detail": "no"}},
            "the job of 'child' failed: agent_raised: no",
        ),
        (
            {"status": "cancelled", "error": {"code": "cancelled", "detail": "enough"}},
            "the job of 'child' cancelled: cancelled: enough",
        ),
        ({"status": "failed"}, "the job of 'child' failed: failed"),
    ],
)
def test_a_child_without_a_result_is_an_error_that_says_what_it_said(end: Json, detail: str) -> None:
    with pytest.raises(AntipodeError) as caught:
        result_of_child(ended(end), "child")
    assert (caught.value.code, caught.value.detail) == ("child_failed", detail)


@pytest.mark.parametrize(
    ("key", "branch"),
    [("a", ""), ("a#2", ""), ("gather[0]/a", "gather[0]"), ("map#2[1]/gather[0]/a", "map#2[1]/gather[0]")],
)
def test_a_step_lies_on_the_branch_that_its_path_names(key: str, branch: str) -> None:
    assert branch_of(key) == branch


def test_a_step_that_failed_cost_no_tokens_that_are_known() -> None:
    assert tokens_of(step("a", tokens=10)) == 11
    failed = StepFailed(at=NOON, step="a", step_kind="tool", arguments="d", code="step_raised", detail="no")
    assert tokens_of(failed) == 0


def test_what_is_over_the_budget_is_an_error_that_names_it() -> None:
    within_budget(state(budget={"steps": 3}), steps=3, tokens=10**6)
    with pytest.raises(AntipodeError, match="4 steps are needed, the budget allows 3") as caught:
        within_budget(state(budget={"steps": 3}), steps=4, tokens=0)
    assert caught.value.code == "budget_exceeded"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("model", "d"), "the history has it with a tool step, now a model step is asked for"),
        (("tool", "other"), "the history has it with other arguments"),
    ],
)
def test_a_step_that_is_not_the_recorded_one_stops_the_replay_with_the_fix(asked: tuple[str, str], told: str) -> None:
    same_step("a", ("tool", "d"), ("tool", "d"))
    with pytest.raises(ReplayDiverged) as caught:
        same_step("a", ("tool", "d"), asked)
    assert str(caught.value) == f"step 'a': {told}: {REMEDY}"


def test_a_wait_for_a_decision_is_listed_for_its_group() -> None:
    wait = WaitOpened(
        at=at(5), step="approval", step_kind="approval", arguments="d", until=at(9), about={"group": "legal"}
    )
    assert ask_of(JOB, state(), wait, EAST, open=True) == Ask(JOB, EAST, "approval", "acme", "legal", at(5), open=True)


def test_a_childs_end_is_read_back_from_the_step_that_took_it_in() -> None:
    call = {"at": NOON, "step": "child", "step_kind": "call", "arguments": "d"}
    key = "child_ended/child"
    taken = StepSucceeded(**call, result=7, arrival=key)  # type: ignore[arg-type]  # all of them texts
    assert end_taken(taken, key) == {"status": "succeeded", "result": 7}
    failed = StepFailed(**call, code="child_failed", detail="why", arrival=key)
    assert end_taken(failed, key) == {"status": "failed", "error": {"code": "child_failed", "detail": "why"}}
    timed_out = StepFailed(**call, code="wait_timed_out", detail="too late")
    assert end_taken(timed_out, key) is None
    assert end_taken(None, key) is None
