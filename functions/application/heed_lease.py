"""What the processes of a Region know of the leases: read again every few seconds, relied upon no longer than it holds.

A worker asks for its own Region's lease, a sweeper that may adopt for both. A plain job makes no request of its own.
"""

import asyncio
from dataclasses import dataclass, field

from functions.application.keep_leases import instant
from functions.application.lease_ports import Leases, LeasesUnavailable, RegionFenced
from functions.application.ports import Clock
from functions.domain.ownership import lease as rules
from functions.domain.ownership.lease import Instant, Reading

#: What was read is read again after so long, by whoever asks first then; until it has run out it still counts.
REFRESH_SECONDS = 3.0


@dataclass(slots=True, kw_only=True)
class HeedLease:
    """The use case (ports Fence, PeerHold)."""

    leases: Leases
    clock: Clock
    region: str
    peer_region: str
    _readings: dict[str, Reading] = field(default_factory=dict)
    _begun: dict[str, Instant] = field(default_factory=dict)
    _asking: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)

    async def may_start_steps(self) -> bool:
        """See Fence."""
        reading = await self._reading(self.region)
        return reading is not None and rules.may_start_steps(reading.lease, self.region)

    async def check(self) -> None:
        """See Fence."""
        if not await self.may_start_steps():
            raise RegionFenced(f"{self.region} does not hold its lease, or cannot see that it does")

    @property
    def apart(self) -> bool:
        """See Fence."""
        reading = self._readings.get(self.region)
        return reading is not None and reading.lease is not None and reading.lease.apart_since is not None

    async def peer_is_fenced(self) -> bool:
        """See PeerHold."""
        await self._reading(self.peer_region)
        own = await self._reading(self.region)
        other = self._standing(self.peer_region)  # it may have run out while the other was read
        return own is not None and other is not None and rules.peer_is_fenced(own.lease, other.lease, self.region)

    async def _reading(self, region: str) -> Reading | None:
        """Return what may be relied upon, None if nothing may be; nothing is waited for after it was found to stand.

        What is getting old is read again beside the work that relies on it, so that a control table which does not
        answer holds nobody up before what is known has run out.
        """
        begun = self._begun.get(region)
        if begun is None or instant(self.clock).longest_since(begun) >= REFRESH_SECONDS:
            self._ask_anew(region)
        if self._standing(region) is None:
            self._ask_anew(region)
            await asyncio.shield(self._asking[region])
        return self._standing(region)

    def _standing(self, region: str) -> Reading | None:
        reading = self._readings.get(region)
        return reading if reading is not None and reading.stands(instant(self.clock)) else None

    def _ask_anew(self, region: str) -> None:
        """One request at a time, whoever else waits for its answer, and whoever of them is cancelled meanwhile."""
        asking = self._asking.get(region)
        if asking is None or asking.done():
            self._begun[region] = asked = instant(self.clock)
            self._asking[region] = asyncio.create_task(self._ask(region, asked))

    async def _ask(self, region: str, asked: Instant) -> None:
        try:
            lease = await self.leases.read(region)
        except LeasesUnavailable:
            return  # what is known runs out by itself
        self._readings[region] = Reading(lease, asked)
