"""One look at what is due of the schedules: for the loop that fires, and for the sweeper while that one is silent."""

from dataclasses import dataclass

from functions.application.fire_schedules import FireSchedules
from functions.application.lease_ports import UNFENCED, Fence
from functions.application.ports import Clock, StateUnavailable
from functions.application.record_steps import Say
from functions.application.stand_in import Signs
from functions.application.standing_ports import Standings
from functions.domain.moments import seconds_between
from functions.domain.ownership.standing import fires_for, fires_own

PAUSE_SECONDS = 5.0
#: Two fires that are closer than this are seen to in two looks all the same.
SHORTEST_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class FireRound:
    """Fires this Region's schedules, and its peer's while that does not: lost, evacuated, returning, or fenced.

    Who fires neither begins nothing itself. `adoption`: whether it may take over from a lost peer. By what this Region
    knows of its peer both may fire for a moment, or neither: a fire is one job all the same, at most some seconds late.
    """

    schedules: FireSchedules
    standings: Standings
    clock: Clock
    region: str
    peer_region: str
    adoption: bool
    signs: Signs
    fence: Fence = UNFENCED

    async def round(self, say: Say) -> float:
        """Fire what is due, and return in how many seconds to look again.

        Only the loop that fires leaves signs of it, so who stands in for it does so at each moment until it is back.
        """
        try:
            own = await self.standings.read(self.region)
            if not fires_own(own) or not await self.fence.may_start_steps():
                say("fires_nothing")
                return PAUSE_SECONDS
            peer = await self.standings.read(self.peer_region)
            for_peer = fires_for(peer, lost=self.adoption and own.peer_lost)
            report = await self.schedules.fire(for_peer=for_peer, ahead_seconds=PAUSE_SECONDS)
        except StateUnavailable as error:
            say("firing_refused", error=str(error))
            return PAUSE_SECONDS
        if report.examined:
            say("fired", examined=report.examined, fired=report.fired, for_peer=for_peer)
        if report.upcoming is None:
            return PAUSE_SECONDS
        left = seconds_between(self.clock.now(), report.upcoming)
        return min(PAUSE_SECONDS, max(SHORTEST_PAUSE_SECONDS, left))
