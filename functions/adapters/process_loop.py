"""One event loop for all that a process is asked, one thing after the other, in place of a new one for each.

Making a loop and closing it costs as much CPU as a quarter of a call to DynamoDB. What `asyncio.run` does for that is
done here all the same: when the work is over nothing is left running, for Lambda freezes the process then, and thaws it
minutes later into another invocation.
"""

import asyncio
import atexit
from collections.abc import Awaitable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


class _ToolThreads(ThreadPoolExecutor):
    """asyncio's own threads, for `asyncio.to_thread`; they know whether they were needed."""

    used = False

    def submit(self, *args: Any, **kwargs: Any) -> "Future[Any]":
        """See Executor."""
        self.used = True
        return super().submit(*args, **kwargs)


class ProcessLoop:
    """Runs coroutines to their ends, one at a time."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads = _ToolThreads()

    def run(self, work: Awaitable[Result]) -> Result:
        """Return what the work returns, when it and all that it has begun is over: what it left behind is cancelled."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._loop.set_default_executor(self._threads)
        try:
            return self._loop.run_until_complete(work)
        finally:
            self._end_what_is_left(self._loop)

    def close(self) -> None:
        """Let go of the loop. It is made anew if it is needed again."""
        if self._loop is not None:
            self._loop.close()
            self._loop = None

    def _end_what_is_left(self, loop: asyncio.AbstractEventLoop) -> None:
        _turn(loop)  # what is about to begin, such as the closing of an async generator, is a task then
        while left := asyncio.all_tasks(loop):
            _turn(loop)  # and has begun: cancelled before that, it would do nothing of what it was to do
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.wait(left))
            _turn(loop)
            for task in left:
                if not task.cancelled() and (error := task.exception()) is not None:
                    told = {"message": "raised by what was left behind", "exception": error, "task": task}
                    loop.call_exception_handler(told)
        if self._threads.used:
            self._threads.shutdown(cancel_futures=True)  # a thread cannot be cancelled: its call is waited for
            self._threads = _ToolThreads()
            loop.set_default_executor(self._threads)


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    """Have the loop do what it is ready to do, once."""
    loop.call_soon(loop.stop)
    loop.run_forever()


_process = ProcessLoop()
atexit.register(_process.close)


def run_to_end(work: Awaitable[Result]) -> Result:
    """Run it in this process's loop. Raises RuntimeError inside of a running loop."""
    return _process.run(work)
