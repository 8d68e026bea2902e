"""How a recorded value says that it lies elsewhere: the form of references, which no value of an author can take on.

What is recorded is a value as it is, unless it is an object with the one key `$payload`, which always means us:
`{"$payload": {"sha256": ..., "bytes": ...}}` is a payload, and `{"$payload": {"inline": v}}` is the value v, so that an
author's own object with that one key is told from a reference.
"""

import hashlib
import json
import re
from dataclasses import dataclass

from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json

MARK = "$payload"
#: What is larger is kept as a payload. A DynamoDB item holds 400 KB; a value may have a quarter of that.
INLINE_BYTES = 100_000
LARGEST_PAYLOAD_BYTES = 100_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class PayloadReference:
    """A payload by the SHA-256 of its bytes and their number; `local` while the peer Region is not known to hold it."""

    sha256: str
    size: int
    local: bool = False

    def to_json(self) -> Json:
        """Return it as it is recorded, and as clients send it."""
        durability: dict[str, Json] = {"durability": "local"} if self.local else {}
        return {MARK: {"sha256": self.sha256, "bytes": self.size, **durability}}


def is_sha256(text: str) -> bool:
    """Say whether `text` is a SHA-256 in lower-case hex digits."""
    return _SHA256.fullmatch(text) is not None


def reference_in(value: Json) -> PayloadReference | None:
    """Return the reference that a recorded value is, or None when the value itself is recorded."""
    match _marked(value):
        case {"sha256": str(sha256), "bytes": int(size), **rest} if is_sha256(sha256) and not isinstance(size, bool):
            return PayloadReference(sha256, size, rest.get("durability") == "local")
        case _:
            return None


def as_inline(value: Json) -> Json:
    """Return what to record for a value that is recorded itself."""
    return value if _marked(value) is None else {MARK: {"inline": value}}


def from_inline(recorded: Json) -> Json:
    """Return the value of which `as_inline` made `recorded`."""
    match _marked(recorded):
        case {"inline": value, **rest} if not rest:
            return value
        case _:
            return recorded


def reference_sent(value: Json, field: str) -> PayloadReference | None:
    """Return the reference that a client sent as `field`, or None for a value. Raises AntipodeError invalid_body."""
    marked = _marked(value)
    match marked:
        case None:
            return None
        case {"inline": _, **rest} if not rest:
            return None
        case {"sha256": str(sha256), "bytes": int(size), **rest} if (
            not rest and is_sha256(sha256) and not isinstance(size, bool) and 0 < size <= LARGEST_PAYLOAD_BYTES
        ):
            return PayloadReference(sha256, size)
    forms = f'{{"{MARK}": {{"sha256": <64 hex digits>, "bytes": 1 to {LARGEST_PAYLOAD_BYTES}}}}}'
    detail = (
        f'{field} is no reference to a payload, {forms}; a value that looks like one is {{"{MARK}": {{"inline": ...'
    )
    raise AntipodeError("invalid_body", detail + "}}", field=f"{field}.{MARK}")


def encode_value(value: Json, what: str) -> bytes:
    """Return a value as it is kept. Raises AntipodeError value_not_serialisable, value_too_large; both are final."""
    try:
        data = _write(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise AntipodeError("value_not_serialisable", f"{what} cannot be written as JSON: {error}"[:500]) from error
    if len(data) > LARGEST_PAYLOAD_BYTES:
        limit = f"{LARGEST_PAYLOAD_BYTES:,} bytes"
        raise AntipodeError("value_too_large", f"{what} has {len(data):,} bytes, the limit is {limit}")
    return data


def decode_value(data: bytes, what: str) -> Json:
    """Read a value back. Raises AntipodeError invalid_json: what a client uploaded need not be JSON."""
    try:
        value: Json = json.loads(data.decode(), parse_constant=_no_such_number)
    except (ValueError, RecursionError) as error:
        raise AntipodeError("invalid_json", f"{what} is not JSON: {error}"[:300], field=what) from error
    return value


def size_of_value(value: Json, what: str) -> int:
    """Return how many bytes a value has. Raises what `encode_value` raises."""
    return len(encode_value(value, what))


def digest_of_input(recorded: Json) -> str:
    """Return the SHA-256 of a value, given as it is or as it is recorded."""
    reference = reference_in(recorded)
    if reference is not None:
        return reference.sha256
    return hashlib.sha256(encode_value(from_inline(recorded), "the input")).hexdigest()


def _marked(value: Json) -> Json:
    """Return what stands under the mark, when that is all there is; None when the value is an ordinary one."""
    if not isinstance(value, dict) or len(value) != 1 or MARK not in value:
        return None
    return {} if value[MARK] is None else value[MARK]


def _no_such_number(name: str) -> Json:
    raise ValueError(f"{name} is no number in JSON")
