"""Turns of a session: when they are held, what is said of them, what is told of their ends."""

from typing import Any

import pytest

from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.decider import (
    ARRIVED,
    Decision,
    Enlist,
    Fail,
    Heed,
    Ignore,
    Run,
    Succeed,
    Wait,
    decide_advance,
)
from functions.domain.job.events import (
    CancelRequested,
    Event,
    JobAdmitted,
    JobPaused,
    Json,
    ProgressReported,
    StepSucceeded,
)
from functions.domain.job.state import JobState, fold
from functions.domain.job.turns import (
    asked_body,
    asked_name,
    end_place,
    ended_among,
    ended_body,
    ended_name,
    is_held,
    known_ends,
    knows_of,
    merged_ids,
    told_alike,
)
from tests.unit.domain.job.writing import EAST, JOB, adopted, at, segment, started, submitted, succeeded

SESSION: dict[str, Json] = {"name": "s", "on_busy": "merge"}


def turn(*events: Event, **fields: Any) -> JobState:
    state = fold([segment(1, EAST, 1, submitted(session=SESSION, **fields), *events)])
    assert state is not None
    return state


def signal(name: str, body: Json = None, seconds: float = 1) -> Arrival:
    return Arrival(job_id=JOB, region=EAST, kind=ArrivalKind.SIGNAL, name=name, at=at(seconds), by="session", body=body)


def admitted(*memory: Json, seconds: float = 1) -> JobAdmitted:
    return JobAdmitted(at=at(seconds), arrival="signal/session.admit/s", memory=list(memory))


def remembered(role: str, content: Json) -> StepSucceeded:
    said: dict[str, Json] = {"role": role, "content": content}
    step = f"remember-{content}"
    return StepSucceeded(at=at(2), step=step, step_kind="remember", arguments="a", result=said)


def decide(state: JobState, *news: Arrival, seconds: float = 2, reason: str = ARRIVED) -> Decision:
    return decide_advance(state, region=EAST, epoch=1, now=at(seconds), news=news, reason=reason)


ADMIT, REFUSE = signal("session.admit/s", {"memory": []}), signal("session.refuse/s", "busy", 0.5)
MERGED = signal("session.merged/s", {"merged_into": "job_b"}, 0.7)


def test_a_turn_does_not_run_before_its_session_has_admitted_it() -> None:
    assert is_held(turn())
    assert decide(turn(), reason="due") == decide(turn(), signal("session.merge/x")) == Enlist()
    assert decide(turn(), ADMIT) == Heed((ADMIT,))
    assert decide(turn(admitted())) == Run()
    assert not is_held(turn(admitted()))


def test_a_turn_that_is_refused_fails_and_one_that_was_merged_succeeds_without_running() -> None:
    assert decide(turn(), REFUSE) == Fail("session_busy", "busy")
    assert decide(turn(), MERGED) == Succeed({"merged_into": "job_b"})


@pytest.mark.parametrize("others", [(REFUSE,), (MERGED,), (REFUSE, MERGED)])
def test_an_admission_comes_before_whatever_else_was_said(others: tuple[Arrival, ...]) -> None:
    assert decide(turn(), *others, ADMIT) == Heed((ADMIT,))


def test_a_held_turn_keeps_its_delay_its_deadline_and_its_pause() -> None:
    assert decide(turn(run_at=at(60)), ADMIT) == Wait(at(60))
    assert isinstance(decide(turn(deadline=at(1)), ADMIT), Fail)
    assert isinstance(decide(turn(JobPaused(at=at(1), by="ann", arrival="pause/p")), ADMIT), Wait)


def test_a_hint_that_something_arrived_starts_a_turn_once() -> None:
    assert isinstance(decide(turn(admitted(), started())), Ignore)


def test_a_turn_asks_anew_under_each_epoch_and_offers_its_input_only_where_it_may_be_merged() -> None:
    first = turn(input={"words": "hello"})
    taken_over = fold(
        [segment(1, EAST, 1, submitted(session=SESSION)), segment(2, "us-west-2", 2, adopted(1, EAST, 1))]
    )
    assert taken_over is not None
    assert (asked_name(JOB, first), asked_name(JOB, taken_over)) == (
        f"session.mail/{JOB}.asked.1",
        f"session.mail/{JOB}.asked.2",
    )
    assert asked_body(JOB, first) == {"kind": "asked", "turn": JOB, "on_busy": "merge", "input": {"words": "hello"}}
    for large in ("x" * 17_000, {"$payload": {"sha256": "a" * 64, "bytes": 200_000}}):
        assert asked_body(JOB, turn(input=large)) == {"kind": "asked", "turn": JOB, "on_busy": "merge"}


def test_a_turn_that_remembers_nothing_is_remembered_by_its_input_and_its_result() -> None:
    end = ended_body(JOB, turn(admitted(), started(), succeeded("hi", 2), input="hello"), ())
    assert end == {
        "kind": "ended",
        "turn": JOB,
        "place": f"1.{EAST}.4",
        "status": "succeeded",
        "merged": [],
        "remembered": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}],
        "result": "hi",
    }


def test_a_turn_is_remembered_by_what_it_says_itself_even_after_it_began_anew() -> None:
    end = ended_body(JOB, turn(admitted(), remembered("user", "a"), remembered("user", "b"), succeeded("hi", 2)), ())
    assert isinstance(end, dict)
    assert end["remembered"] == [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]


def test_a_turn_that_was_never_admitted_has_no_part_in_the_memory() -> None:
    state = turn(CancelRequested(at=at(1), by="ann", reason="no", arrival="cancel/c"), input="hello")
    end = ended_body(JOB, state, ())
    assert isinstance(end, dict)
    assert end["remembered"] == []


