"""A bound on how many things are done a second, for whoever has very many to do: adoption, and handing over.

Nothing is saved up: who has had little to do for a while does not make up for it all at once.
"""

from dataclasses import dataclass

from functions.application.ports import Clock


@dataclass(slots=True)
class Pace:
    """So many `per_second` at most, over all who share it."""

    clock: Clock
    per_second: float
    _free_at: float = 0.0

    async def take(self, count: int) -> None:
        """Wait until `count` more may be done."""
        now = self.clock.monotonic()
        start = max(now, self._free_at)
        self._free_at = start + count / self.per_second
        if start > now:
            await self.clock.sleep(start - now)
