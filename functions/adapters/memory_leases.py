"""The twin of the port Leases in memory: one table for both Regions, as the control table is."""

from dataclasses import dataclass, field

from functions.application.lease_ports import LeasesUnavailable
from functions.domain.ownership.lease import Lease


@dataclass(slots=True)
class MemoryLeases:
    """The leases. `refusing` makes every call fail as a table does that cannot be reached."""

    rows: dict[str, Lease] = field(default_factory=dict)
    refusing: bool = False

    async def read(self, region: str) -> Lease | None:
        """See Leases."""
        self._check()
        return self.rows.get(region)

    async def replace(self, lease: Lease, over: Lease | None) -> bool:
        """See Leases."""
        self._check()
        present = self.rows.get(lease.region)
        if _version(present) != _version(over):
            return False
        self.rows[lease.region] = lease
        return True

    def _check(self) -> None:
        if self.refusing:
            raise LeasesUnavailable("the control table refuses")


def _version(lease: Lease | None) -> tuple[int, int] | None:
    return None if lease is None else (lease.term, lease.renewal)
