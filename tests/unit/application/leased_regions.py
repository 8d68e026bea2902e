"""Two Regions with one control table: their sentinels' rounds, what their processes know, and how leases come back."""

from dataclasses import dataclass, field

from functions.adapters.memory import MemoryHistory, MemoryProjections
from functions.adapters.memory_leases import MemoryLeases
from functions.application.heed_lease import HeedLease
from functions.application.keep_leases import KeepLeases
from functions.application.return_leases import ReturnLeases
from functions.domain.ownership.lease import LEASE_SECONDS, Lease, Phase
from tests.simulation.virtual_time import VirtualClock, pass_time
from tests.unit.application.two_regions import EAST, STALL_SECONDS, WEST, Log, Region

#: Long enough for a lease to run out that nobody renews.
RUN_OUT = LEASE_SECONDS + 0.1


@dataclass(slots=True)
class Control(MemoryLeases):
    """The control table, from which one Region may be cut off; counts reads."""

    reads: int = 0
    slow_seconds: float = 0.0

    async def read(self, region: str) -> Lease | None:
        """See Leases."""
        self.reads += 1
        if self.slow_seconds:
            await pass_time(self.slow_seconds)
        return await MemoryLeases.read(self, region)

    def shows(self, region: str) -> tuple[str, int, Phase]:
        """Return holder, term and phase."""
        lease = self.rows[region]
        return lease.holder, lease.term, lease.phase


@dataclass(slots=True)
class Sentinels:
    """One sentinel for each Region."""

    control: Control = field(default_factory=Control)
    log: Log = field(default_factory=Log)
    keepers: dict[str, KeepLeases] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for region, peer in ((EAST, WEST), (WEST, EAST)):
            self.keepers[region] = KeepLeases(
                leases=self.control, clock=VirtualClock(), region=region, peer_region=peer
            )

    async def rounds(self, *regions: str, lost: bool = False, count: int = 1) -> None:
        """Have these Regions' sentinels look so often, five seconds apart, each holding its peer for lost or not."""
        for _ in range(count):
            for region in regions:
                await self.keepers[region].round(lost, self.log)
            await pass_time(5.0)

    async def taken_by_west(self) -> None:
        """Both Regions held their leases; then the west took that of the lost east, and nobody relies on it more."""
        await self.rounds(EAST, WEST)
        await self.rounds(WEST, lost=True, count=6)
        assert self.control.shows(EAST) == (WEST, 2, Phase.HELD)


def heed(control: MemoryLeases, region: str = EAST) -> HeedLease:
    """Return what a process of a Region knows of the leases."""
    peer = WEST if region == EAST else EAST
    return HeedLease(leases=control, clock=VirtualClock(), region=region, peer_region=peer)


def return_leases(control: MemoryLeases, region: Region) -> ReturnLeases:
    """Return the use case of a Region's sweeper."""
    return ReturnLeases(
        leases=control,
        history=MemoryHistory(region.table),
        peer=MemoryHistory(region.peer.table),
        projections=MemoryProjections(region.table),
        lanes=region.lanes,
        clock=VirtualClock(),
        region=region.name,
        peer_region=region.peer.name,
        stall_seconds=STALL_SECONDS,
    )
