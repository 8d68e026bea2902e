"""Blocking calls as coroutines, in threads of their own: one pool for each kind of dependency, so that a slow model
or a dead peer cannot use up the threads that write history.

asyncio's own default pool will not do: it has a handful of threads on a small function, and dies with each event loop.
Nor do `concurrent.futures`: a future there and one here, chained, with a wake-up for each call, cost a tenth of what a
call to DynamoDB costs. Here the calls that end while the loop is busy are handed over together.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass(slots=True, eq=False)
class _Returns:
    """What has ended and is on its way back to one event loop."""

    loop: asyncio.AbstractEventLoop
    _ended: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
        """Hand an end over, from any thread. If the loop is gone, so is whoever waited."""
        with self._lock:
            first = not self._ended
            self._ended.append((future, result, error))
        if first:
            try:
                self.loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:
                if not self.loop.is_closed():
                    raise

    def _deliver(self) -> None:
        with self._lock:
            ended, self._ended = self._ended, []
        for future, result, error in ended:
            if future.done():
                continue  # whoever waited has given up
            if error is None:
                future.set_result(result)
            elif isinstance(error, StopIteration):  # which a future cannot hold
                future.set_exception(RuntimeError("a blocking call raised StopIteration"))
            else:
                future.set_exception(error)


class BlockingCalls:
    """A pool of up to `threads` threads, started when they are needed and kept."""

    def __init__(self, name: str, threads: int) -> None:
        self.threads = threads
        self._name = name
        self._asked: queue.SimpleQueue[tuple[_Returns, asyncio.Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._started = 0
        self._free = 0
        self._returns: _Returns | None = None

    async def run(
        self, call: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """Return what `call(*args, **kwargs)` returns, from another thread."""
        loop = asyncio.get_running_loop()
        returns = self._returns
        if returns is None or returns.loop is not loop:
            returns = self._returns = _Returns(loop)
        future: asyncio.Future[Result] = loop.create_future()
        self._have_a_thread()
        self._asked.put((returns, future, lambda: call(*args, **kwargs)))
        return await future

    def _have_a_thread(self) -> None:
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            if self._started == self.threads:
                return  # the first that is done with its call takes this one
            self._started += 1
            name = f"{self._name}_{self._started}"
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while True:
            returns, future, call = self._asked.get()
            result: object = None
            error: BaseException | None = None
            if not future.cancelled():
                try:
                    result = call()
                except BaseException as raised:  # noqa: BLE001 - it belongs to whoever waits
                    error = raised
            with self._lock:
                if self._asked.empty():
                    self._free += 1
            returns.put(future, result, error)
            del returns, future, call, result, error  # nothing is kept alive by a thread that waits
