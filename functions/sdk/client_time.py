"""Time and chance of a client: it runs in its caller's process, where there is no port to ask. One place for both."""

import asyncio
import secrets
import time
from typing import Protocol


class ClientTime(Protocol):
    """What a client needs of time and chance; a test passes its own."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""

    def sleep(self, seconds: float) -> None:
        """Hold this thread up."""

    async def pause(self, seconds: float) -> None:
        """Hold this task up."""

    def key(self) -> str:
        """Return an idempotency key that nobody else has."""


class RealTime:
    """The machine's."""

    def monotonic(self) -> float:
        """See ClientTime."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """See ClientTime."""
        time.sleep(seconds)

    async def pause(self, seconds: float) -> None:
        """See ClientTime."""
        await asyncio.sleep(seconds)

    def key(self) -> str:
        """See ClientTime."""
        return secrets.token_urlsafe(18)
