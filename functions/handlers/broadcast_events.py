"""The broadcaster: what is newly written into histories in this Region's replica, told to this Region's bus."""

import asyncio
from typing import Any

from functions.adapters.stream_records import tell_batch
from functions.bootstrap import runtime


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return asyncio.run(tell_batch(event["Records"], runtime().broadcast_events.tell, runtime().log))
