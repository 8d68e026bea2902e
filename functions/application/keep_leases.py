"""What a sentinel does about the leases in each round: renew its Region's, take its lost peer's, begin to give it back.

A Region that is evacuated leaves its own to its peer, which then need not wait for it to run out.

If the process dies at any line, what it has written stands and the next one goes on from it, counting anew: that is
late, never early. Two sentinels at once are told apart by the control table: one of their writes fails.
"""

from dataclasses import dataclass, field

from functions.application.lease_ports import Leases, LeasesUnavailable
from functions.application.ports import Clock
from functions.application.record_steps import Say
from functions.application.standing_ports import Standings
from functions.domain.ownership import standing
from functions.domain.ownership.lease import Instant, Lease, Outlook, Sight, next_other, next_own, see


def instant(clock: Clock) -> Instant:
    """Return the time as a process's two clocks show it."""
    return Instant(clock.monotonic(), clock.now())


@dataclass(slots=True, kw_only=True)
class KeepLeases:
    """The use case. An instance remembers since when each lease is as it is, from one invocation to the next."""

    leases: Leases
    clock: Clock
    region: str
    peer_region: str
    standings: Standings | None = None
    _sights: dict[str, Sight] = field(default_factory=dict)

    async def round(self, peer_lost: bool, say: Say) -> None:
        """Look once at both leases. A control table that refuses is said to the log; the next round tries again.

        Raises StateUnavailable when it cannot be read how the Region stands.
        """
        try:
            await self._round(peer_lost, say)
        except LeasesUnavailable as error:
            say("leases_refused", error=str(error))

    async def _round(self, peer_lost: bool, say: Say) -> None:
        own, other = await self._look(self.region), await self._look(self.peer_region)
        away = await self._is_away()
        outlook = Outlook(self.region, self.peer_region, own, other, peer_lost, instant(self.clock), away)
        await self._write(own.lease, next_own(outlook), say)
        await self._write(other.lease, next_other(outlook), say)

    async def _is_away(self) -> bool:
        if self.standings is None:
            return False
        return standing.phase_of(await self.standings.read(self.region)) is standing.Phase.EVACUATED

    async def _look(self, region: str) -> Sight:
        lease = await self.leases.read(region)
        seen = self._sights[region] = see(self._sights.get(region), lease, instant(self.clock))
        return seen

    async def _write(self, over: Lease | None, lease: Lease | None, say: Say) -> None:
        if lease is None or not await self.leases.replace(lease, over):
            return
        if over is None or (over.term, over.phase) != (lease.term, lease.phase):
            say("lease_changed", lease=lease.region, holder=lease.holder, term=lease.term, phase=lease.phase.value)
