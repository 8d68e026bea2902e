"""What a process and a Region's machinery are to the simulation: tasks that die together, and stand still together.

A crash cancels every task of a process at once and lets none of them write another thing: what `finally` blocks try
after that fails, as it would in a process that is gone.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from enum import Enum
from typing import Any, NoReturn
from weakref import ref

from tests.simulation.virtual_time import VirtualLoop

_CURRENT: ContextVar["Process | None"] = ContextVar("simulated process", default=None)


class Power(Enum):
    """How a Region is."""

    UP = "up"
    FROZEN = "frozen"
    LOST = "lost"


class Machinery:
    """Everything of one Region that computes. Frozen, it stops at the next thing it waits for, and goes on later."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.power = Power.UP
        self.processes: dict[Process, None] = {}
        self._frozen_at: float | None = None
        self._frozen_seconds = 0.0
        self._thawed = asyncio.Event()
        self._thawed.set()

    async def gate(self) -> None:
        """Wait while frozen."""
        while self.power is Power.FROZEN:
            await self._thawed.wait()

    def freeze(self) -> None:
        """Stand still."""
        self.power = Power.FROZEN
        self._frozen_at = asyncio.get_running_loop().time()
        self._thawed.clear()

    def thaw(self) -> None:
        """Go on with whatever was under way."""
        self.power = Power.UP
        self._frozen_seconds, self._frozen_at = self.stood_still(), None
        self._thawed.set()

    def stood_still(self) -> float:
        """Return for how many seconds it has stood still so far."""
        frozen_at = self._frozen_at
        return self._frozen_seconds + (0.0 if frozen_at is None else asyncio.get_running_loop().time() - frozen_at)

    def kill(self) -> None:
        """End every process; the machinery itself stays up."""
        for process in list(self.processes):
            process.kill()
        self.processes.clear()

    def lose(self) -> None:
        """End every process, with nothing left to start another."""
        self.kill()
        self.power = Power.LOST
        self._thawed.set()


class Process:
    """Tasks that die together. A task started by one of its tasks is one of them."""

    def __init__(self, name: str, machinery: Machinery) -> None:
        self.name = name
        self.machinery = machinery
        self.alive = True
        self.refusals = 0
        #: Until when, by the true time, it could start a step without another look at its lease, if there are leases.
        self.may_start_until: Callable[[], float] | None = None
        #: Weak, so that what a task raised comes to light as soon as nobody can ask for it any more.
        self._tasks: list[ref[asyncio.Task[Any]]] = []
        self._many = 32
        machinery.processes[self] = None

    def start(self, program: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a program in this process."""
        context = copy_context()
        context.run(_CURRENT.set, self)
        task = asyncio.create_task(program, name=self.name, context=context)
        if _CURRENT.get() is not self:
            self.own(task)
        return task

    def own(self, task: asyncio.Task[Any]) -> None:
        """Count a task as one of this process's."""
        self._tasks.append(ref(task))
        if len(self._tasks) > self._many:
            self._tasks = [each for each in self._tasks if (known := each()) is not None and not known.done()]
            self._many = 2 * len(self._tasks) + 32

    def kill(self) -> None:
        """End it from outside, at whatever it is waiting for."""
        self.alive = False
        for each in list(self._tasks):
            if (task := each()) is not None:
                task.cancel()

    def crash(self) -> NoReturn:
        """End it from inside, at this very line."""
        self.kill()
        raise asyncio.CancelledError(f"{self.name} crashed")

    def check(self) -> None:
        """A dead process does nothing more, not even in its `finally` blocks."""
        if not self.alive:
            raise asyncio.CancelledError(f"{self.name} is dead")


def current_process() -> Process:
    """Return the process whose task is running."""
    process = _CURRENT.get()
    if process is None:
        raise LookupError("this runs in no simulated process")
    return process


def own_new_tasks(loop: VirtualLoop) -> None:
    """From now on a task belongs to the process of the task that started it."""

    def own(task: asyncio.Task[Any]) -> None:
        process = _CURRENT.get()
        if process is not None:
            process.own(task)

    loop.born = own
