"""Whether a peer that is held for lost writes again: then nothing of its is taken over, though the verdict stands yet.

The verdict is the sentinel's, and slow to be taken back. Who is about to take a job over looks for itself: a heartbeat
that has come since the peer was found silent, or a write of the peer that is far later than its last heartbeat, which
comes before the heartbeats that went with it, for replication keeps no order. If the process dies, the next one knows
of no such write, and waits once more at the first one it sees.
"""

import asyncio
from dataclasses import dataclass, field

from functions.application.ports import Clock, RegionRegister, StateUnavailable
from functions.domain.job.history import JobRecord
from functions.domain.ownership.verdict import outlived, silent_since

#: What was read of the heartbeat counts for so long.
FRESH_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class HearPeer:
    """The use case. A write of the peer counts for `stale_seconds`, as a heartbeat does."""

    register: RegionRegister
    clock: Clock
    region: str
    peer_region: str
    stale_seconds: float
    _until: float = field(default=-1.0)
    _silent: bool = field(default=False)
    _last_sign: str = field(default="")
    _wrote_until: float = field(default=-1.0)
    _asking: "asyncio.Task[None] | None" = field(default=None)

    @property
    def holds_back(self) -> bool:
        """Whether a write of the peer counts still. When it does no more, nothing has to come for adoption to go on."""
        return self.clock.monotonic() < self._wrote_until

    async def is_silent(self) -> bool:
        """Say whether the peer is lost and has not been heard of since. Raises StateUnavailable."""
        if self.clock.monotonic() >= self._until:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask())
            await asyncio.shield(self._asking)
        return self._silent and not self.holds_back

    async def _ask(self) -> None:
        """Read once for all who ask meanwhile: ten orphans of a batch ask at once, and nothing is known before."""
        fresh_until = self.clock.monotonic() + FRESH_SECONDS
        try:
            heartbeat = await self.register.last_beat(self.peer_region)
            verdict = await self.register.verdict(self.region)
        except StateUnavailable:
            self._silent = False
            raise
        self._silent, self._until = silent_since(verdict, heartbeat), fresh_until
        self._last_sign = max(self._last_sign, heartbeat.at if heartbeat else "")

    async def leaves(self, record: JobRecord) -> bool:
        """Say whether this job of the peer may be taken over: it is silent, in this job as well.

        Raises StateUnavailable.
        """
        await self.is_silent()
        written = (event.at for each in record.segments if each.region == self.peer_region for event in each.events)
        newest = max(written, default="")
        if newest and self._last_sign and outlived(self._last_sign, newest, self.stale_seconds):
            self._last_sign = newest
            self._wrote_until = self.clock.monotonic() + self.stale_seconds
        return await self.is_silent()
