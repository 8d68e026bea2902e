"""The one place where a test may wait in real time: asks again until the answer is right or the time is up.

Tests of the local cloud watch real processes, so they cannot advance a clock. They say "within ten seconds" instead of
sleeping, go on at once when it holds, and on failure show what was seen last.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def eventually(
    observe: Callable[[], Seen],
    holds: Callable[[Seen], object] = bool,
    *,
    within: float = 10,
    every: float = 0.02,
    what: str = "",
) -> Seen:
    """What `observe` returned when it first held; fails with the last value when `within` seconds are over."""
    deadline = time.monotonic() + within
    while True:
        seen = observe()
        if holds(seen):
            return seen
        if time.monotonic() >= deadline:
            expected = f": {what}" if what else ""
            raise AssertionError(f"not within {within:g} s{expected}; last seen: {seen!r}")
        time.sleep(every)
