"""The twin of the port Standings in memory."""

from dataclasses import dataclass, field

from functions.adapters.memory import MemoryTable
from functions.domain.ownership.standing import Order, Progress, RegionNotes


@dataclass(slots=True)
class MemoryStandings:
    """Notes beside a MemoryTable, which says whether they refuse, and holds verdicts and heartbeats."""

    table: MemoryTable
    orders: dict[tuple[str, str], Order] = field(default_factory=dict)
    progress: dict[str, Progress] = field(default_factory=dict)

    async def put_order(self, order: Order) -> None:
        """See Standings."""
        self.table.check()
        known = self.orders.get((order.subject, order.region))
        if known is None or known.at < order.at:
            self.orders[order.subject, order.region] = order

    async def put_progress(self, progress: Progress) -> None:
        """See Standings."""
        self.table.check()
        self.progress[progress.region] = progress

    async def read(self, region: str) -> RegionNotes:
        """See Standings."""
        self.table.check()
        beat = self.table.beats.get(region)
        orders = tuple(order for key, order in sorted(self.orders.items()) if key[0] == region)
        return RegionNotes(
            region=region,
            orders=orders,
            progress=self.progress.get(region),
            verdict=self.table.verdicts.get(region),
            fenced=beat is not None and beat.fenced,
        )
