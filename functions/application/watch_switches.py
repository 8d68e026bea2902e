"""What the workers of one process know of switches and limits: read again every few seconds for all jobs.

A table that refuses changes nothing: what was known last goes on to hold, and at first nobody is paused or limited.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.application.ports import Clock, StateUnavailable
from functions.application.switch_ports import Switches
from functions.domain.limits import Limit, limiting
from functions.domain.switches import Switch, pausing

#: So long what was read of a tenant is taken for what holds.
FRESH_SECONDS = 5.0


@dataclass(slots=True)
class _Known:
    switches: Sequence[Switch]
    limits: Sequence[Limit]
    until: float


@dataclass(slots=True, kw_only=True)
class WatchSwitches:
    """The use case (ports Pauses, LimitsInForce). One query for a tenant in `FRESH_SECONDS`, by whoever asks first."""

    switches: Switches
    clock: Clock
    _known: dict[str, _Known] = field(default_factory=dict)
    _asking: dict[str, asyncio.Event] = field(default_factory=dict)

    async def pausing(self, tenant: str, agent: str) -> Switch | None:
        """See Pauses."""
        return pausing((await self._rules(tenant)).switches, agent)

    async def limiting(self, tenant: str, agent: str, keys: Sequence[str]) -> Sequence[Limit]:
        """See LimitsInForce."""
        limits = (await self._rules(tenant)).limits
        return limiting(limits, agent, keys) if limits else ()

    async def _rules(self, tenant: str) -> _Known:
        known = self._known.get(tenant)
        if known is None or self.clock.monotonic() >= known.until:
            await self._refresh(tenant)
        return self._known[tenant]

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
        switches: Sequence[Switch] = () if known is None else known.switches
        limits: Sequence[Limit] = () if known is None else known.limits
        with contextlib.suppress(StateUnavailable):
            switches, limits = await self.switches.read_rules(tenant)
        self._known[tenant] = _Known(switches, limits, self.clock.monotonic() + FRESH_SECONDS)
