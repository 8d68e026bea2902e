"""Token counts are an approximation, but a consistent one."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from localstack.model.tokens import count_prompt_tokens, count_tokens, first_tokens


def test_prose_has_about_four_characters_a_token() -> None:
    prose = "The licensee may choose which of the two licences is to apply to the work as a whole. " * 20
    assert 3.5 < len(prose) / count_tokens(prose) < 6


def test_words_signs_and_blanks_are_counted_as_documented() -> None:
    assert count_tokens("") == 0
    assert count_tokens("  \n ") == 0
    assert count_tokens("sixsix") == 1
    assert count_tokens("seven77") == 2
    assert count_tokens(json.dumps({"a": 1})) == 7


def test_each_message_costs_its_frame() -> None:
    assert count_prompt_tokens(["one", "two"]) == 2 + 2 * 4


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_a_cut_text_is_a_beginning_within_the_limit_and_one_within_it_is_whole(text: str, limit: int) -> None:
    cut = first_tokens(text, limit)
    assert text.startswith(cut)
    assert count_tokens(cut) <= limit
    assert cut == text or count_tokens(text) > limit


@given(st.text(), st.text())
def test_parts_have_at_least_as_many_tokens_as_their_whole(one: str, other: str) -> None:
    assert count_tokens(one + other) <= count_tokens(one) + count_tokens(other)
