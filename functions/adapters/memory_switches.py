"""The twin of the port Switches in memory: a file of its own, as the twins of the jobs' ports fill theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.adapters.memory import MemoryTable
from functions.domain.switches import Switch


@dataclass(slots=True)
class MemorySwitches:
    """Switches beside a MemoryTable, which says whether they refuse."""

    table: MemoryTable
    rows: dict[tuple[str, str, str], Switch] = field(default_factory=dict)

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
