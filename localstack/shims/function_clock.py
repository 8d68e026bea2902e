"""The clock by which a Region's functions go: by order it is ahead of the others, or behind.

Only what asks for the time by `time.time` and `time.time_ns` is misled, as `functions/` does in one place. What runs
already keeps its clock until it ends. Signatures of requests keep the true time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localstack.shims import peering
from localstack.shims.neighbourhood import Neighbourhood

SUBJECT = "clock"
_BEFORE = """
import time as _antipode_time

def _antipode_skew(true, more):
    return lambda: true() + more

_antipode_time.time = _antipode_skew(_antipode_time.time, SECONDS)
_antipode_time.time_ns = _antipode_skew(_antipode_time.time_ns, round(SECONDS * 1_000_000_000))
"""


@dataclass(slots=True)
class Clock:
    """How far the functions of this process are ahead of the true time."""

    ahead_seconds: float = 0.0

    def change(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out {"ahead_seconds"?}; tell how it stands."""
        self.ahead_seconds = float(order.get("ahead_seconds", self.ahead_seconds))
        return {"ahead_seconds": self.ahead_seconds}

    def before(self) -> str:
        """What the process of a Python function begins with."""
        return _BEFORE.replace("SECONDS", repr(self.ahead_seconds)) if self.ahead_seconds else ""


clock = Clock()


def install(neighbourhood: Neighbourhood) -> None:
    peering.answer(SUBJECT, neighbourhood.region, clock.change)
