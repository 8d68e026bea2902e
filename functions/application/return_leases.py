"""How a lease comes back: both Regions tell each other first which jobs they took over while they were apart.

Replication would tell it too, but nobody knows when. So each Region puts the first segments of the epochs that it has
opened into the other's replica itself, the same items as its own. The one that has lost its lease does so and says it
in the lease (`caught_up`); the holder then stops adopting, waits until none of its processes may go on with that, does
the same and gives the lease back. If a process dies on the way, the next one does it again: what is there is left.
"""

import asyncio
from dataclasses import dataclass, field

from functions.application.keep_leases import instant
from functions.application.lease_ports import Leases
from functions.application.ports import AppendConflict, Clock, Due, HistoryStore, Lanes, Projections
from functions.application.record_steps import Say
from functions.application.standing_ports import Outlook
from functions.domain.job.events import UnreadableEvent
from functions.domain.lanes import DUE_SHARDS
from functions.domain.moments import add_seconds
from functions.domain.ownership.lease import (
    Lease,
    Sight,
    brought_together,
    given_back,
    may_catch_up,
    may_give_back,
    see,
)

PAGE = 100
#: A sweeper's clock may be behind that of the sentinel that has noted since when the Regions are apart.
MARGIN_SECONDS = 120.0
LAST = "9999-12-31T23:59:59.999Z"


@dataclass(slots=True, kw_only=True)
class ReturnLeases:
    """The use case. An instance remembers what it has told, and since when each lease is as it is.

    A Region that was told to go does not ask for its lease back: it begins nothing.
    """

    leases: Leases
    history: HistoryStore
    peer: HistoryStore
    projections: Projections
    lanes: Lanes
    clock: Clock
    region: str
    peer_region: str
    stall_seconds: float
    outlook: Outlook | None = None
    _sights: dict[str, Sight] = field(default_factory=dict)
    _told: set[tuple[str, int]] = field(default_factory=set)

    async def round(self, say: Say) -> None:
        """Do what is to be done now for a lease to come back. Raises StateUnavailable; what was told stays told."""
        own, other = await self._look(self.region), await self._look(self.peer_region)
        now = instant(self.clock)
        if own.lease is not None and may_catch_up(own, self.region, now) and not await self._leaves():
            await self._tell_all(own.lease, other.lease)
            if await self.leases.replace(own.lease.with_catching_up(), own.lease):
                say("caught_up", lease=self.region, term=own.lease.term)
        if other.lease is not None and may_give_back(other, self.region, now):
            await self._tell_all(other.lease, own.lease)
            if await self.leases.replace(given_back(other.lease), other.lease):
                say("lease_given_back", lease=self.peer_region, term=other.lease.term + 1)
                await self._forget_being_apart(own.lease)

    async def _leaves(self) -> bool:
        return self.outlook is not None and await self.outlook.hands_over()

    async def _look(self, region: str) -> Sight:
        lease = await self.leases.read(region)
        seen = self._sights[region] = see(self._sights.get(region), lease, instant(self.clock))
        return seen

    async def _forget_being_apart(self, own: Lease | None) -> None:
        """The sentinel may renew it in between; then it costs a few more reads of histories, until the next time."""
        self._told.clear()
        if own is not None and own.apart_since is not None:
            await self.leases.replace(brought_together(own), own)

    async def _tell_all(self, *leases: Lease | None) -> None:
        """Tell the peer of every job that this Region has taken over since the two are apart."""
        moments = [lease.apart_since for lease in leases if lease is not None and lease.apart_since is not None]
        after = add_seconds(min(moments), -MARGIN_SECONDS) if moments else ""
        for lane in self.lanes.names():
            await asyncio.gather(*(self._tell_shard(lane, shard, after) for shard in range(DUE_SHARDS)))

    async def _tell_shard(self, lane: str, shard: int, position: str) -> None:
        while True:
            page = await self.projections.due(self.region, lane, shard, after=position, upto=LAST, limit=PAGE)
            jobs = dict.fromkeys(entry.job_id for entry in page)
            await asyncio.gather(*(self._tell(job, lane) for job in jobs))
            if len(page) < PAGE:
                return
            position = page[-1].position

    async def _tell(self, job_id: str, lane: str) -> None:
        try:
            record = await self.history.read_whole(job_id)
        except UnreadableEvent:
            return  # of a newer version, which tells it itself
        for segment in record.segments:
            opened_here = segment.opens_epoch and segment.epoch > 1 and segment.region == self.region
            if not opened_here or (job_id, segment.epoch) in self._told:
                continue
            due = Due(add_seconds(segment.events[0].at, self.stall_seconds), lane)
            try:
                await self.peer.append(segment, due=due)
            except AppendConflict:
                continue  # this Region was lost with it, and has opened the epoch again: replication decides
            self._told.add((job_id, segment.epoch))
