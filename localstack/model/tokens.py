"""Token counts without a tokenizer: an approximation, always the same for the same text.

A run of letters or digits counts one token for every six characters begun, every other visible character counts one,
and white space counts nothing. For English prose this gives about four characters a token, as tokenizers of current
models do; it is no model's own count, so use it to compare and to budget, not to bill.
"""

import re
from collections.abc import Iterable
from typing import Final

CHARACTERS_PER_TOKEN: Final = 6
MESSAGE_OVERHEAD: Final = 4
"""The role and the separators around each message."""

_PIECE = re.compile(r"\w+|[^\w\s]")


def count_tokens(text: str) -> int:
    """How many tokens a text has."""
    return sum(_weight(match[0]) for match in _PIECE.finditer(text))


def count_prompt_tokens(contents: Iterable[str]) -> int:
    """How many tokens the messages of a prompt have together."""
    return sum(count_tokens(content) + MESSAGE_OVERHEAD for content in contents)


def first_tokens(text: str, limit: int) -> str:
    """The beginning of a text that has at most that many tokens."""
    taken = 0
    for match in _PIECE.finditer(text):
        room = limit - taken
        weight = _weight(match[0])
        if weight > room:
            return text[: match.start() + room * CHARACTERS_PER_TOKEN] if room else text[: match.start()].rstrip()
        taken += weight
    return text


def _weight(piece: str) -> int:
    return -(-len(piece) // CHARACTERS_PER_TOKEN)
