"""What the histories tell of an audit: its reviews, its open questions, and how far it was when a Region was lost."""

from __future__ import annotations

from functions.agents.release_audit import AuditRequest
from functions.domain.job.events import (
    Event,
    JobAdopted,
    JobSubmitted,
    JobSucceeded,
    Json,
    StepSucceeded,
    WaitOpened,
)
from functions.domain.job.history import Segment
from functions.domain.job.state import JobState, fold
from functions.domain.moments import to_datetime
from localstack.demo.audits import (
    PLANS,
    decided_in,
    note_the_loss,
    open_questions,
    review_seen,
    reviews_of,
)
from localstack.demo.observations import AuditSeen

FIRST, SECOND = "us-east-1", "us-west-2"
AT = "2026-01-01T00:00:00.000Z"
LATER = "2026-01-01T00:00:30.000Z"
ZERO = to_datetime(AT).timestamp()
DONE = JobSucceeded(at=LATER, result={})


def submitted(value: Json, parent: str | None = None) -> JobSubmitted:
    link: dict[str, Json] | None = None if parent is None else {"job_id": parent, "step": "s", "chain": []}
    return JobSubmitted(
        at=AT, tenant="t", agent="a", agent_version="1", lane="standard", input=value, body_digest="d", parent=link
    )


def job(*segments: tuple[int, str, int, tuple[Event, ...]]) -> JobState:
    state = fold(Segment("j", epoch, region, place, events) for epoch, region, place, events in segments)
    assert state is not None
    return state


def review(distribution: str, *events: Event) -> JobState:
    return job((1, FIRST, 1, (submitted({"distribution": distribution}, "audit"), *events)))


def asking() -> JobState:
    waits = [
        WaitOpened(at=AT, step=f"map[{n}]/approval", step_kind="approval", arguments="d", until=LATER) for n in (0, 1)
    ]
    other = WaitOpened(at=AT, step="sleep", step_kind="sleep", arguments="d", until=LATER)
    answer = StepSucceeded(at=AT, step="map[0]/approval", step_kind="approval", arguments="d", result={})
    return job((1, FIRST, 1, (submitted({}), *waits, other, answer)))


def seen() -> AuditSeen:
    return AuditSeen(name="runtime", job_id="audit", distributions=("a", "b"), at=0.0, home_region=FIRST)


def test_every_plan_is_an_input_that_the_agent_takes() -> None:
    for plan in PLANS:
        assert AuditRequest.model_validate(plan.input()).distributions == plan.distributions


def test_the_reviews_of_an_audit_are_the_jobs_that_it_called() -> None:
    states = {"r2": review("b"), "r1": review("A"), "other": job((1, FIRST, 1, (submitted({}),)))}
    assert list(reviews_of(states, "audit")) == ["r1", "r2"]
    assert reviews_of(states, "other") == {}


def test_a_question_is_open_until_it_is_answered() -> None:
    state = asking()
    assert [wait.step for wait in open_questions(state)] == ["map[1]/approval"]
    assert decided_in(state) == ["map[0]/approval"]
    assert (open_questions(None), decided_in(None)) == ([], [])


def test_the_loss_is_noted_with_what_was_open_in_the_lost_region() -> None:
    moved = job(
        (1, FIRST, 1, (submitted({"distribution": "c"}, "audit"),)),
        (2, SECOND, 2, (JobAdopted(at=AT, from_epoch=1, from_region=FIRST, from_sequence=1, reason="r"),)),
    )
    states = {"audit": asking(), "r1": review("a"), "r2": review("b", DONE), "r3": moved}
    audit = seen()
    note_the_loss(audit, states, FIRST)
    assert (audit.questions_at_kill, audit.reviews_at_kill, audit.ended_at_kill) == (1, ("r1",), ("r2",))


def test_an_audit_that_the_lost_region_does_not_know_had_nothing_open() -> None:
    audit = seen()
    note_the_loss(audit, {}, FIRST)
    assert (audit.questions_at_kill, audit.reviews_at_kill) == (0, ())


def test_an_end_counts_also_where_it_does_not_count_any_more() -> None:
    state = job(
        (1, FIRST, 1, (submitted({"distribution": "a"}, "audit"),)),
        (1, FIRST, 2, (DONE,)),
        (2, SECOND, 2, (JobAdopted(at=LATER, from_epoch=1, from_region=FIRST, from_sequence=1, reason="r"), DONE)),
    )
    found = review_seen("r", state, zero=ZERO, loss=None)
    assert (found.distribution, found.ends, found.adopted_at, found.owner_region) == ("a", 2, 30.0, SECOND)
    assert review_seen("r", review("a", DONE), zero=ZERO, loss=None).ends == 1
