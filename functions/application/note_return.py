"""Notice that this Region was lost and is back: its own sentinel had stopped, or its peer says so.

The sentinel asks after each beat. What it writes down keeps the Region from beginning with anything before it has
caught up (`keep_standing`). A Region that was well all the time and held its peer for lost as well was not away.
"""

import contextlib
from dataclasses import dataclass

from functions.application.ports import Clock, StateUnavailable
from functions.application.record_steps import Say
from functions.application.standing_ports import Standings
from functions.domain.moments import seconds_between
from functions.domain.ownership.standing import Phase, lost_since, phase_of, returned_by_loss
from functions.domain.ownership.verdict import Heartbeat


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteReturn:
    """The use case. `peer` is the peer's replica of how the Regions stand, reached directly."""

    standings: Standings
    peer: Standings
    clock: Clock
    region: str
    peer_region: str
    stale_seconds: float

    async def look(self, before: Heartbeat | None, say: Say) -> None:
        """Write down that the Region is returning, if it was lost. `before`: its heartbeat before the one just now.

        Raises StateUnavailable of the own replica.
        """
        now = self.clock.now()
        silent = before is not None and seconds_between(before.at, now) >= self.stale_seconds
        there = await self.standings.read(self.peer_region)
        if not (silent or there.peer_lost):
            return
        notes = await self.standings.read(self.region)
        if phase_of(notes) is not Phase.ACTIVE or notes.peer_lost:
            return
        with contextlib.suppress(StateUnavailable):  # then what replication has brought must do
            there = await self.peer.read(self.peer_region)
        apart = notes.verdict is not None and notes.verdict.looks_back(now)
        since = lost_since(notes.progress, there, silent=silent, apart=apart)
        if since is not None:
            await self.standings.put_progress(returned_by_loss(self.region, notes.progress, since, now))
            say("returning", lost_since=since, silent=silent)
