"""A conversation's memory: its entries, how many tokens they count for, and which of them fit into a bound.

Tokens are estimated by one rule that needs no model: four characters are a token, and an entry is at least one.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from functions.domain.job.events import Json
from functions.domain.payload import from_inline, reference_in

CHARACTERS_A_TOKEN = 4
#: A session carries so much of its newest memory, and hands it to each turn.
MEMORY_BYTES = 48_000
#: One entry may have so much.
LARGEST_ENTRY_BYTES = 16_000


def entry(role: str, content: Json) -> dict[str, Json]:
    """Return an entry. What is too large for one, as a whole input may be, is cut, and says so at its end."""
    reference = reference_in(content)
    if reference is not None:
        return {"role": role, "content": f"(a payload of {reference.size} bytes)"}
    plain = from_inline(content)
    if bytes_of(plain) <= LARGEST_ENTRY_BYTES:
        return {"role": role, "content": plain}
    text = as_text(plain).encode()
    kept = text[: LARGEST_ENTRY_BYTES // 2].decode(errors="ignore")
    return {"role": role, "content": f"{kept} (cut: it has {len(text)} bytes)"}


def as_text(content: Json) -> str:
    """Return a content as a model would be shown it: a text as it is, anything else as JSON."""
    if isinstance(content, str):
        return content
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def bytes_of(value: Json) -> int:
    """Return how many bytes a value has in the history."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def tokens_in(content: Json) -> int:
    """Return for how many tokens a content counts."""
    return max(1, -(-len(as_text(content)) // CHARACTERS_A_TOKEN))


def newest_entries(entries: Iterable[Mapping[str, Json]], most_bytes: int = MEMORY_BYTES) -> list[dict[str, Json]]:
    """Return the newest entries that together have at most so many bytes, in their order."""
    return _newest([(bytes_of(dict(each)) + 1, dict(each)) for each in entries], most_bytes)


def entries_within(entries: Iterable[Mapping[str, Json]], most_tokens: int) -> list[dict[str, Json]]:
    """Return the newest entries that together count for at most so many tokens, in their order."""
    return _newest([(tokens_in(each["content"]), dict(each)) for each in entries], most_tokens)


def _newest(sized: Sequence[tuple[int, dict[str, Json]]], most: int) -> list[dict[str, Json]]:
    chosen: list[dict[str, Json]] = []
    for size, each in reversed(sized):
        most -= size
        if most < 0:
            break
        chosen.append(each)
    return chosen[::-1]
