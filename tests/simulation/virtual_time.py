"""Time that moves only when everybody waits: an event loop without sockets, threads or a real clock.

A sleep of an hour takes no time, and the same program does the same things in the same order in every run. For the
simulation, and for every unit test in which something waits.
"""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from functions.domain.moments import to_moment

Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class NothingLeftToHappen(Exception):
    """Everybody waits for something that nobody will do: in real time this program would hang."""


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop whose time jumps to the next timer as soon as nothing else is left to do.

    `asyncio.to_thread` runs its function at once, in the loop. What tasks raise that nobody awaits is kept in `unseen`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._scheduled: list[asyncio.TimerHandle]
        self._clock_resolution = 1e-6  # more than the rounding error of a time some years away
        self._selector = self  # BaseEventLoop asks its selector to wait for sockets or until the next timer
        self.unseen: list[BaseException] = []
        self.set_exception_handler(self._keep)

    def time(self) -> float:
        """The seconds that have passed."""
        return self._now

    def select(self, timeout: float | None) -> list[object]:
        """Where a real loop waits, time moves on."""
        if timeout is None:
            raise NothingLeftToHappen("nothing is scheduled and nothing can come from outside")
        if timeout > 0:  # to the very moment: adding the difference may fall short of it by a rounding error, for ever
            self._now = self._scheduled[0].when()
        return []

    def run_in_executor(self, executor: object, func: Callable[..., Result], *args: object) -> asyncio.Future[Result]:
        """Call it here and now."""
        done: asyncio.Future[Result] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits the future
            done.set_exception(error)
        return done

    def _keep(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.unseen.append(context.get("exception") or RuntimeError(str(context)))

    def _process_events(self, events: Iterable[object]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps in a system call, so nobody has to be woken."""


def run_virtually(program: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in virtual time. Raises what a forgotten task of its raised, too."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        result = runner.run(program)
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
    passed = loop.create_future()
    timer = loop.call_later(seconds, passed.set_result, None)
    try:
        await passed
    finally:
        timer.cancel()


@dataclass(slots=True)
class VirtualClock:
    """The port Clock on the running loop's time. `skew_seconds`: how far this clock is ahead of the true time."""

    skew_seconds: float = 0.0

    def now(self) -> str:
        """See Clock."""
        seconds = asyncio.get_running_loop().time() + self.skew_seconds
        return to_moment(START + timedelta(seconds=seconds))

    def monotonic(self) -> float:
        """See Clock."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await pass_time(seconds)
