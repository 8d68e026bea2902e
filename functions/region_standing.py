"""How this Region stands, and what follows from it: a part of `bootstrap`, on the surroundings.

Evacuation, failback and the return of a Region that was lost.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from functions.surroundings import Surroundings

if TYPE_CHECKING:
    from functions.application.change_hands import ChangeHands
    from functions.application.hear_peer import HearPeer
    from functions.application.heed_lease import HeedLease
    from functions.application.lease_ports import Fence
    from functions.application.note_return import NoteReturn
    from functions.application.set_standing import SetStanding
    from functions.application.watch_standing import WatchStanding


class RegionStanding(Surroundings):
    """What goes by how the Region stands."""

    @cached_property
    def heed_lease(self) -> "HeedLease | None":
        """What this process knows of the leases; None where there are none."""
        if self.leases is None:
            return None
        from functions.application.heed_lease import HeedLease

        settings = self.settings
        return HeedLease(leases=self.leases, clock=self.clock, region=settings.region, peer_region=settings.peer_region)

    @property
    def fence(self) -> "Fence":
        """What workers ask before each step."""
        from functions.application.lease_ports import UNFENCED

        return self.heed_lease or UNFENCED

    @cached_property
    def watch_standing(self) -> "WatchStanding":
        """Use case."""
        from functions.application.watch_standing import WatchStanding

        return WatchStanding(standings=self.standings, clock=self.clock, region=self.settings.region)

    @cached_property
    def change_hands(self) -> "ChangeHands":
        """Use case."""
        from functions.application.change_hands import ChangeHands

        return ChangeHands(
            outlook=self.watch_standing,
            history=self.history,
            peer=self.peer,
            projections=self.projections,
            peer_lanes=self.peer_lanes,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            stall_seconds=self.settings.stall_seconds,
            hold=self.heed_lease,
            hears=self.hear_peer,
        )

    @cached_property
    def hear_peer(self) -> "HearPeer":
        """Use case."""
        from functions.application.hear_peer import HearPeer

        settings = self.settings
        return HearPeer(
            register=self.register,
            clock=self.clock,
            region=settings.region,
            peer_region=settings.peer_region,
            stale_seconds=settings.peer_stale_seconds,
        )

    @cached_property
    def set_standing(self) -> "SetStanding":
        """Use case."""
        from functions.application.set_standing import SetStanding

        return SetStanding(
            standings=self.standings,
            peer=self.peer_standings,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
        )

    @cached_property
    def note_return(self) -> "NoteReturn":
        """Use case."""
        from functions.application.note_return import NoteReturn

        return NoteReturn(
            standings=self.standings,
            peer=self.peer_standings,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            stale_seconds=self.settings.peer_stale_seconds,
        )
