"""A queue's mapping begins with some of its workers and gets more only while those are held by long batches.

On AWS a mapping begins with five batches at once and gets five more a second, up to its maximum, while there is a
backlog. The emulator begins with the maximum. On a machine that plays both Regions, and in each of them all services in
one process, a maximum that lets hundreds of long jobs run at once would then have a burst of short ones begin together,
in the way of whatever else the Region does. So here a mapping begins with a quarter of its maximum, and a worker whose
batch has taken a while no longer counts against that: short jobs never get more than the quarter, and long ones, which
mostly wait, get more workers as they hold those that they have.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, wrap

_LAMBDA = "services.lambda_svc"
_LIMIT = Target(_LAMBDA, "_sqs_esm_concurrency", "d3e9d1e865aa0b28")
_DISPATCH = Target(_LAMBDA, "_dispatch_esm_batch", "b91ab76fad0bfaf7")
#: A batch that has taken so long holds its worker.
HELD_SECONDS = 10.0
#: The part of its maximum with which a mapping begins, and the least.
BEGINS_WITH, LEAST = 0.25, 2

Mapping = dict[str, Any]


def install(_: Neighbourhood) -> None:
    growth = Growth()
    wrap(_LIMIT, growth.limited)
    wrap(_DISPATCH, growth.noted)


class Growth:
    """The batches under way of each mapping of a process, and how many there may be now."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._begun: dict[str, dict[object, float]] = {}

    def limited(self, original: Callable[..., int]) -> Callable[..., int]:
        """Return what says how many batches of a mapping may be under way: only its poller asks, before each."""

        def limit(mapping: Mapping, *described: Any) -> int:
            maximum = (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency")
            most = original(mapping, *described)
            return most if maximum is None else min(most, self.allowed(mapping["UUID"], maximum))

        return limit

    def noted(self, original: Callable[..., None]) -> Callable[..., None]:
        """Return what begins a batch in the background, and notes when, until it has ended."""

        def dispatch(mapping: str, run: Callable[..., None], *given: Any) -> None:
            batch, begun = object(), self._begun.setdefault(mapping, {})
            begun[batch] = self._now()

            def run_and_forget(*given: Any) -> None:
                try:
                    run(*given)
                finally:
                    del begun[batch]

            original(mapping, run_and_forget, *given)

        return dispatch

    def allowed(self, mapping: str, maximum: int) -> int:
        """Return how many batches of a mapping may be under way now."""
        held_since = self._now() - HELD_SECONDS
        held = sum(begun <= held_since for begun in list(self._begun.get(mapping, {}).values()))
        return min(maximum, max(LEAST, int(maximum * BEGINS_WITH)) + held)
