"""What one process knows of the lanes' flow: read again every few seconds, however many ask.

A table that refuses leaves nothing known, and of what is not known nobody is turned away.
"""

import asyncio
from dataclasses import dataclass, field

from functions.application.flow_ports import FlowBook
from functions.application.ports import Clock, StateUnavailable
from functions.domain.lane_flow import RegionFlow

#: So long what was read is taken for what holds.
FRESH_SECONDS = 5.0


@dataclass(slots=True, kw_only=True)
class WatchFlow:
    """The use case. At most one query for a Region in `FRESH_SECONDS`, by whoever asks first."""

    book: FlowBook
    clock: Clock
    _known: dict[str, tuple[float, RegionFlow]] = field(default_factory=dict)
    _asking: dict[str, "asyncio.Task[RegionFlow]"] = field(default_factory=dict)

    async def of(self, region: str) -> RegionFlow:
        """Return what is known of a Region's lanes. Never raises."""
        until, known = self._known.get(region, (0.0, RegionFlow()))
        if self.clock.monotonic() < until:
            return known
        asking = self._asking.get(region)
        if asking is None:
            asking = self._asking[region] = asyncio.create_task(self._ask(region))
        try:
            return await asyncio.shield(asking)
        finally:
            if asking.done() and self._asking.get(region) is asking:
                del self._asking[region]

    async def _ask(self, region: str) -> RegionFlow:
        try:
            found = await self.book.read(region)
        except StateUnavailable:
            found = RegionFlow()
        self._known[region] = self.clock.monotonic() + FRESH_SECONDS, found
        return found
