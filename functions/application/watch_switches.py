"""What the workers of one process know of the switches: read again every few seconds, however many jobs there are.

A table that refuses changes nothing: what was known last goes on to hold, and at first nobody is paused.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.application.ports import Clock, StateUnavailable
from functions.application.switch_ports import Switches
from functions.domain.switches import Switch, pausing

#: So long what was read of a tenant is taken for what holds.
FRESH_SECONDS = 5.0


@dataclass(slots=True)
class _Known:
    switches: Sequence[Switch]
    until: float


@dataclass(slots=True, kw_only=True)
class WatchSwitches:
    """The use case (port Pauses). At most one query for a tenant in `FRESH_SECONDS`, by whoever asks first."""

    switches: Switches
    clock: Clock
    _known: dict[str, _Known] = field(default_factory=dict)
    _asking: dict[str, asyncio.Event] = field(default_factory=dict)

    async def pausing(self, tenant: str, agent: str) -> Switch | None:
        """See Pauses."""
        known = self._known.get(tenant)
        if known is None or self.clock.monotonic() >= known.until:
            await self._refresh(tenant)
        return pausing(self._known[tenant].switches, agent)

    async def _refresh(self, tenant: str) -> None:
        asked = self._asking.get(tenant)
        if asked is not None:
            await asked.wait()
            if tenant in self._known:
                return
        self._asking[tenant] = answered = asyncio.Event()
        try:
            await self._ask(tenant)
        finally:
            answered.set()
            if self._asking.get(tenant) is answered:
                del self._asking[tenant]

    async def _ask(self, tenant: str) -> None:
        known = self._known.get(tenant)
        found: Sequence[Switch] = () if known is None else known.switches
        with contextlib.suppress(StateUnavailable):
            found = await self.switches.read(tenant)
        self._known[tenant] = _Known(found, self.clock.monotonic() + FRESH_SECONDS)
