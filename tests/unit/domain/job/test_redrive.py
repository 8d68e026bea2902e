"""Redriving: a failed job goes on with what it has recorded, on new terms, once for each time that it is asked."""

from typing import Any

import pytest

from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.decider import (
    Heed,
    Ignore,
    Run,
    decide_advance,
    is_over,
    needs_adoption,
    unheard,
    wakes_now,
)
from functions.domain.job.events import Event, JobFailed, JobRedriven, Json, StepFailed
from functions.domain.job.history import Segment
from functions.domain.job.redrive import (
    Terms,
    built_upon,
    failure_in,
    failure_name,
    goes_alone,
    link_after,
    terms_in,
    within_family,
)
from functions.domain.job.snapshot import Snapshot
from functions.domain.job.state import JobState, fold, snapshot_of
from tests.unit.domain.job.writing import (
    EAST,
    JOB,
    WEST,
    adopted,
    at,
    cancel_requested,
    opened,
    segment,
    started,
    step,
    submitted,
    succeeded,
)


def state_of(*segments: Segment) -> JobState:
    state = fold(segments)
    assert state is not None
    return state


def after(*events: Event, **fields: Any) -> JobState:
    return state_of(segment(1, EAST, 1, submitted(**fields), *events))


def step_failed(name: str, code: str = "step_raised") -> StepFailed:
    return StepFailed(at=at(1), step=name, step_kind="tool", arguments="a", code=code, detail="no")


def failed(seconds: float = 9) -> JobFailed:
    return JobFailed(at=at(seconds), code="step_raised", detail="no")


def redriven(name: str = "r1", **terms: object) -> JobRedriven:
    return JobRedriven(at=at(20), by="ann", arrival=f"redrive/{name}", **terms)  # type: ignore[arg-type]


def asked(name: str = "r1", failure: str | None = None, region: str = EAST, seconds: float = 15) -> Arrival:
    return Arrival(
        job_id=JOB,
        region=region,
        kind=ArrivalKind.REDRIVE,
        name=name,
        at=at(seconds),
        by="ann",
        body=Terms().body(failure),
    )


class TestBuiltUpon:
    @pytest.mark.parametrize(
        ("failing", "later", "known"),
        [
            ("pay", "refund", []),
            ("gather[0]/pay", "gather[0]/refund", []),
            ("gather[0]/pay", "refund", []),
            ("gather[0]/map[1]/pay", "gather[0]/refund", []),
            ("pay", "gather[0]/refund", []),
            ("gather[0]/pay", "gather#2[0]/refund", []),
            ("gather[0]/pay", "spawn/refund", ["spawn#2/other"]),
            ("r2:gather[0]/pay", "r2:gather#2[0]/refund", ["r2:gather[1]/other"]),
        ],
    )
    def test_what_came_after_a_failure_may_rest_on_it(self, failing: str, later: str, known: list[str]) -> None:
        assert built_upon({failing}, later, [failing, *known]) == {failing}

    @pytest.mark.parametrize(
        ("failing", "later", "known"),
        [
            ("gather[0]/pay", "gather[1]/look", []),
            ("gather#2[0]/map[1]/pay", "gather#2[0]/map[7]/look", []),
            ("gather[0]/pay", "gather[1]/map[0]/look", []),
            ("pay", "spawn/look", ["spawn/first"]),
            ("gather[0]/pay", "spawn#2/look", ["spawn#2/first"]),
        ],
    )
    def test_branches_that_had_begun_before_go_on_beside_it(self, failing: str, later: str, known: list[str]) -> None:
        assert built_upon({failing}, later, [failing, *known]) == set()


