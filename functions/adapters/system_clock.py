"""Clock of the operating system: the one place in functions/ that reads the time."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

from functions.domain.moments import to_moment


class SystemClock:
    """Real time. A job asks for the moment ten times, and a moment's text is the same for a second but for its end."""

    def __init__(self) -> None:
        self._second = (0, "")

    def now(self) -> str:
        """See Clock."""
        second, millisecond = divmod(time.time_ns() // 1_000_000, 1000)
        known, begins = self._second
        if second != known:
            begins = to_moment(datetime.fromtimestamp(second, UTC))[: -len("000Z")]
            self._second = (second, begins)
        return f"{begins}{millisecond:03d}Z"

    def monotonic(self) -> float:
        """See Clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """See Clock."""
        return asyncio.get_running_loop().call_later(seconds, call)
