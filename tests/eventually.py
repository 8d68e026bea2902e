"""The one place where a test may wait in real time: asks again until the answer is right or the time is up.

Tests of the local cloud watch real processes, so they cannot advance a clock. They say "within 30 s" instead of
sleeping, go on at once when it holds, and on failure show what was seen last.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")
LONGEST_PAUSE_SECONDS = 0.3


def eventually(
    observe: Callable[[], Seen],
    holds: Callable[[Seen], object] = bool,
    *,
    within: float = 30,
    every: float = 0.02,
    what: str = "",
) -> Seen:
    """What `observe` returned when it first held; fails with the last value when `within` seconds are over.

    Between two looks `every` seconds pass at first, then more and more: looking takes the CPU that is waited for.
    """
    deadline = time.monotonic() + within
    longest = max(every, LONGEST_PAUSE_SECONDS)
    while True:
        seen = observe()
        if holds(seen):
            return seen
        if time.monotonic() >= deadline:
            expected = f": {what}" if what else ""
            raise AssertionError(f"not within {within:g} s{expected}; last seen: {seen!r}")
        time.sleep(every)
        every = min(1.2 * every, longest)
