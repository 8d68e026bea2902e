"""How long a worker lives: its tasks die together, at a chosen place, and none of them does another thing after that.

A place is an effect, or a call of a port that changes something, just before or just after it: between two of them the
world is the same, wherever the worker dies. What a dead worker's `finally` blocks still try fails, as it would in a
process that is gone.
"""

import asyncio
import inspect
from collections.abc import Coroutine
from contextvars import ContextVar, copy_context
from typing import Any

from functions.sdk.testing.virtual_time import VirtualLoop

#: Calls that change nothing.
_READS = frozenset({"arrivals", "depths", "due", "find", "get", "list_asks", "list_jobs", "read", "read_cursor"}) | {
    "read_opening",
    "read_whole",
}
_CURRENT: ContextVar["Lifetime | None"] = ContextVar("the worker whose task is running", default=None)


class Lifetime:
    """One worker's life. `ends_at` is the number of the place at which it dies; `places` those that it came by."""

    def __init__(self, ends_at: int | None = None) -> None:
        self.places: list[str] = []
        self.over = asyncio.Event()
        self._ends_at = ends_at
        self._tasks: list[asyncio.Task[Any]] = []

    def begin(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Have the worker do something."""
        context = copy_context()
        context.run(_CURRENT.set, self)
        return context.run(asyncio.get_running_loop().create_task, work)

    def own(self, task: "asyncio.Task[Any]") -> None:
        """Count a task as one of the worker's."""
        self._tasks = [each for each in self._tasks if not each.done()]
        self._tasks.append(task)

    def pass_by(self, place: str) -> None:
        """Come by a place: perhaps the last one."""
        self.check()
        self.places.append(place)
        if len(self.places) - 1 == self._ends_at:
            self.over.set()
            for task in self._tasks:
                task.cancel()
            self.check()

    def check(self) -> None:
        """Do nothing more when it is over."""
        if self.over.is_set():
            raise asyncio.CancelledError("the worker was killed")

    async def buried(self) -> None:
        """Return when the last task of a dead worker has ended."""
        me = asyncio.current_task()
        while left := [task for task in self._tasks if task is not me and not task.done()]:
            await asyncio.gather(*left, return_exceptions=True)


def watch_births(loop: VirtualLoop) -> None:
    """From now on a task belongs to the worker whose task has started it."""

    def born(task: "asyncio.Task[Any]") -> None:
        lifetime = _CURRENT.get()
        if lifetime is not None:
            lifetime.own(task)

    loop.born = born


class Mortal:
    """A port as a worker has it: each change is two places at which the worker may die."""

    def __init__(self, name: str, port: Any, lifetime: Lifetime) -> None:
        self._name = name
        self._port = port
        self._lifetime = lifetime

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def read(*args: Any, **kwargs: Any) -> Any:
            self._lifetime.check()
            return await method(*args, **kwargs)

        async def change(*args: Any, **kwargs: Any) -> Any:
            self._lifetime.pass_by(f"before {self._name}.{name}")
            result = await method(*args, **kwargs)
            self._lifetime.pass_by(f"after {self._name}.{name}")
            return result

        return read if name in _READS else change
