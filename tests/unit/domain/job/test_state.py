"""The fold: what is read, what is kept for audit only, and what a replica that lacks something shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.job.events import AttemptFailed, AttemptYielded, Event, JobFailed, StepSucceeded
from functions.domain.job.history import Segment
from functions.domain.job.state import JobState, fold
from tests.simulation import oracle
from tests.unit.domain.job.histories import histories, parts_of
from tests.unit.domain.job.writing import (
    EAST,
    WEST,
    adopted,
    at,
    segment,
    started,
    step,
    submitted,
    succeeded,
    withdrawn,
)


def folded(*segments: Segment) -> JobState:
    state = fold(segments)
    assert state is not None
    return state


def after(*events: Event) -> JobState:
    """The state of a job that saw these events after its submission."""
    return folded(segment(1, EAST, 1, submitted()), *([segment(1, EAST, 2, *events)] if events else []))


def steps_read(state: JobState) -> dict[str, object]:
    return {name: event.result for name, event in state.steps.items() if isinstance(event, StepSucceeded)}


def test_nothing_is_known_of_a_job_without_segments() -> None:
    assert fold([]) is None


def test_nothing_is_known_of_a_job_whose_submission_is_not_here() -> None:
    assert fold([segment(1, EAST, 2, started()), segment(2, WEST, 3, adopted(1, EAST, 2))]) is None


def test_a_submitted_job_is_queued_at_home() -> None:
    state = after()
    assert (state.status, state.home_region, state.owner_region, state.epoch) == ("queued", EAST, EAST, 1)
    assert (state.last_sequence, state.complete, state.finished, state.attempts) == (1, True, False, 0)


def test_steps_tokens_and_the_result_are_read() -> None:
    state = after(started(1), step("a", "A", 2, tokens=10), step("b", "B", 3, tokens=5), succeeded("R", 4))
    assert steps_read(state) == {"a": "A", "b": "B"}
    assert (state.input_tokens, state.output_tokens) == (15, 2)
    assert (state.status, state.result, state.updated_at, state.last_sequence) == ("succeeded", "R", at(4), 5)


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (started(), "running"),
        (AttemptYielded(at=at(1), seconds_left=2.0), "queued"),
        (AttemptFailed(at=at(1), code="model_unavailable", detail="busy", retry_at=at(9)), "queued"),
        (JobFailed(at=at(1), code="agent_raised", detail="boom"), "failed"),
        (succeeded(), "succeeded"),
    ],
)
def test_the_status_follows_the_last_event(event: Event, status: str) -> None:
    assert after(event).status == status


def test_a_job_that_failed_shows_why_and_one_that_was_adopted_is_queued_again() -> None:
    failed = after(started(), JobFailed(at=at(1), code="agent_raised", detail="boom"))
    assert (failed.error, failed.result) == ({"code": "agent_raised", "detail": "boom"}, None)
    running = segment(1, EAST, 1, submitted(), started())
    assert folded(running).status == "running"
    assert folded(running, segment(2, WEST, 3, adopted(1, EAST, 2))).status == "queued"


def test_a_failed_attempt_leaves_its_error_and_when_to_try_again_until_the_next_begins() -> None:
    failed = AttemptFailed(at=at(1), code="model_unavailable", detail="busy", retry_at=at(9))
    state = after(started(), failed)
    assert (state.error, state.retry_at) == ({"code": "model_unavailable", "detail": "busy"}, at(9))
    assert after(started(), failed, started()).retry_at is None
    assert after(started(), failed, started(), succeeded()).error is None


def test_what_follows_the_end_changes_nothing() -> None:
    state = after(succeeded("R"), step("late"), JobFailed(at=at(9), code="agent_raised", detail="late"))
    assert (state.status, state.result, state.steps, state.error) == ("succeeded", "R", {}, None)
    assert state.last_sequence == 2


def test_of_two_results_of_one_step_the_first_is_read() -> None:
    assert steps_read(after(step("a", "first"), step("a", "second"))) == {"a": "first"}


def test_attempts_are_in_vain_until_a_step_is_recorded() -> None:
    assert after(started(), started(), started()).attempts_in_vain == 3
    state = after(started(), started(), step("a"), started())
    assert (state.attempts, state.attempts_in_vain) == (3, 1)


def test_nothing_beyond_a_gap_is_read() -> None:
    state = folded(
        segment(1, EAST, 1, submitted()),
        segment(1, EAST, 2, started(), step("a")),
        segment(1, EAST, 5, step("c"), succeeded()),
    )
    assert (state.status, state.last_sequence, state.complete) == ("running", 3, False)
    assert steps_read(state) == {"a": "done"}
    assert [item.sequence for item in state.superseded] == [5, 6]


def test_a_late_step_from_a_superseded_epoch_is_never_read() -> None:
    state = folded(
        segment(1, EAST, 1, submitted()),
        segment(1, EAST, 2, started(), step("a", "A of east")),
        segment(2, WEST, 4, adopted(1, EAST, 3)),
        segment(2, WEST, 5, started(), step("b", "B of west")),
        segment(1, EAST, 4, step("b", "late B of east"), succeeded("late")),
    )
    assert steps_read(state) == {"a": "A of east", "b": "B of west"}
    assert (state.status, state.result, state.owner_region, state.epoch) == ("running", None, WEST, 2)
    assert [(item.epoch, item.region, item.sequence) for item in state.superseded] == [(1, EAST, 4), (1, EAST, 5)]
    assert state.complete


def test_a_chain_of_adoptions_is_followed_back_to_the_submission() -> None:
    state = folded(
        segment(3, EAST, 5, adopted(2, WEST, 4), step("c")),
        segment(2, WEST, 3, adopted(1, EAST, 2), step("b"), step("never read")),
        segment(1, EAST, 1, submitted(), step("a"), step("never read either")),
    )
    assert list(state.steps) == ["a", "b", "c"]
    assert (state.epoch, state.owner_region, state.home_region, state.adoptions) == (3, EAST, EAST, 2)
    assert [item.sequence for item in state.history] == [1, 2, 3, 4, 5, 6]


def test_an_adoption_whose_origin_is_not_all_here_shows_the_part_that_is_and_says_so() -> None:
    state = folded(
        segment(1, EAST, 1, submitted()),
        segment(1, EAST, 3, step("b")),
        segment(2, WEST, 4, adopted(1, EAST, 3), succeeded()),
    )
    assert (state.last_sequence, state.complete, state.finished) == (1, False, False)
    assert (state.owner_region, state.epoch) == (WEST, 2)


def test_a_newer_epoch_without_its_beginning_makes_the_history_incomplete_but_tells_the_owner() -> None:
    state = folded(segment(1, EAST, 1, submitted()), segment(1, EAST, 2, started()), segment(2, WEST, 4, step("b")))
    assert (state.last_sequence, state.complete) == (2, False)
    assert (state.owner_region, state.epoch) == (WEST, 2)


def test_an_epoch_that_continues_itself_or_a_later_one_is_not_read() -> None:
    state = folded(segment(1, EAST, 1, submitted()), segment(2, WEST, 2, adopted(2, WEST, 1)))
    assert (state.last_sequence, state.complete, state.epoch) == (1, False, 2)


def test_an_end_that_is_adopted_stays_the_end() -> None:
    state = folded(
        segment(1, EAST, 1, submitted(), succeeded("R")),
        segment(2, WEST, 5, step("without its beginning")),
        segment(3, EAST, 3, adopted(1, EAST, 2)),
    )
    assert (state.status, state.result, state.complete, state.owner_region) == ("succeeded", "R", True, EAST)


def test_of_two_submissions_the_earlier_one_is_read() -> None:
    east, west = segment(1, EAST, 1, submitted(2)), segment(1, WEST, 1, submitted(1))
    state = folded(east, west)
    assert (state.home_region, state.owner_region, state.complete) == (WEST, WEST, True)
    assert [item.region for item in state.superseded] == [EAST]


def test_of_two_submissions_of_one_moment_the_one_whose_region_sorts_first_is_read() -> None:
    assert folded(segment(1, WEST, 1, submitted()), segment(1, EAST, 1, submitted())).home_region == EAST


def test_a_submission_that_stands_is_read_before_one_that_was_withdrawn() -> None:
    state = folded(
        segment(1, EAST, 1, submitted(1)), segment(1, EAST, 2, withdrawn(3)), segment(1, WEST, 1, submitted(2))
    )
    assert state.home_region == WEST


def test_a_withdrawn_submission_is_read_when_no_other_is_here() -> None:
    state = folded(segment(1, EAST, 1, submitted()), segment(1, EAST, 2, withdrawn()))
    assert (state.home_region, state.status, state.last_sequence) == (EAST, "queued", 2)


def test_when_both_withdrew_the_earlier_one_is_read() -> None:
    state = folded(
        segment(1, EAST, 1, submitted(2)),
        segment(1, EAST, 2, withdrawn()),
        segment(1, WEST, 1, submitted(1)),
        segment(1, WEST, 2, withdrawn()),
    )
    assert (state.home_region, state.status) == (WEST, "queued")


def test_an_adopted_rival_is_read_before_one_that_was_not_adopted() -> None:
    state = folded(
        segment(1, EAST, 1, submitted(1)),
        segment(1, WEST, 1, submitted(2)),
        segment(2, EAST, 2, adopted(1, WEST, 1)),
    )
    assert (state.home_region, state.owner_region, state.epoch) == (WEST, EAST, 2)


def test_both_regions_name_one_owner_when_two_unreadable_epochs_are_equal() -> None:
    parts = [
        segment(1, EAST, 1, submitted()),
        segment(2, EAST, 9, step("without its beginning")),
        segment(2, WEST, 9, step("without its beginning")),
    ]
    assert folded(*parts).owner_region == folded(*reversed(parts)).owner_region


@given(st.data(), histories())
def test_any_order_of_segments_gives_the_same_state(data: st.DataObject, written: tuple[Segment, ...]) -> None:
    shuffled = data.draw(st.permutations(written))
    assert fold(shuffled) == fold(written)


@given(st.data(), histories())
def test_whatever_part_is_here_nothing_beyond_a_gap_is_read(data: st.DataObject, written: tuple[Segment, ...]) -> None:
    here = data.draw(parts_of(written))
    state = fold(here)
    if state is None:
        return
    assert [item.sequence for item in state.history] == list(range(1, len(state.history) + 1))
    places = {(item.epoch, item.region, item.sequence) for item in state.history}
    known = {
        (each.epoch, each.region, each.first_sequence + offset) for each in here for offset in range(len(each.events))
    }
    assert places <= known
    assert places.isdisjoint((item.epoch, item.region, item.sequence) for item in state.superseded)
    assert len(places) + len(state.superseded) == len(known)


@given(st.data(), histories())
def test_the_fold_reads_what_an_independent_reading_of_the_rules_reads(
    data: st.DataObject, written: tuple[Segment, ...]
) -> None:
    here = data.draw(st.sampled_from([list(written), data.draw(parts_of(written))]))
    state, reading = fold(here), oracle.read(here)
    if state is None or reading is None:
        assert (state, reading) == (None, None)
        return
    told = [((item.epoch, item.region, item.sequence), item.event) for item in state.history]
    assert told[: len(reading.events)] == list(reading.events)
    assert state.complete == reading.whole
    assert state.finished == (reading.end is not None)
    ended = {event.step: event for event in reversed(reading.steps)}
    assert dict(state.steps) == ended


@given(histories())
def test_a_worker_that_may_run_the_job_knows_all_of_its_history(written: tuple[Segment, ...]) -> None:
    state = fold(written)
    assert state is not None
    if state.complete:
        last = state.history[-1]
        newest = max(item.epoch for item in written)
        assert (last.epoch, state.epoch) == (newest, newest)
        assert state.owner_region == last.region
        assert segment(newest, last.region, last.sequence + 1, step("next")).first_sequence not in {
            item.first_sequence for item in written if (item.epoch, item.region) == (newest, last.region)
        }
