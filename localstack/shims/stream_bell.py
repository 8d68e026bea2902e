"""Rings a bell (localstack/bell.py) when a table's stream has a new record, for the replication link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localstack.bell import Bell
from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, wrap

_EMIT = Target("services.dynamodb", "_emit_stream_event", "8568d0446f26eaba")


def install(neighbourhood: Neighbourhood) -> None:
    if neighbourhood.bell is None:
        return
    bell = Bell(neighbourhood.bell)

    def ringing(emit: Callable[..., None]) -> Callable[..., None]:
        def emit_and_ring(*arguments: Any, **options: Any) -> None:
            emit(*arguments, **options)
            bell.ring()

        return emit_and_ring

    wrap(_EMIT, ringing)
