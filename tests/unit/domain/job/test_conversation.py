"""Which entries of a conversation fit, and how large ones are cut."""

from hypothesis import given
from hypothesis import strategies as st

from functions.domain.job.conversation import (
    LARGEST_ENTRY_BYTES,
    bytes_of,
    entries_within,
    entry,
    newest_entries,
    tokens_in,
)
from functions.domain.job.events import Json

ENTRIES = st.lists(st.text(max_size=40).map(lambda text: entry("user", text)), max_size=20)


@given(ENTRIES, st.integers(0, 400))
def test_what_fits_is_the_longest_end_of_the_conversation_within_the_bound(
    entries: list[dict[str, Json]], bound: int
) -> None:
    chosen = newest_entries(entries, bound)
    assert chosen == entries[len(entries) - len(chosen) :]
    size = sum(bytes_of(each) + 1 for each in chosen)
    assert size <= bound
    if len(chosen) < len(entries):
        assert size + bytes_of(entries[-len(chosen) - 1]) + 1 > bound


@given(ENTRIES, st.integers(0, 60))
def test_of_the_tokens_too(entries: list[dict[str, Json]], bound: int) -> None:
    chosen = entries_within(entries, bound)
    assert chosen == entries[len(entries) - len(chosen) :]
    assert sum(tokens_in(each["content"]) for each in chosen) <= bound


def test_a_token_is_four_characters_and_an_entry_at_least_one() -> None:
    contents: list[Json] = ["", "abcd", "abcde", {"a": 1}, None]
    assert [tokens_in(content) for content in contents] == [1, 1, 2, 2, 1]


@given(st.text(min_size=3_000, max_size=3_000).map(lambda text: text * 8))
def test_what_is_too_large_is_cut_and_says_so(text: str) -> None:
    kept = entry("user", text)
    if bytes_of(text) <= LARGEST_ENTRY_BYTES:
        assert kept["content"] == text
    else:
        assert bytes_of(kept) < 4 * LARGEST_ENTRY_BYTES
        assert str(kept["content"]).endswith(f"(cut: it has {len(text.encode())} bytes)")


def test_a_payload_is_named_by_its_size_and_an_ordinary_object_that_looks_like_one_is_itself() -> None:
    assert entry("user", {"$payload": {"sha256": "a" * 64, "bytes": 5}})["content"] == "(a payload of 5 bytes)"
    assert entry("user", {"$payload": {"inline": {"$payload": 1}}})["content"] == {"$payload": 1}
