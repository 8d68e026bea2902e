"""What ownership leases need of the world, and what those who work on jobs need of them."""

from typing import TYPE_CHECKING, Protocol

from functions.application.ports import StateUnavailable

if TYPE_CHECKING:  # workers of Regions without leases do without it
    from functions.domain.ownership.lease import Lease


class LeasesUnavailable(StateUnavailable):
    """The control table refuses or does not answer: what was known of the leases runs out by itself."""


class RegionFenced(StateUnavailable):
    """This Region's lease has run out, or is its peer's: its workers leave their jobs and start nothing."""


class Leases(Protocol):
    """The control table, the same in both Regions. Every method raises LeasesUnavailable."""

    async def read(self, region: str) -> "Lease | None":
        """Return the lease of a Region as it is now, whoever has written it; never an older state of it."""

    async def replace(self, lease: "Lease", over: "Lease | None") -> bool:
        """Write a lease in place of `over` (None: where there is none) and say so; False when that is not there."""


class Fence(Protocol):
    """What workers of a Region ask before they begin anything."""

    async def may_start_steps(self) -> bool:
        """Say whether a step may be started now, before anything else is waited for. Never raises."""

    async def check(self) -> None:
        """Raise RegionFenced when no step may be started now."""

    @property
    def apart(self) -> bool:
        """Whether the peer may have taken over jobs of which this Region does not know yet."""


class PeerHold(Protocol):
    """What a sweeper asks before it takes over a job of the peer."""

    async def peer_is_fenced(self) -> bool:
        """Say whether no worker of the peer can start a step any more. Never raises."""


class _Unfenced:
    """The port Fence where there are no leases (`ownership: eventual`)."""

    apart = False

    async def may_start_steps(self) -> bool:
        """See Fence."""
        return True

    async def check(self) -> None:
        """See Fence."""


#: Where there are no leases, no Region is fenced and nothing is asked.
UNFENCED: Fence = _Unfenced()
