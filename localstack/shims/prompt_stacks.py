"""A stack is complete when the emulator answers the request that began it.

AWS answers at once and works for minutes, so the CDK's command line looks every five seconds whether a stack is
complete. Here a stack takes one second, and most of the time to bring a cloud up would be spent between two looks. Now
the first look finds it complete. A stack that takes long, because a custom resource does, is answered for before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, wrap

Handler = Callable[..., Awaitable[tuple[Any, ...]]]

_HANDLE_REQUEST = Target("services.cloudformation", "handle_request", "af2b98f8e97bcb56")
#: Well below what any client waits for an answer.
_ANSWERED_WITHIN_SECONDS = 20.0


def install(_: Neighbourhood) -> None:
    wrap(_HANDLE_REQUEST, _after_what_it_began)


def _after_what_it_began(handle_request: Handler) -> Handler:
    async def handle(*request: Any, **named: Any) -> tuple[Any, ...]:
        before = asyncio.all_tasks()
        # It waits for nothing, so all tasks that are new are its own.
        answer = await handle_request(*request, **named)
        begun = asyncio.all_tasks() - before
        if begun:
            await asyncio.wait(begun, timeout=_ANSWERED_WITHIN_SECONDS)
        return answer

    return handle
