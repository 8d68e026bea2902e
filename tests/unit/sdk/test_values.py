"""Between Python values and JSON."""

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from functions.domain.errors import AntipodeError
from functions.sdk.values import from_json, parse_answer, schema_of, to_json

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=6,
)


class Point(BaseModel):
    """A type to read."""

    x: int
    y: int = 0


@given(json_values)
def test_json_stays_what_it_is(value: Any) -> None:
    assert to_json(value, "it") == value
    assert from_json(Any, to_json(value, "it"), "invalid_body", "it") == value


def test_a_value_is_read_as_its_type_and_a_wrong_one_named() -> None:
    assert from_json(Point, {"x": 1}, "invalid_body", "input") == Point(x=1)
    with pytest.raises(AntipodeError, match=r"^input\.x: ") as caught:
        from_json(Point, {"x": "one"}, "invalid_body", "input")
    assert (caught.value.code, caught.value.field) == ("invalid_body", "input.x")


def test_half_a_character_is_refused_where_values_are_read() -> None:
    with pytest.raises(AntipodeError):
        from_json(Any, "\ud800", "invalid_body", "input")


def test_a_type_with_bounds_of_its_own_is_read_by_them() -> None:
    bounded = Annotated[int, Field(ge=1)]
    assert from_json(bounded, 1, "invalid_body", "input") == 1
    with pytest.raises(AntipodeError):
        from_json(bounded, 0, "invalid_body", "input")
    assert schema_of(bounded) == {"minimum": 1, "type": "integer"}


@pytest.mark.parametrize(
    "text", ['{"x": 1, "y": 2}', 'Sure: {"x": 1, "y": 2}.', '```json\n{"x": 1, "y": 2}\n```', ' {"x": 1, "y": 2} ']
)
def test_an_answer_is_found_within_prose(text: str) -> None:
    assert parse_answer(Point, text) == Point(x=1, y=2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the answer holds no JSON object"),
        ("} {", "the answer holds no JSON object"),
        ('{"x": "one"}', "x: Input should be a valid integer"),
        ('{"y": 1}', "x: Field required"),
        ('{"x": 1', "the answer holds no JSON object"),
        ("{x: 1}", "Invalid JSON"),
    ],
)
def test_a_wrong_answer_says_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_answer(Point, text)
