"""Time that moves only when everybody waits: an event loop without sockets, threads or a real clock.

A sleep of an hour takes no time, and the same program does the same things in the same order in every run. For tests of
agents, for the simulation, and for every unit test in which something waits.
"""

import asyncio
import functools
import gc
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from math import inf
from typing import Any, ParamSpec, TypeVar

from functions.domain.moments import to_moment

Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class NothingLeftToHappen(Exception):
    """Everybody waits for something that nobody will do: in real time this program would hang."""


class Call(asyncio.TimerHandle):
    """A callback that is due, without what a handle of asyncio's own keeps for debugging."""

    def __init__(self, when: float, callback: Callable[..., Any], args: Any, context: Context | None) -> None:
        self._when = when
        self._callback: Callable[..., Any] | None = callback
        self._args = args
        self._context = context if context is not None else copy_context()
        self._cancelled = False

    def __repr__(self) -> str:
        return f"Call({self._callback!r}, {self._args!r}, cancelled={self._cancelled})"

    def cancel(self) -> None:
        """Let it not happen."""
        self._cancelled = True
        self._callback, self._args = None, ()


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop whose time jumps to the next timer as soon as nothing else is left to do.

    `asyncio.to_thread` runs its function at once, in the loop. What tasks raise that nobody awaits is kept in `unseen`.
    Simulations spend most of their time in here, so it does without what is there for sockets, threads and debugging.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._count = 0
        self._ready: deque[Call] = deque()
        #: When, which of several for that moment comes first, and what.
        self._scheduled: list[tuple[float, int, Call | asyncio.Future[None]]] = []
        self._stopping: bool
        self.unseen: list[BaseException] = []
        self.born: Callable[[asyncio.Task[Any]], None] | None = None
        self.set_exception_handler(self._keep)

    def time(self) -> float:
        """The seconds that have passed."""
        return self._now

    def call_soon(  # type: ignore[override]  # asyncio's own stubs match arguments to callbacks by type variables
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """See asyncio."""
        call = Call(self._now, callback, args, context)
        self._ready.append(call)
        return call

    call_soon_threadsafe = call_soon  # type: ignore[assignment]  # there is one thread

    def call_later(  # type: ignore[override]  # see call_soon
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """See asyncio."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]  # see call_soon
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """See asyncio. Of calls for the same moment the one that was asked for first comes first."""
        call = Call(when, callback, args, context)
        self._count += 1
        heappush(self._scheduled, (when, self._count, call))
        return call

    def pause(self, seconds: float) -> asyncio.Future[None]:
        """Return what is done after so many seconds. Who no longer waits for it cancels it."""
        passed: asyncio.Future[None] = asyncio.Future(loop=self)
        self._count += 1
        heappush(self._scheduled, (self._now + seconds, self._count, passed))
        return passed

    def create_task(  # type: ignore[override]  # every option goes on to asyncio.Task
        self, coro: Any, *, name: str | None = None, context: Context | None = None, **options: Any
    ) -> asyncio.Task[Any]:
        """See asyncio. `born` is told of it."""
        task = asyncio.Task(coro, loop=self, name=name, context=context, **options)
        if self.born is not None:
            self.born(task)
        return task

    def run_in_executor(self, executor: object, func: Callable[..., Result], *args: object) -> asyncio.Future[Result]:
        """Call it here and now."""
        done: asyncio.Future[Result] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits the future
            done.set_exception(error)
        return done

    def _run_once(self) -> None:
        """Do everything there is to do, and let time pass whenever that is nothing, until somebody says stop."""
        ready = self._ready
        while not self._stopping:
            if not ready:
                self._move_on()
                continue
            call = ready.popleft()
            callback = call._callback
            if callback is None:
                continue  # it was cancelled
            try:
                call._context.run(callback, *call._args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001 - kept, and raised when the program is over
                self.unseen.append(error)

    def _move_on(self) -> None:
        """Where a real loop waits, time jumps to the next thing that has not been cancelled."""
        while self._scheduled:
            when, _, what = heappop(self._scheduled)
            if what.cancelled():
                continue
            if when > self._now:
                self._now = when
            if isinstance(what, Call):
                self._ready.append(what)
            else:
                what.set_result(None)
            return
        raise NothingLeftToHappen("nothing is scheduled and nothing can come from outside")

    def _keep(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.unseen.append(context.get("exception") or RuntimeError(str(context)))


@contextmanager
def _no_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def run_virtually(program: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in virtual time. Raises what a forgotten task of its raised, too.

    Garbage is collected afterwards: at a moment that is the same in every run, and once instead of many times.
    """
    loop = VirtualLoop()
    with _no_collection(), asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(program)
    gc.collect(0)
    if loop.unseen:
        raise loop.unseen[0]
    return result


def in_virtual_time(
    test: Callable[Parameters, Coroutine[Any, Any, Result]],
) -> Callable[Parameters, Result]:
    """Make an async test an ordinary one that takes no time."""

    @functools.wraps(test)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return run_virtually(test(*args, **kwargs))

    return run


async def pass_time(seconds: float) -> None:
    """Let virtual time pass. Raises RuntimeError where time is real: no test may sleep."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualLoop):
        raise RuntimeError("time passes by itself in virtual time only")
    await loop.pause(seconds)


@dataclass(slots=True)
class VirtualClock:
    """The port Clock on the running loop's time. `skew_seconds`: how far this clock is ahead of the true time."""

    skew_seconds: float = 0.0
    #: What was said last, and after how many seconds: most ask several times at one moment.
    _said: tuple[float, str] = field(default=(-inf, ""), init=False, repr=False, compare=False)

    def now(self) -> str:
        """See Clock."""
        seconds = asyncio.get_running_loop().time() + self.skew_seconds
        if self._said[0] != seconds:
            self._said = seconds, to_moment(START + timedelta(seconds=seconds))
        return self._said[1]

    def monotonic(self) -> float:
        """See Clock."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await pass_time(seconds)

    def call_later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """See Clock."""
        return asyncio.get_running_loop().call_later(seconds, call)
