"""What a worker, the sweeper and an adopter may do with a job, from its state alone."""

from dataclasses import replace

import pytest

from functions.domain.job.decider import (
    MAX_ATTEMPTS,
    RETRY_CAP_SECONDS,
    Decision,
    Fail,
    Ignore,
    Run,
    Wait,
    decide_advance,
    needs_adoption,
    over_budget,
    retry_moment,
    start_not_before,
)
from functions.domain.job.events import AttemptFailed, Event
from functions.domain.job.state import JobState, fold
from functions.domain.moments import seconds_between
from tests.unit.domain.job.writing import EAST, NOON, WEST, adopted, at, segment, started, step, submitted, succeeded


def state_after(*events: Event, **fields: object) -> JobState:
    more = [segment(1, EAST, 2, *events)] if events else []
    state = fold([segment(1, EAST, 1, submitted(**fields)), *more])  # type: ignore[arg-type]  # any field of it
    assert state is not None
    return state


def decided(state: JobState | None, *, region: str = EAST, epoch: int = 1, now: str = NOON) -> Decision:
    return decide_advance(state, region=region, epoch=epoch, now=now)


def test_a_queued_job_is_run_by_its_owner() -> None:
    assert decided(state_after()) == Run()


def test_a_message_for_a_job_that_is_not_here_is_dropped() -> None:
    assert isinstance(decided(None), Ignore)


def test_a_finished_job_is_left_alone() -> None:
    assert decided(state_after(succeeded())) == Ignore("already succeeded")


def test_the_job_of_another_region_is_left_alone() -> None:
    assert decided(state_after(), region=WEST) == Ignore("owned by us-east-1")


def test_a_message_of_an_older_epoch_is_dropped() -> None:
    parts = [segment(1, EAST, 1, submitted()), segment(2, WEST, 2, adopted(1, EAST, 1))]
    assert decided(fold(parts), region=WEST, epoch=1) == Ignore("of epoch 1, the job is in 2")
    assert decided(fold(parts), region=WEST, epoch=2) == Run()


def test_a_job_with_a_gap_in_its_history_is_not_run() -> None:
    state = fold([segment(1, EAST, 1, submitted()), segment(1, EAST, 3, step("b"))])
    assert isinstance(decided(state), Ignore)


def test_a_job_runs_until_the_moment_of_its_deadline_and_not_at_it() -> None:
    state = state_after(deadline=at(60))
    assert decided(state, now=at(59.999)) == Run()
    assert decided(state, now=at(60)) == Fail("deadline_passed", f"the deadline was {at(60)}")


def test_a_job_ends_after_as_many_attempts_in_vain_as_are_allowed() -> None:
    assert decided(state_after(*[started()] * (MAX_ATTEMPTS - 1))) == Run()
    decision = decided(state_after(*[started()] * MAX_ATTEMPTS))
    assert isinstance(decision, Fail)
    assert decision.code == "attempts_exhausted"


def test_attempts_that_record_steps_may_be_as_many_as_it_takes() -> None:
    events: list[Event] = []
    for number in range(3 * MAX_ATTEMPTS):
        events += [started(), step(f"s{number}")]
    assert decided(state_after(*events)) == Run()


def test_a_job_waits_for_the_later_of_its_start_and_its_retry() -> None:
    failed = AttemptFailed(at=NOON, code="model_unavailable", detail="busy", retry_at=at(30))
    assert decided(state_after(run_at=at(10))) == Wait(at(10))
    assert decided(state_after(failed, run_at=at(10)), now=at(20)) == Wait(at(30))
    assert decided(state_after(failed, run_at=at(10)), now=at(30)) == Run()
    assert start_not_before(state_after()) is None


def test_only_an_unfinished_job_of_the_lost_region_is_adopted() -> None:
    assert needs_adoption(state_after(started()), lost_region=EAST)
    assert not needs_adoption(state_after(started()), lost_region=WEST)
    assert not needs_adoption(state_after(succeeded()), lost_region=EAST)
    assert not needs_adoption(None, lost_region=EAST)


def test_a_job_that_only_seems_finished_is_adopted_so_that_its_end_becomes_the_end() -> None:
    parts = [segment(1, WEST, 1, submitted(), succeeded()), segment(2, EAST, 9, step("without its beginning"))]
    assert needs_adoption(fold(parts), lost_region=EAST)


@pytest.mark.parametrize(
    ("attempts", "jitter", "seconds"), [(1, 0.5, 1.0), (3, 0.25, 2.0), (3, 0.0, 0.0), (50, 0.5, RETRY_CAP_SECONDS / 2)]
)
def test_retries_back_off_up_to_a_cap(attempts: int, jitter: float, seconds: float) -> None:
    assert seconds_between(NOON, retry_moment(NOON, attempts, jitter)) == seconds


@pytest.mark.parametrize(
    ("steps", "tokens", "told"),
    [
        (3, 100, None),
        (4, 100, "4 steps are needed, the budget allows 3"),
        (3, 101, "101 tokens are needed, the budget allows 100"),
    ],
)
def test_a_budget_allows_exactly_what_it_names(steps: int, tokens: int, told: str | None) -> None:
    assert over_budget({"steps": 3, "tokens": 100}, steps=steps, tokens=tokens) == told


def test_a_budget_bounds_only_what_it_names() -> None:
    assert over_budget(None, steps=10**6, tokens=10**9) is None
    assert over_budget({"tokens": 1}, steps=10**6, tokens=1) is None


def test_the_decision_about_a_job_does_not_depend_on_superseded_events() -> None:
    state = state_after(started())
    assert decided(replace(state, superseded=state.history)) == decided(state)
