"""The loop that fires schedules: started once a minute, it works for that minute and wakes at each fire's moment.

It stands in for the sweeper, too, while nothing is heard of that.
"""

from dataclasses import dataclass

from functions.application.fire_round import FireRound
from functions.application.keep_sweeping import KeepSweeping
from functions.application.ports import Clock
from functions.application.record_steps import Say


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepFiring:
    """The loop."""

    firing: FireRound
    sweeping: KeepSweeping
    clock: Clock

    async def run(self, seconds: float, say: Say) -> None:
        """Work for about `seconds`. A refusing table is said to the log and tried again in the next round."""
        end = self.clock.monotonic() + seconds
        while True:
            wait = await self.firing.round(say)
            await self.firing.signs.leave()
            if await self.sweeping.signs.are_missing(say):
                await self.sweeping.round(say)
            if self.clock.monotonic() + wait >= end:
                return
            await self.clock.sleep(wait)
