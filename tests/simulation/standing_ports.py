"""The port Standings as a process in a simulated Region has it: a file of its own, for `ports` is long."""

from collections.abc import Callable
from dataclasses import dataclass

from functions.adapters.memory_standings import MemoryStandings
from functions.domain.ownership.standing import Order, Progress, RegionNotes
from tests.simulation.machine import Power
from tests.simulation.ports import Calls


@dataclass(frozen=True, slots=True)
class OwnStandings:
    """What is noted of the Regions on the own replica."""

    calls: Calls
    store: MemoryStandings

    async def put_order(self, order: Order) -> None:
        """See Standings."""
        await self.calls.to_table(lambda: self.store.put_order(order), write=True)

    async def put_progress(self, progress: Progress) -> None:
        """See Standings."""
        await self.calls.to_table(lambda: self.store.put_progress(progress), write=True)

    async def read(self, region: str) -> RegionNotes:
        """See Standings."""
        return await self.calls.to_table(lambda: self.store.read(region), write=False)


@dataclass(frozen=True, slots=True)
class PeerStandings:
    """The same on the peer's replica, reached directly."""

    calls: Calls
    store: MemoryStandings
    power: Callable[[], Power]

    async def put_order(self, order: Order) -> None:
        """See Standings."""
        await self.calls.to_peer(self.power, lambda: self.store.put_order(order))

    async def put_progress(self, progress: Progress) -> None:
        """See Standings."""
        await self.calls.to_peer(self.power, lambda: self.store.put_progress(progress))

    async def read(self, region: str) -> RegionNotes:
        """See Standings."""
        return await self.calls.to_peer(self.power, lambda: self.store.read(region))
