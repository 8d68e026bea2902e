"""Lanes of one Region that work off what is sent: a message comes when it is due, or a third of a second later."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from functions.application.ports import LaneSend
from functions.domain.lanes import LONGEST_LANE_DELAY
from tests.simulation.virtual_time import pass_time
from tests.unit.application.two_regions import Region


@dataclass(slots=True)
class Deliveries:
    """The port Lanes: one lane, whose messages are worked on when they come, while the Region is up."""

    chance: Random
    region: Region
    up: bool = True
    losing: bool = False
    _working: set["asyncio.Task[None]"] = field(default_factory=set)

    def names(self) -> Sequence[str]:
        """See Lanes."""
        return ["standard"]

    async def send(self, sends: Sequence[LaneSend]) -> None:
        """See Lanes."""
        for each in () if self.losing else sends:
            assert 0 <= each.delay_seconds <= LONGEST_LANE_DELAY
            task = asyncio.create_task(self._deliver(each))
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    async def depths(self) -> Mapping[str, tuple[int, int]]:
        """See Lanes."""
        return {}

    async def _deliver(self, send: LaneSend) -> None:
        await pass_time(send.delay_seconds + self.chance.uniform(0.0, 0.3))
        if self.up:
            stop_at = self.region.clock.monotonic() + 110
            await self.region.advance_job().advance(send.message, delivery=1, stop_at=stop_at)

    def kill_workers(self) -> None:
        """End every worker at whatever it does; no message of theirs comes again within any test."""
        for task in list(self._working):
            task.cancel()
