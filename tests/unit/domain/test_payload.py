"""References: told from every value that an author or a client can think of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.payload import (
    LARGEST_PAYLOAD_BYTES,
    MARK,
    PayloadReference,
    as_inline,
    decode_value,
    encode_value,
    from_inline,
    reference_in,
    reference_sent,
    size_of_value,
)

HASH = "ab" * 32
REFERENCE: Json = {MARK: {"sha256": HASH, "bytes": 7}}
NAMES = st.sampled_from([MARK, "inline", "sha256", "bytes", "durability", "a"])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.just(HASH), st.just("local"))
VALUES: st.SearchStrategy[Json] = st.recursive(
    LEAVES, lambda part: st.lists(part, max_size=3) | st.dictionaries(NAMES, part, max_size=3), max_leaves=8
)


@given(VALUES)
def test_whatever_a_value_looks_like_it_is_recorded_and_read_back_as_itself(value: Json) -> None:
    recorded = as_inline(value)
    assert reference_in(recorded) is None
    assert from_inline(recorded) == value


@pytest.mark.parametrize("local", [True, False])
def test_a_reference_is_read_back_from_what_was_recorded(local: bool) -> None:
    reference = PayloadReference(HASH, 7, local)
    assert reference_in(reference.to_json()) == reference


@pytest.mark.parametrize("value", [REFERENCE, {MARK: {"inline": 1}}, {MARK: None}, {MARK: 3}])
def test_an_object_with_that_one_key_alone_is_wrapped(value: Json) -> None:
    assert as_inline(value) == {MARK: {"inline": value}}


@pytest.mark.parametrize("value", [{"a": 1}, {MARK: {"sha256": HASH, "bytes": 7}, "a": 1}, [REFERENCE], "x", None])
def test_every_other_value_is_recorded_as_it_is(value: Json) -> None:
    assert as_inline(value) is value


def test_a_client_sends_a_reference_a_value_or_a_wrapped_value() -> None:
    assert reference_sent(REFERENCE, "input") == PayloadReference(HASH, 7)
    assert reference_sent({"steps": 3}, "input") is None
    assert reference_sent({MARK: {"inline": REFERENCE}}, "input") is None


@pytest.mark.parametrize(
    "marked",
    [
        None,
        3,
        {},
        {"sha256": HASH},
        {"sha256": HASH.upper(), "bytes": 7},
        {"sha256": HASH, "bytes": 0},
        {"sha256": HASH, "bytes": True},
        {"sha256": HASH, "bytes": LARGEST_PAYLOAD_BYTES + 1},
        {"sha256": HASH, "bytes": 7, "durability": "local"},
        {"inline": 1, "bytes": 7},
    ],
)
def test_a_malformed_reference_of_a_client_is_named(marked: Json) -> None:
    with pytest.raises(AntipodeError) as caught:
        reference_sent({MARK: marked}, "input")
    assert (caught.value.code, caught.value.field) == ("invalid_body", "input.$payload")


@given(VALUES)
def test_a_value_is_read_back_from_its_bytes(value: Json) -> None:
    data = encode_value(value, "a value")
    assert decode_value(data, "a value") == value
    assert size_of_value(value, "a value") == len(data)


def nested_too_deeply() -> Json:
    value: Json = []
    for _ in range(200_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), "\ud800", {1, 2}, object(), {"a": b"x"}],
    ids=["nan", "infinity", "half a character", "set", "object", "bytes"],
)
def test_what_is_not_json_is_one_final_error(value: object) -> None:
    with pytest.raises(AntipodeError, match="the result of step 'a' cannot be written as JSON") as caught:
        encode_value(value, "the result of step 'a'")  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.row.retryable) == ("value_not_serialisable", False)


def test_what_is_nested_without_end_is_one_final_error() -> None:
    with pytest.raises(AntipodeError) as caught:
        encode_value(nested_too_deeply(), "a value")
    assert caught.value.code == "value_not_serialisable"


def test_a_value_of_more_than_100_mb_is_one_final_error_that_names_both_sizes() -> None:
    largest = "x" * (LARGEST_PAYLOAD_BYTES - 2)
    assert size_of_value(largest, "a value") == LARGEST_PAYLOAD_BYTES
    with pytest.raises(AntipodeError, match="a value has 100,000,001 bytes, the limit is 100,000,000") as caught:
        encode_value(largest + "x", "a value")
    assert (caught.value.code, caught.value.row.retryable) == ("value_too_large", False)


@pytest.mark.parametrize("data", [b"", b"{", b"NaN", b"[Infinity]", b"\xff", b"[" * 200_000])
def test_bytes_that_are_not_json_are_one_final_error(data: bytes) -> None:
    with pytest.raises(AntipodeError, match="input is not JSON") as caught:
        decode_value(data, "input")
    assert (caught.value.code, caught.value.field, caught.value.row.retryable) == ("invalid_json", "input", False)
