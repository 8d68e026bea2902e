"""What one stream record says, free of any service client: the vocabulary that the other parts of the link share.

A version orders the writes to one item across both Regions (last writer wins): the millisecond of the write, then the
name of the Region as the tie-break, so that both sides decide alike.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

Image = Mapping[str, Any]
"""An item in DynamoDB's own JSON: attribute name -> {type: value}."""

ABSENT = 0
"""Fingerprint of an item that does not exist."""

_SETS = ("SS", "NS", "BS")

_MILLISECONDS_IN_SEQUENCE = 20
"""The emulator's sequence numbers start with the millisecond of the write, in this many digits, then count."""


class Version(NamedTuple):
    """Later wins; two writes in the same millisecond are ordered by the name of their Region."""

    milliseconds: int
    region: str


@dataclass(frozen=True, slots=True)
class Change:
    """One write to one item, as its Region's stream tells it."""

    table: str
    key: Image
    old: Image | None
    new: Image | None
    version: Version
    sequence: str
    by_service: bool = False
    """True where the table itself deleted an expired item: no client of either Region wrote it."""
    position: int = 0
    """Place in the reading order of its stream; a version alone cannot order two writes of one millisecond."""
    fingerprint: int = ABSENT
    size: int = 0
    """About how many bytes it holds in memory."""

    @property
    def item(self) -> tuple[str, str]:
        """Names the item: table and key."""
        return self.table, key_text(self.key)


def parse_record(table: str, region: str, record: Mapping[str, Any], position: int = 0) -> Change:
    """Read one entry of a GetRecords answer."""
    body = record["dynamodb"]
    identity = record.get("userIdentity") or {}
    new_text = _image_text(body.get("NewImage"))
    return Change(
        table=table,
        key=body["Keys"],
        old=body.get("OldImage"),
        new=body.get("NewImage"),
        version=Version(_milliseconds(body), region),
        sequence=body["SequenceNumber"],
        by_service=identity.get("Type") == "Service",
        position=position,
        fingerprint=_digest(new_text),
        size=2 * len(new_text) + 1_000,
    )


def key_text(key: Image) -> str:
    """One spelling for one key, short enough to keep by the hundred thousand and to read in a report."""
    return "|".join(str(value) for _, typed in sorted(key.items()) for value in typed.values())


def fingerprint(image: Image | None) -> int:
    """64 bits that tell images apart, whatever the order of their attributes or of the members of a set."""
    return _digest(_image_text(image))


def _image_text(image: Image | None) -> str:
    return "" if image is None else json.dumps(_canonical(image), sort_keys=True, separators=(",", ":"))


def _digest(text: str) -> int:
    if not text:
        return ABSENT
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") or 1


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: sorted(map(str, inner)) if name in _SETS and isinstance(inner, list) else _canonical(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_canonical(inner) for inner in value]
    return value.hex() if isinstance(value, bytes) else value


def _milliseconds(body: Mapping[str, Any]) -> int:
    sequence = str(body["SequenceNumber"])
    if sequence.isdigit() and len(sequence) == _MILLISECONDS_IN_SEQUENCE + 10:
        return int(sequence[:_MILLISECONDS_IN_SEQUENCE])
    moment = body["ApproximateCreationDateTime"]
    seconds = moment.timestamp() if isinstance(moment, datetime) else float(moment)
    return round(seconds * 1000)
