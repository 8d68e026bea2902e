"""The two loops that are started once a minute look after each other: each stands in for the other when that is silent.

EventBridge starts nothing more often than that, so a process that dies just after its start would leave a Region
without it for a minute. Each leaves a sign after its rounds, as an item. Both at one work do no harm but to the bill.
"""

import contextlib
from dataclasses import dataclass

from functions.application.ports import Clock, StateUnavailable
from functions.application.record_steps import Say
from functions.application.schedule_ports import Rounds
from functions.domain.moments import seconds_between

#: By these names the rounds are noted.
SWEEPER = "sweep"
FIRER = "fire"
#: A loop that has not ended a round for so long is taken for dead: three of its pauses, about.
SILENT_SECONDS = 14.0
#: Rounds may follow each other closely, each at the moment of a fire: not each of them leaves a sign.
SIGN_SECONDS = 4.0


@dataclass(slots=True, kw_only=True)
class Signs:
    """The signs of one loop, `name`. An instance remembers when it left the last one."""

    rounds: Rounds
    clock: Clock
    name: str
    _left_at: float | None = None

    async def leave(self) -> None:
        """Write down that the loop works. A table that refuses has somebody look once more than is needed."""
        now = self.clock.monotonic()
        if self._left_at is not None and now < self._left_at + SIGN_SECONDS:
            return
        with contextlib.suppress(StateUnavailable):
            await self.rounds.note(self.name, self.clock.now())
            self._left_at = now

    async def are_missing(self, say: Say) -> bool:
        """Say whether the loop is silent: its process has died, or each of its rounds takes too long."""
        try:
            last = await self.rounds.last(self.name)
        except StateUnavailable:
            return False
        if last is not None and seconds_between(last, self.clock.now()) <= SILENT_SECONDS:
            return False
        say("standing_in", loop=self.name, silent_since=last)
        return True
