"""One look at what is due of the schedules: for the loop that fires, and for the sweeper while that one is silent."""

from dataclasses import dataclass

from functions.application.fire_schedules import FireSchedules
from functions.application.ports import Clock, RegionRegister, StateUnavailable
from functions.application.record_steps import Say
from functions.application.stand_in import Signs
from functions.domain.moments import seconds_between

PAUSE_SECONDS = 5.0
#: Two fires that are closer than this are seen to in two looks all the same.
SHORTEST_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class FireRound:
    """Fires this Region's schedules, and its peer's while it holds that for lost. `adoption`: whether it may."""

    schedules: FireSchedules
    register: RegionRegister
    clock: Clock
    region: str
    adoption: bool
    signs: Signs

    async def round(self, say: Say) -> float:
        """Fire what is due, and return in how many seconds to look again.

        Only the loop that fires leaves signs of it, so who stands in for it does so at each moment until it is back.
        """
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

    async def _peer_lost(self) -> bool:
        verdict = await self.register.verdict(self.region)
        return verdict is not None and verdict.lost