class TestFold:
    def test_a_failed_job_goes_on_with_what_it_has_recorded_and_does_its_failed_step_again(self) -> None:
        state = after(started(), step("a"), step_failed("b"), failed(), redriven())
        assert (state.status, state.error, state.redrives, state.attempts_in_vain) == ("queued", None, 1, 0)
        assert list(state.steps) == ["a"]
        assert state.taken == {"redrive/r1"}

    def test_a_failed_step_upon_which_another_was_built_stays_failed(self) -> None:
        state = after(step_failed("a"), step("undo"), step_failed("b"), failed(), redriven())
        assert list(state.steps) == ["a", "undo"]

    def test_a_wait_that_was_opened_after_it_is_built_upon_it_too(self) -> None:
        state = after(step_failed("a"), opened("sleep", 60), failed(), redriven())
        assert list(state.steps) == ["a"]

    def test_of_branches_beside_each_other_all_that_failed_are_done_again(self) -> None:
        events: list[Event] = [step_failed("gather[0]/a"), step("gather[1]/b"), step_failed("gather[2]/c")]
        assert list(after(*events, failed(), redriven()).steps) == ["gather[1]/b"]

    def test_a_step_at_which_the_agent_learned_of_its_cancellation_is_not_done_again(self) -> None:
        state = after(started(), cancel_requested(), step_failed("a", "cancelled"), failed(), redriven())
        assert list(state.steps) == ["a"]
        assert state.cancel is not None

    def test_what_it_had_done_again_may_fail_again_and_be_redriven_again(self) -> None:
        events: list[Event] = [step_failed("a"), failed(), redriven(), step_failed("a"), failed(21), redriven("r2")]
        state = after(*events)
        assert (state.status, state.redrives, dict(state.steps)) == ("queued", 2, {})
        assert state.failures == {failure_name(3, at(9)), failure_name(6, at(21))}

    @pytest.mark.parametrize("end", [succeeded(), cancel_requested()])
    def test_what_has_not_failed_is_not_redriven_but_has_heard_of_it(self, end: Event) -> None:
        before, state = after(step("a"), end), after(step("a"), end, redriven(agent_version="2"))
        assert (state.status, state.steps, state.job) == (before.status, before.steps, before.job)
        assert "redrive/r1" in state.taken
        assert state.redrives == 0

    def test_its_terms_hold_from_then_on_and_what_is_not_said_stays(self) -> None:
        state = after(failed(), redriven(agent_version="2"), budget={"steps": 3}, deadline=at(500))
        assert (state.job.agent_version, state.job.budget, state.job.deadline) == ("2", {"steps": 3}, at(500))
        again = after(failed(), redriven(deadline=at(900)), failed(30), redriven("r2", budget={"steps": 9}))
        assert (again.job.agent_version, again.job.budget, again.job.deadline) == ("1", {"steps": 9}, at(900))

    def test_a_deadline_that_has_passed_is_taken_away(self) -> None:
        assert after(failed(), redriven(without_deadline=True), deadline=at(5)).job.deadline is None

    def test_adoption_after_the_failure_keeps_it_failed_until_it_is_redriven(self) -> None:
        failing = segment(1, EAST, 1, submitted(), step_failed("a"), failed())
        taken_over = segment(2, WEST, 4, adopted(1, EAST, 3))
        assert state_of(failing, taken_over).status == "failed"
        state = state_of(failing, taken_over, segment(2, WEST, 5, redriven(), started()))
        assert (state.status, state.owner_region, state.last_sequence) == ("running", WEST, 6)

    def test_a_snapshot_carries_what_a_redrive_needs(self) -> None:
        first = segment(1, EAST, 1, submitted(), failed(), redriven(agent_version="2"), step("a"), step_failed("b"))
        before = state_of(first)
        written = snapshot_of(JOB, before, EAST)
        place = (written.epoch, written.region, written.sequence)
        read = Snapshot.unpacked(JOB, EAST, *place, written.packed())
        later = segment(1, EAST, 6, failed(30), redriven("r2"))
        short, whole = fold([later], read), fold([first, later])
        assert short is not None
        assert whole is not None
        assert list(short.steps) == ["a"]
        assert (short.job, short.failures, short.redrives) == (whole.job, whole.failures, 2)


class TestDecide:
    def test_a_redrive_that_nobody_has_heard_is_heeded_first(self) -> None:
        state = after(failed())
        news = unheard(state, [asked(failure=state.failure)], EAST)
        assert decide_advance(state, region=EAST, epoch=1, now=at(20), news=news) == Heed(news)
        assert wakes_now(state, news, at(20))
        assert not is_over(state, news)

    def test_after_it_the_job_runs(self) -> None:
        state = after(failed(), redriven())
        assert decide_advance(state, region=EAST, epoch=1, now=at(20), reason="arrived") == Ignore(
            "a message of its own will start it"
        )
        assert decide_advance(state, region=EAST, epoch=1, now=at(20)) == Run()

    @pytest.mark.parametrize("end", [succeeded(), failed()])
    def test_without_one_what_has_ended_has_ended(self, end: Event) -> None:
        state = after(end)
        news = unheard(state, [asked(failure=None)] if end.kind == "succeeded" else [], EAST)
        assert isinstance(decide_advance(state, region=EAST, epoch=1, now=at(20), news=news), Ignore)
        assert not wakes_now(state, news, at(20))

    def test_a_redrive_that_speaks_of_an_earlier_failure_is_void(self) -> None:
        first = after(failed())
        again = after(failed(), redriven("r2"), failed(30))
        assert unheard(again, [asked("late", first.failure)], EAST) == ()
        assert unheard(after(failed(), redriven("r2")), [asked("late", first.failure)], EAST) == ()

    def test_one_that_speaks_of_a_superseded_failure_counts_for_the_present_one(self) -> None:
        lost = failure_name(2, at(3))
        state = after(failed())
        assert unheard(state, [asked(failure=lost)], EAST) == (asked(failure=lost),)

    def test_a_job_of_a_lost_region_is_adopted_if_it_has_failed_and_was_redriven_since(self) -> None:
        state = after(failed())
        news = unheard(state, [asked(failure=state.failure)], WEST)
        assert needs_adoption(state, news, lost_region=EAST)
        assert not needs_adoption(state, (), lost_region=EAST)
        assert isinstance(decide_advance(state, region=WEST, epoch=1, now=at(20), news=news), Ignore)


def test_terms_are_read_back_as_they_were_said() -> None:
    terms = Terms(agent_version="2", deadline=at(5), budget={"steps": 3}, alone=True)
    assert terms_in(terms.body("9@noon")) == terms
    assert failure_in(terms.body("9@noon")) == "9@noon"
    assert (terms_in(None), failure_in(None), failure_in(Terms().body(None))) == (Terms(), None, None)


def test_a_child_that_is_redriven_alone_is_its_parents_again_when_that_is_redriven() -> None:
    link: dict[str, Json] = {"job_id": "job_p", "step": "shop", "chain": []}
    alone = link_after(Terms(alone=True), link)
    assert alone is not None
    assert (goes_alone(link), goes_alone(alone)) == (False, True)
    assert within_family(alone, 2) == {**link, "call": 2}
    assert (link_after(Terms(alone=True), None), link_after(Terms(), link)) == (None, None)