def test_what_was_merged_is_remembered_with_the_turn_that_took_it_in() -> None:
    taken = StepSucceeded(
        at=at(2), step="merged", step_kind="merged", arguments="a", result=None, arrival="signal/session.merge/job_b"
    )
    state = turn(admitted(), started(), taken, succeeded("hi", 3), input="hello")
    others = (signal("session.merge/job_b", {"turn": "job_b", "input": "too"}), signal("session.merge/job_c", {}))
    end = ended_body(JOB, state, others)
    assert isinstance(end, dict)
    assert merged_ids(state) == end["merged"] == ["job_b"]
    entries = end["remembered"]
    assert isinstance(entries, list)
    assert [each["content"] for each in entries if isinstance(each, dict)] == ["hello", "too", "hi"]


def test_a_session_was_told_of_an_end_by_the_first_mail_about_that_turn() -> None:
    state = turn(admitted(), succeeded("hi", 3))
    mails = (
        signal(f"session.mail/{JOB}.ended.2", 2, 9),
        signal(ended_name(JOB, state), 1, 5),
        signal("session.mail/b.ended.1"),
    )
    told = ended_among(mails, JOB)
    assert told is not None
    assert told.body == 1
    assert ended_among(mails, "job_c") is None


def mail(body: Json, name: str, seconds: float = 1) -> Arrival:
    return signal(f"session.mail/{JOB}.ended.{name}", body, seconds)


def forked() -> tuple[JobState, JobState, JobState]:
    """A turn that the east ran to its end, and the west too after it had adopted it; how each saw it, and both."""
    begun = segment(1, EAST, 1, submitted(session=SESSION), admitted())
    here = segment(1, EAST, 3, started(), succeeded("hi", 3))
    there = segment(2, "us-west-2", 3, adopted(1, EAST, 2), started(), succeeded("hello", 3))
    states = (fold([begun, here]), fold([begun, there]), fold([begun, here, there]))
    east, west, both = (state for state in states if state is not None)
    return east, west, both


def test_each_of_several_ends_of_a_turn_has_a_mail_of_its_own_and_one_counts() -> None:
    east, west, both = forked()
    assert (end_place(east), end_place(west), end_place(both)) == ("1.us-east-1.4", "2.us-west-2.5", "2.us-west-2.5")
    assert known_ends(both) == {"1.us-east-1.4", "2.us-west-2.5"}
    mails = [mail(ended_body(JOB, state, ()), end_place(state)) for state in (east, west)]
    assert ended_name(JOB, both) == mails[1].name
    assert told_alike(mails, JOB, both, ended_body(JOB, both, ())) == mails[1]
    assert told_alike(mails[:1], JOB, both, ended_body(JOB, both, ())) is None, "the other one has to be told, too"


def test_ends_by_which_a_session_goes_on_alike_are_told_once() -> None:
    east, _, _ = forked()
    body = ended_body(JOB, east, ())
    assert isinstance(body, dict)
    elsewhere = mail({**body, "place": "1.us-west-2.4"}, "1.us-west-2.4")
    assert told_alike([elsewhere], JOB, east, body) == elsewhere
    assert told_alike([mail({**elsewhere.body, "remembered": []}, "x")], JOB, east, body) is not None  # type: ignore[dict-item]


def test_a_turn_that_has_ended_as_its_session_was_told_needs_no_other_mail_though_it_knows_less() -> None:
    begun = segment(1, EAST, 1, submitted(session=SESSION))
    late = segment(1, EAST, 4, started(), succeeded("hi", 3))  # what led there is lost
    again = segment(2, "us-west-2", 2, adopted(1, EAST, 1), succeeded("hi", 5))
    state = fold([begun, late, again])
    assert state is not None
    assert known_ends(state) == {"2.us-west-2.3"}
    told = mail({**forked()[0].end, "place": "1.us-east-1.5", "remembered": [{"role": "user"}]}, "1.us-east-1.5")
    assert told_alike([told], JOB, state, ended_body(JOB, state, ())) == told
    other = mail({"status": "cancelled", "place": "1.us-east-1.5"}, "1.us-east-1.5")
    assert told_alike([other, signal("session.mail/job_b.ended.1")], JOB, state, ended_body(JOB, state, ())) is None


@pytest.mark.parametrize(
    ("shown", "knows"),
    [
        ({"running": "t", "queued": [], "offered": []}, True),
        ({"running": None, "queued": ["t"], "offered": []}, True),
        ({"running": None, "queued": [], "offered": ["t"]}, True),
        ({"running": "u", "queued": ["v"], "offered": []}, False),
        (None, False),
    ],
)
def test_a_session_knows_of_the_turns_that_it_shows(shown: Json, knows: bool) -> None:
    events = () if shown is None else (ProgressReported(at=at(1), step="progress", note=shown),)
    session = fold([segment(1, EAST, 1, submitted(agent="session"), *events)])
    assert session is not None
    assert knows_of(session, "t") is knows


def test_a_turn_that_was_adopted_and_ended_as_told_without_running_is_no_other_end_than_the_one_told() -> None:
    """The lost Region's own end comes back later, and does not count; what it remembered does."""
    begun = segment(1, EAST, 1, submitted(session=SESSION))
    here = segment(1, EAST, 2, admitted(), started(), succeeded("hi", 3))
    there = segment(2, "us-west-2", 2, adopted(1, EAST, 1), succeeded("hi", 5))
    alone, both = fold([begun, here]), fold([begun, here, there])
    assert alone is not None
    assert both is not None
    told = mail(ended_body(JOB, alone, ()), end_place(alone))
    assert known_ends(both) == {"1.us-east-1.4", "2.us-west-2.3"}
    assert told_alike([told], JOB, both, ended_body(JOB, both, ())) == told
