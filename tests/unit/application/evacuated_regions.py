"""Two Regions in memory that can be told to go and to come back: each with its own replica of what was said."""

from dataclasses import dataclass, field

from functions.adapters.memory import MemoryHistory, MemoryProjections
from functions.adapters.memory_standings import MemoryStandings
from functions.application.agent_ports import Agent
from functions.application.change_hands import ChangeHands
from functions.application.watch_standing import WatchStanding
from functions.domain.last_word import said_after
from functions.domain.ownership.standing import Order
from functions.domain.ownership.verdict import Verdict
from tests.unit.application.two_regions import EAST, STALL_SECONDS, WEST, Fuse, Fused, Region, two_regions


@dataclass
class Pair:
    """Both Regions, and how each knows that they stand."""

    east: Region
    west: Region
    standings: dict[str, MemoryStandings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for region in (self.east, self.west):
            self.standings[region.name] = MemoryStandings(region.table)
            watch = self.watch(region)
            region.hands = lambda fuse, region=region, watch=watch: self.change_hands(region, watch, fuse)

    def watch(self, region: Region) -> WatchStanding:
        """What a process of a Region's knows."""
        return WatchStanding(standings=self.standings[region.name], clock=region.clock, region=region.name)

    def change_hands(self, region: Region, watch: WatchStanding, fuse: Fuse | None = None) -> ChangeHands:
        """Return the use case."""
        fuse = fuse or Fuse()
        return ChangeHands(
            outlook=watch,
            history=Fused(MemoryHistory(region.table), fuse),
            peer=Fused(MemoryHistory(region.peer.table), fuse),
            projections=Fused(MemoryProjections(region.table), fuse),
            peer_lanes=Fused(region.peer.lanes, fuse),
            clock=region.clock,
            region=region.name,
            peer_region=region.peer.name,
            stall_seconds=STALL_SECONDS,
        )

    async def tell(self, subject: str, *, away: bool, by: str = WEST) -> Order:
        """Tell a Region to go or to come back, in both replicas."""
        known = (await self.standings[by].read(subject)).order
        at = said_after(self.east.clock.now(), known)
        order = Order(subject=subject, region=by, away=away, at=at, by="ann")
        for standings in self.standings.values():
            await standings.put_order(order)
        return order

    def hold_for_lost(self, region: Region, *, lost: bool = True) -> None:
        """Have a Region hold its peer for lost, or no longer."""
        now = region.clock.now()
        region.table.verdicts[region.name] = Verdict(region.name, region.peer.name, lost, now, now)


def pair_of_regions(*agents: Agent) -> Pair:
    """Return both, with nothing done yet."""
    east, west = two_regions(*agents)
    assert (east.name, west.name) == (EAST, WEST)
    return Pair(east, west)
