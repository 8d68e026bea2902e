"""How much of a long row of like cases a test tries: `make test` a sample of them, `make test-long` all.

For stories that differ in one place only, the call at which a process dies or the seed: each of them costs what a whole
story does, and a mistake that one of them shows most of them show (docs/decisions/0060).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

Case = TypeVar("Case")

ALL = os.environ.get("IN_DEPTH") == "1"


def some_of(cases: Sequence[Case], every: int) -> Sequence[Case]:
    """Return each `every`-th case, the first among them; in depth all."""
    return cases if ALL else cases[::every]


def every(places: int) -> int:
    """Return how far to go from place to place: so many; in depth one."""
    return 1 if ALL else places
