"""The loop that fires schedules: started once a minute, it works for that minute and wakes at each fire's moment.

It stands in for the sweeper, too, while nothing is heard of that.
"""

from dataclasses import dataclass

from functions.application.fire_schedules import FireSchedules
from functions.application.keep_sweeping import SWEEPER, KeepSweeping
from functions.application.ports import Clock, RegionRegister, StateUnavailable
from functions.application.record_steps import Say
from functions.application.schedule_ports import Rounds
from functions.domain.moments import seconds_between

PAUSE_SECONDS = 5.0
#: Two fires that are closer than this are seen to in two looks all the same.
SHORTEST_PAUSE_SECONDS = 0.05
#: A sweeper that has not ended a round for so long is taken for dead: three of its pauses, about.
SILENT_SECONDS = 14.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepFiring:
    """Fires this Region's schedules, and its peer's while it holds that for lost. `adoption`: whether it may."""

    schedules: FireSchedules
    register: RegionRegister
    clock: Clock
    region: str
    adoption: bool
    sweeping: KeepSweeping
    rounds: Rounds

    async def run(self, seconds: float, say: Say) -> None:
        """Work for about `seconds`. A refusing table is said to the log and tried again in the next round."""
        end = self.clock.monotonic() + seconds
        while True:
            wait = await self.round(say)
            await self._stand_in(say)
            if self.clock.monotonic() + wait >= end:
                return
            await self.clock.sleep(wait)

    async def round(self, say: Say) -> float:
        """Fire what is due, and return in how many seconds to look again."""
        try:
            lost = self.adoption and await self._peer_lost()
            report = await self.schedules.fire(peer_lost=lost, ahead_seconds=PAUSE_SECONDS)
        except StateUnavailable as error:
            say("firing_refused", error=str(error))
            return PAUSE_SECONDS
        if report.examined:
            say("fired", examined=report.examined, fired=report.fired, peer_lost=lost)
        if report.upcoming is None:
            return PAUSE_SECONDS
        left = seconds_between(self.clock.now(), report.upcoming)
        return min(PAUSE_SECONDS, max(SHORTEST_PAUSE_SECONDS, left))

    async def _stand_in(self, say: Say) -> None:
        """Sweep once if the sweeper does not: its process has died, or each round of it takes too long."""
        try:
            last = await self.rounds.last(SWEEPER)
        except StateUnavailable:
            return
        if last is None or seconds_between(last, self.clock.now()) > SILENT_SECONDS:
            say("standing_in", silent_since=last)
            await self.sweeping.round(say)

    async def _peer_lost(self) -> bool:
        verdict = await self.register.verdict(self.region)
        return verdict is not None and verdict.lost
