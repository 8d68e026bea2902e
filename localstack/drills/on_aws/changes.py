"""The undo record: everything that a drill is going to change, and how each was before. Plain values.

It is written down before the first change is made, so that whoever finds it can put everything back, knowing nothing of
the drill.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeAlias

#: What something was like before, as JSON knows it.
Before: TypeAlias = str | int | bool | None


class Kind(StrEnum):
    """What is changed."""

    MAPPING = "event source mapping"
    CONCURRENCY = "reserved concurrency"
    QUEUE_POLICY = "queue policy"
    HEALTH_CHECK = "health check"
    EXPERIMENT = "FIS experiment"
    ERRORS = "FIS experiment of errors"
    DELAYS = "FIS experiment of delays"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a fault changes. `resource` is what AWS calls it: a UUID, a name, a URL, an id."""

    kind: Kind
    region: str
    resource: str
    before: Before

    def told(self) -> str:
        """Say it in a few words."""
        return f"{self.kind} {self.resource} in {self.region}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One drill's undo record. `faults` has the changes of each of its faults, in their order."""

    drill_id: str
    drill: str
    hit: str
    faults: tuple[tuple[Change, ...], ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """All of them, the last first: they are put back in the reverse order."""
        return tuple(change for fault in reversed(self.faults) for change in reversed(fault))

    def of_fault(self, number: int) -> tuple[Change, ...]:
        """Return the changes of one fault, in the order in which they are made."""
        return self.faults[number]

    def to_json(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Read back what `to_json` gave."""
        data: Mapping[str, Any] = json.loads(text)
        faults = tuple(
            tuple(Change(Kind(row["kind"]), row["region"], row["resource"], row["before"]) for row in fault)
            for fault in data["faults"]
        )
        return cls(drill_id=data["drill_id"], drill=data["drill"], hit=data["hit"], faults=faults)
