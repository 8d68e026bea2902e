"""Clock of the operating system: the one place in functions/ that reads the time."""

import asyncio
import time
from datetime import UTC, datetime

from functions.domain.moments import to_moment


class SystemClock:
    """Real time."""

    def now(self) -> str:
        """See Clock."""
        return to_moment(datetime.now(UTC))

    def monotonic(self) -> float:
        """See Clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await asyncio.sleep(seconds)
