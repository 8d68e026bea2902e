"""What the processes of a simulated Region go by when it comes to the other one: leases, standing, whether it is heard.

A file of its own, for `region` is long: each function makes a use case as a process of the Region has it.
"""

import math
from typing import TYPE_CHECKING

from functions.adapters.memory import MemoryRegister
from functions.application.catch_up import CatchUp
from functions.application.change_hands import ChangeHands
from functions.application.evacuate_jobs import EvacuateJobs
from functions.application.hear_peer import HearPeer
from functions.application.heed_lease import HeedLease
from functions.application.keep_leases import KeepLeases
from functions.application.keep_standing import KeepStanding
from functions.application.note_return import NoteReturn
from functions.application.ports import Clock
from functions.application.return_leases import ReturnLeases
from functions.application.set_standing import SetStanding
from functions.application.sweep_jobs import SweepJobs
from functions.application.watch_standing import WatchStanding
from functions.domain.ownership.standing import RegionNotes
from tests.simulation.leases import ReachedLeases
from tests.simulation.ports import Calls, OwnLanes, OwnRegister, PeerLanes
from tests.simulation.replication import Replica
from tests.simulation.standing_ports import OwnStandings, PeerStandings

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
    standings = _own(region, calls) if region.moved else None
    return KeepLeases(leases=leases, clock=clock, region=region.name, peer_region=region.peer.name, standings=standings)


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
        outlook=watch_standing(region, calls) if region.moved else None,
    )


def notes_of(replica: Replica, region: str) -> RegionNotes:
    """Return what a replica holds of a Region, as nobody in the simulation can ask it."""
    table, orders = replica.table, replica.standings.orders
    told = tuple(order for key, order in sorted(orders.items()) if key[0] == region)
    return RegionNotes(
        region=region,
        orders=told,
        progress=replica.standings.progress.get(region),
        verdict=table.verdicts.get(region),
    )


def watch_standing(region: "Region", calls: Calls) -> WatchStanding:
    """Return the use case."""
    return WatchStanding(standings=_own(region, calls), clock=region.clock(), region=region.name)


def change_hands(region: "Region", calls: Calls, hold: HeedLease | None) -> ChangeHands | None:
    """Return the use case; None where nobody is told to go."""
    if not region.moved:
        return None
    clock = region.clock()
    return ChangeHands(
        outlook=watch_standing(region, calls),
        history=region.own_history(calls),
        peer=region.peer_history(calls, copying=True),
        projections=region.projections(calls),
        peer_lanes=PeerLanes(calls, region.peer.lanes, region.peer_power),
        clock=clock,
        region=region.name,
        peer_region=region.peer.name,
        stall_seconds=STALL_SECONDS,
        hold=hold,
        hears=hear_peer(region, calls, clock),
    )


def set_standing(region: "Region", calls: Calls) -> SetStanding:
    """The same."""
    return SetStanding(
        standings=_own(region, calls),
        peer=_peers(region, calls),
        clock=region.clock(),
        region=region.name,
        peer_region=region.peer.name,
    )


def note_return(region: "Region", calls: Calls) -> NoteReturn | None:
    """The same."""
    if not region.moved:
        return None
    return NoteReturn(
        standings=_own(region, calls),
        peer=_peers(region, calls),
        clock=region.clock(),
        region=region.name,
        peer_region=region.peer.name,
        stale_seconds=STALE_SECONDS,
    )


def keep_standing(region: "Region", calls: Calls, sweep: SweepJobs) -> KeepStanding | None:
    """The same, for the sweeper with that sweep."""
    if sweep.hands is None:
        return None
    return KeepStanding(
        standings=_own(region, calls),
        peer=_peers(region, calls),
        evacuate=EvacuateJobs(
            history=sweep.history,
            projections=sweep.projections,
            lanes=sweep.lanes,
            hands=sweep.hands,
            sweep=sweep,
            clock=sweep.clock,
            region=region.name,
            stall_seconds=STALL_SECONDS,
            per_second=math.inf,
        ),
        catch_up=CatchUp(
            history=sweep.history,
            peer=region.peer_history(calls, copying=True),
            projections=sweep.projections,
            lanes=sweep.lanes,
            clock=sweep.clock,
            region=region.name,
        ),
        clock=sweep.clock,
        region=region.name,
        peer_region=region.peer.name,
    )


def _own(region: "Region", calls: Calls) -> OwnStandings:
    return OwnStandings(calls, region.replica.standings)


def _peers(region: "Region", calls: Calls) -> PeerStandings:
    return PeerStandings(calls, region.peer.replica.standings, region.peer_power)
