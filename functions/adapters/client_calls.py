"""One client of AWS, made when it is first needed, and the calls through it, away from the event loop.

Making a client takes CPU, up to a second on a small function, which must not count against a limit meant for the
network: so it is made before a call's time begins.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from functions.adapters.blocking_calls import BlockingCalls

Client = TypeVar("Client")
Result = TypeVar("Result")


class ClientCalls(Generic[Client]):
    """The client that `make` returns. A call takes `limit_seconds` at most, if any, and raises TimeoutError then."""

    def __init__(self, make: Callable[[], Client], calls: BlockingCalls, limit_seconds: float | None = None) -> None:
        self.limit_seconds = limit_seconds
        self._make = make
        self._calls = calls
        self._client: Client | None = None

    async def call(self, operation: str, **parameters: Any) -> Any:
        """Return the answer to one operation, by its name in boto3; its refusals pass through as they are."""
        client = self._client if self._client is not None else await self._made()
        return await asyncio.wait_for(self._calls.run(getattr(client, operation), **parameters), self.limit_seconds)

    async def act(self, act: Callable[..., Result], *arguments: object) -> Result:
        """Return what `act` returns for the client and these arguments: for what takes more than one operation."""
        client = self._client if self._client is not None else await self._made()
        return await asyncio.wait_for(self._calls.run(act, client, *arguments), self.limit_seconds)

    async def _made(self) -> Client:
        self._client = await self._calls.run(self._make)
        return self._client
