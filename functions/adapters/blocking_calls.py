"""Blocking calls as coroutines, in threads of their own: one pool for each kind of dependency, so that a slow model
or a dead peer cannot use up the threads that write history.

asyncio's own default pool will not do: it has a handful of threads on a small function, and dies with each event loop.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class BlockingCalls:
    """A pool of up to `threads` threads, started when they are needed and kept."""

    def __init__(self, name: str, threads: int) -> None:
        self.threads = threads
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(
        self, call: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """Return what `call(*args, **kwargs)` returns, from another thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: call(*args, **kwargs))
