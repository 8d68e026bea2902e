"""Events in their JSON form, which must stay readable for ever."""

import json
from dataclasses import MISSING, fields
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.job.events import (
    Event,
    JobSubmitted,
    JobSucceeded,
    JobWaiting,
    SubmissionWithdrawn,
    UnreadableEvent,
    decode,
    encode,
    from_json,
    to_json,
)

KINDS: tuple[type[Event], ...] = get_args(Event)
NAMES = [
    "admitted",
    "adopted",
    "attempt_failed",
    "attempt_started",
    "attempt_yielded",
    "cancel_requested",
    "cancelled",
    "continued",
    "failed",
    "handed_over",
    "paused",
    "progress",
    "redriven",
    "resumed",
    "step_attempt_failed",
    "step_failed",
    "step_succeeded",
    "stopped",
    "submitted",
    "succeeded",
    "wait_opened",
    "waiting",
    "withdrawn",
]
words = st.text(st.characters(codec="utf-8"), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
VALUES: dict[str, st.SearchStrategy[object]] = {
    "int": st.integers(0, 10**9),
    "float": st.floats(0, 1e6),
    "Json": json_values,
    "dict[str, Json] | None": st.none() | st.dictionaries(words, json_values, max_size=3),
    "list[str] | None": st.none() | st.lists(words, max_size=3),
    "bool | None": st.none() | st.booleans(),
    "str | None": st.none() | words,
    "str": words,
}


@st.composite
def events(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from(KINDS))
    values = {}
    for field in fields(kind):
        name = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", "Json")
        values[field.name] = draw(VALUES.get(name, VALUES["str"]))
    values |= {field.name: draw(json_values) for field in fields(kind) if field.name in ("input", "note", "result")}
    return kind(**values)  # type: ignore[arg-type]  # each value was drawn for its field


@given(st.lists(events(), max_size=4))
def test_what_was_written_is_read_back(written: list[Event]) -> None:
    assert decode(encode(written)) == tuple(written)


def test_every_kind_of_event_has_a_name_of_its_own() -> None:
    assert len({kind.kind for kind in KINDS}) == len(KINDS)


def test_the_form_is_compact_and_leaves_out_what_is_optional_and_missing() -> None:
    assert encode([SubmissionWithdrawn(at="2026-11-21T12:00:00.000Z")]) == (
        '[{"kind":"withdrawn","at":"2026-11-21T12:00:00.000Z"}]'
    )
    optional = {field.name for field in fields(JobSubmitted) if field.default is not MISSING}
    submitted = JobSubmitted(
        at="t", tenant="a", agent="b", agent_version="1", lane="standard", input=None, body_digest="d"
    )
    assert optional.isdisjoint(to_json(submitted))
    assert to_json(submitted)["input"] is None


def test_every_kind_is_drawn_and_the_names_of_those_that_are_written_never_change() -> None:
    assert sorted(kind.kind for kind in KINDS) == NAMES


def test_an_event_of_before_a_field_was_added_is_read_without_it() -> None:
    assert from_json({"kind": "waiting", "at": "t", "until": "u"}) == JobWaiting(at="t", until="u", awaits=None)


def test_a_field_that_a_newer_version_added_is_passed_over() -> None:
    body = {**to_json(JobSucceeded(at="t", result=1)), "mood": "cheerful"}
    assert from_json(body) == JobSucceeded(at="t", result=1)


def test_a_kind_of_event_that_this_version_does_not_know_is_refused_with_the_reason() -> None:
    with pytest.raises(UnreadableEvent, match="a newer version of Antipode wrote this history"):
        decode(json.dumps([{"kind": "teleported", "at": "t"}]))
    with pytest.raises(UnreadableEvent, match="a newer version of Antipode wrote this history"):
        decode(json.dumps([{"kind": "succeeded", "at": "t", "outcome": 1}]))
