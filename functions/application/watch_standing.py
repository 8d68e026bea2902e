"""What one process knows of how its Region stands: read again every few seconds, however many jobs it runs.

A table that refuses changes nothing: what was known last goes on to hold, and at first the Region works.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field

from functions.application.ports import Clock, StateUnavailable
from functions.application.standing_ports import Standings
from functions.domain.ownership.standing import Phase, RegionNotes, phase_of

#: So long what was read is taken for what holds.
FRESH_SECONDS = 5.0


@dataclass(slots=True, kw_only=True)
class WatchStanding:
    """The use case (port Outlook). At most one query in `FRESH_SECONDS`, by whoever asks first."""

    standings: Standings
    clock: Clock
    region: str
    _known: RegionNotes | None = None
    _until: float = -1.0
    _asking: "asyncio.Task[None] | None" = field(default=None)

    async def may_work(self) -> bool:
        """See Outlook."""
        return phase_of(await self.notes()) is Phase.ACTIVE

    async def hands_over(self) -> bool:
        """See Outlook."""
        return phase_of(await self.notes()) in (Phase.EVACUATING, Phase.EVACUATED)

    async def peer_lost(self) -> bool:
        """See Outlook."""
        return (await self.notes()).peer_lost

    async def notes(self) -> RegionNotes:
        """Return what is known of this Region. Never raises."""
        if self.clock.monotonic() >= self._until:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask())
            await asyncio.shield(self._asking)
        return self._known or RegionNotes(region=self.region)

    async def _ask(self) -> None:
        with contextlib.suppress(StateUnavailable):
            self._known = await self.standings.read(self.region)
        self._until = self.clock.monotonic() + FRESH_SECONDS
