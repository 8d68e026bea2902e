"""What a worker, the sweeper and an adopter may do with a job, from its state alone."""

from dataclasses import replace

import pytest

from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.decider import (
    ARRIVED,
    DUE,
    HALTED_LOOK_SECONDS,
    MAX_ATTEMPTS,
    RETRY_CAP_SECONDS,
    SESSION_PAUSE_SECONDS,
    Cancel,
    Decision,
    Fail,
    Heed,
    Ignore,
    Run,
    Wait,
    decide_advance,
    needs_adoption,
    over_budget,
    ready,
    retry_moment,
    start_not_before,
    unheard,
    wakes_now,
)
from functions.domain.job.events import AttemptFailed, Event
from functions.domain.job.state import JobState, fold
from functions.domain.job.turns import SESSION_AGENT
from functions.domain.moments import add_seconds, seconds_between
from tests.unit.domain.job.writing import (
    EAST,
    JOB,
    NOON,
    WEST,
    adopted,
    at,
    cancel_requested,
    opened,
    paused,
    resumed,
    segment,
    started,
    step,
    stopped,
    submitted,
    succeeded,
    waiting,
)


def state_after(*events: Event, **fields: object) -> JobState:
    more = [segment(1, EAST, 2, *events)] if events else []
    state = fold([segment(1, EAST, 1, submitted(**fields)), *more])  # type: ignore[arg-type]  # any field of it
    assert state is not None
    return state


def decided(
    state: JobState | None,
    *,
    region: str = EAST,
    epoch: int = 1,
    now: str = NOON,
    news: tuple[Arrival, ...] = (),
    reason: str = "",
) -> Decision:
    return decide_advance(state, region=region, epoch=epoch, now=now, news=news, reason=reason)


def arrival(kind: ArrivalKind, name: str, seconds: float = 0) -> Arrival:
    return Arrival(job_id=JOB, region=EAST, kind=kind, name=name, at=at(seconds), by="ann")


CANCEL, PAUSE = arrival(ArrivalKind.CANCEL, "c", 2), arrival(ArrivalKind.PAUSE, "p", 1)
GO, OTHER = arrival(ArrivalKind.SIGNAL, "go/1"), arrival(ArrivalKind.SIGNAL, "other/1")


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


def test_a_session_is_never_given_up_but_tried_again_after_a_pause() -> None:
    in_vain = state_after(*[started()] * MAX_ATTEMPTS, agent=SESSION_AGENT)
    again_at = add_seconds(in_vain.updated_at, SESSION_PAUSE_SECONDS)
    assert decided(in_vain, now=in_vain.updated_at) == Wait(again_at)
    assert decided(in_vain, now=again_at) == Run()


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


def test_what_people_ask_of_a_job_is_heeded_before_anything_else_in_the_order_in_which_it_came() -> None:
    for state in (
        state_after(),
        state_after(started(), waiting(60)),
        state_after(paused()),
        state_after(deadline=NOON),
    ):
        assert decided(state, news=(GO, PAUSE, CANCEL)) == Heed((PAUSE, CANCEL))


def test_a_job_that_has_done_nothing_is_cancelled_without_running_and_one_that_has_runs_to_undo_it() -> None:
    assert decided(state_after(cancel_requested())) == Cancel()
    assert decided(state_after(started(), cancel_requested())) == Run()
    assert decided(state_after(started(), opened("a", 60), waiting(60), cancel_requested()), reason=ARRIVED) == Run()


def test_a_halted_job_is_looked_at_again_later_and_at_its_deadline_it_ends() -> None:
    assert decided(state_after(started(), paused())) == Wait(at(HALTED_LOOK_SECONDS))
    assert decided(state_after(started(), stopped())) == Wait(at(HALTED_LOOK_SECONDS))
    assert decided(state_after(started(), stopped(), deadline=at(60))) == Wait(at(60))
    assert decided(state_after(started(), stopped(), resumed())) == Run()
    ended = decided(state_after(started(), paused(), deadline=at(60)), now=at(60))
    assert isinstance(ended, Fail)


def test_a_waiting_job_runs_at_its_moment_or_when_what_it_waits_for_has_arrived() -> None:
    state = state_after(started(), opened("a", 60, "go"), waiting(60, "go"))
    assert decided(state, now=at(59.999)) == Wait(at(60))
    assert decided(state, now=at(60)) == Run()
    assert decided(state, news=(GO,), reason=ARRIVED) == Run()
    assert decided(state, news=(OTHER,)) == Wait(at(60))
    assert isinstance(decided(state, news=(OTHER,), reason=ARRIVED), Ignore)


def test_a_waiting_job_is_looked_at_at_its_deadline_if_that_is_earlier() -> None:
    state = state_after(started(), waiting(600), deadline=at(60))
    assert decided(state) == Wait(at(60))
    assert decided(state, now=at(60)) == Fail("deadline_passed", f"the deadline was {at(60)}")
    assert start_not_before(state) == at(60)


def test_what_a_branch_had_begun_to_wait_for_before_the_agent_gave_it_up_wakes_nobody() -> None:
    state = state_after(started(), opened("a", 60, "other"), waiting(60, "go"))
    assert not ready(state, (OTHER,), NOON)
    assert ready(state, (OTHER, GO), NOON)


def test_hints_for_a_job_that_waits_leave_one_that_runs_to_its_worker() -> None:
    for reason in (ARRIVED, DUE):
        assert isinstance(decided(state_after(started()), news=(CANCEL,), reason=reason), Ignore)
    assert decided(state_after(started()), reason="stalled") == Run()
    assert decided(state_after(started()), reason="submitted") == Run()


def test_something_that_arrives_for_a_queued_job_does_not_start_it() -> None:
    assert isinstance(decided(state_after(), news=(GO,), reason=ARRIVED), Ignore)


def test_what_is_in_the_history_is_no_news() -> None:
    state = state_after(started(), paused("p"))
    assert unheard(state, (PAUSE, CANCEL), EAST) == (CANCEL,)


@pytest.mark.parametrize(
    ("events", "news", "wakes"),
    [
        ([started(), waiting(60, "go")], (GO,), True),
        ([started(), waiting(60, "go")], (OTHER,), False),
        ([started(), waiting(60, "go")], (CANCEL,), True),
        ([started(), waiting(0, "go")], (), True),
        ([started(), waiting(60, "go"), paused("x")], (GO,), False),
        ([started(), waiting(60, "go"), paused("x")], (CANCEL,), True),
        ([started()], (GO, CANCEL), False),
        ([], (GO,), False),
        ([], (CANCEL,), True),
    ],
)
def test_a_job_that_nobody_works_on_is_woken_by_requests_and_by_what_it_waits_for(
    events: list[Event], news: tuple[Arrival, ...], wakes: bool
) -> None:
    assert wakes_now(state_after(*events), news, NOON) is wakes


def test_a_waiting_and_a_halted_job_of_the_lost_region_are_adopted() -> None:
    assert needs_adoption(state_after(started(), waiting(60)), lost_region=EAST)
    assert needs_adoption(state_after(started(), stopped()), lost_region=EAST)
