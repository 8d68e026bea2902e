"""What the processes of a simulated Region go by when it comes to the other Region: leases, and whether it is heard.

A file of its own, for `region` is long: each function makes a use case as a process of the Region has it.
"""

from typing import TYPE_CHECKING

from functions.adapters.memory import MemoryRegister
from functions.application.hear_peer import HearPeer
from functions.application.keep_leases import KeepLeases
from functions.application.ports import Clock
from functions.application.return_leases import ReturnLeases
from tests.simulation.leases import ReachedLeases
from tests.simulation.ports import Calls, OwnLanes, OwnRegister

if TYPE_CHECKING:
    from tests.simulation.region import Region

STALL_SECONDS = 10.0
STALE_SECONDS = 12.0


def hear_peer(region: "Region", calls: Calls, clock: Clock) -> HearPeer:
    """Return the use case."""
    return HearPeer(
        register=OwnRegister(calls, MemoryRegister(region.replica.table)),
        clock=clock,
        region=region.name,
        peer_region=region.peer.name,
        stale_seconds=STALE_SECONDS,
    )


def keep_leases(region: "Region", calls: Calls) -> KeepLeases | None:
    """Return the use case; None where there are no leases."""
    if region.control is None:
        return None
    leases, clock = ReachedLeases(calls, region.control), region.lease_clock()
    return KeepLeases(leases=leases, clock=clock, region=region.name, peer_region=region.peer.name)


def return_leases(region: "Region", calls: Calls) -> ReturnLeases | None:
    """The same."""
    if region.control is None:
        return None
    return ReturnLeases(
        leases=ReachedLeases(calls, region.control),
        history=region.own_history(calls),
        peer=region.peer_history(calls, copying=True),
        projections=region.projections(calls),
        lanes=OwnLanes(calls, region.lanes),
        clock=region.lease_clock(),
        region=region.name,
        peer_region=region.peer.name,
        stall_seconds=STALL_SECONDS,
    )
