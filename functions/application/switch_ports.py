"""What pausing whole tenants and agents needs of the world, and what those who run jobs need of it."""

from collections.abc import Sequence
from typing import Protocol

from functions.domain.limits import Limit
from functions.domain.switches import Switch


class Switches(Protocol):
    """One replica's switches. Every method raises StateUnavailable."""

    async def put(self, switch: Switch) -> None:
        """Write a Region's switch, unless what lies there was set later."""

    async def read(self, tenant: str) -> Sequence[Switch]:
        """Return a tenant's switches, of both Regions."""

    async def read_rules(self, tenant: str) -> tuple[Sequence[Switch], Sequence[Limit]]:
        """Return a tenant's switches and limits, of both Regions, by one request."""


class Pauses(Protocol):
    """Whether a job may run."""

    async def pausing(self, tenant: str, agent: str) -> Switch | None:
        """Return the switch by which jobs of this agent are paused, if one is. Never raises."""
