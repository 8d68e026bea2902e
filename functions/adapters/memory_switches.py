"""The twin of the ports Switches and Limits in memory: a file of its own, as the jobs' ports fill theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.adapters.memory import MemoryTable
from functions.domain.limits import Limit
from functions.domain.switches import Switch


@dataclass(slots=True)
class MemorySwitches:
    """Switches beside a MemoryTable, which says whether they refuse."""

    table: MemoryTable
    rows: dict[tuple[str, str, str], Switch] = field(default_factory=dict)
    limits: dict[tuple[str, str, str], Limit] = field(default_factory=dict)

    async def put(self, switch: Switch) -> None:
        """See Switches."""
        self.table.check()
        key = (switch.tenant, switch.scope, switch.region)
        known = self.rows.get(key)
        if known is None or known.at < switch.at:
            self.rows[key] = switch

    async def read(self, tenant: str) -> Sequence[Switch]:
        """See Switches."""
        self.table.check()
        return [switch for key, switch in sorted(self.rows.items()) if key[0] == tenant]

    async def read_rules(self, tenant: str) -> tuple[Sequence[Switch], Sequence[Limit]]:
        """See Switches."""
        return await self.read(tenant), await self.read_limits(tenant)

    async def put_limit(self, limit: Limit) -> None:
        """See Limits."""
        self.table.check()
        key = (limit.tenant, limit.scope, limit.region)
        known = self.limits.get(key)
        if known is None or known.at < limit.at:
            self.limits[key] = limit

    async def read_limits(self, tenant: str) -> Sequence[Limit]:
        """See Limits."""
        self.table.check()
        return [limit for key, limit in sorted(self.limits.items()) if key[0] == tenant]
