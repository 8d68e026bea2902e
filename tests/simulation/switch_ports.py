"""The port Switches as a process in a simulated Region has it: a file of its own, for `ports` is long."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from functions.adapters.memory_switches import MemorySwitches
from functions.domain.limits import Limit
from functions.domain.switches import Switch
from tests.simulation.machine import Power
from tests.simulation.ports import Calls


@dataclass(frozen=True, slots=True)
class OwnSwitches:
    """Switches on the own replica."""

    calls: Calls
    store: MemorySwitches

    async def put(self, switch: Switch) -> None:
        """See Switches."""
        await self.calls.to_table(lambda: self.store.put(switch), write=True)

    async def read(self, tenant: str) -> Sequence[Switch]:
        """See Switches."""
        return await self.calls.to_table(lambda: self.store.read(tenant), write=False)

    async def read_rules(self, tenant: str) -> tuple[Sequence[Switch], Sequence[Limit]]:
        """See Switches."""
        return await self.calls.to_table(lambda: self.store.read_rules(tenant), write=False)


@dataclass(frozen=True, slots=True)
class PeerSwitches:
    """Switches on the peer's replica, reached directly."""

    calls: Calls
    store: MemorySwitches
    power: Callable[[], Power]

    async def put(self, switch: Switch) -> None:
        """See Switches."""
        await self.calls.to_peer(self.power, lambda: self.store.put(switch))

    async def read(self, tenant: str) -> Sequence[Switch]:
        """See Switches."""
        return await self.calls.to_peer(self.power, lambda: self.store.read(tenant))

    async def read_rules(self, tenant: str) -> tuple[Sequence[Switch], Sequence[Limit]]:
        """See Switches."""
        return await self.calls.to_peer(self.power, lambda: self.store.read_rules(tenant))
