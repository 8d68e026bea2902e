"""The control table of a simulated pair as its Regions reach it, when they cannot, and the clocks that leases go by."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TypeVar

from functions.adapters.memory_leases import MemoryLeases
from functions.application.heed_lease import HeedLease
from functions.application.keep_leases import instant
from functions.application.lease_ports import LeasesUnavailable
from functions.domain.moments import to_moment
from functions.domain.ownership import lease as rules
from functions.domain.ownership.lease import Lease, Phase
from tests.simulation.machine import Machinery
from tests.simulation.plan_of_leases import ControlCut
from tests.simulation.ports import Calls
from tests.simulation.virtual_time import START, VirtualClock, pass_time

Result = TypeVar("Result")

#: A clock may run by so much too fast or too slow.
LARGEST_DRIFT = 0.1


@dataclass(slots=True)
class Control:
    """The control table, and who is cut off from it. `drift`: how fast each Region's clocks run."""

    cuts: tuple[ControlCut, ...]
    drift: dict[str, float]
    store: MemoryLeases = field(default_factory=MemoryLeases)
    healed: bool = False

    @classmethod
    def of(cls, seed: int, cuts: tuple[ControlCut, ...], regions: tuple[str, ...]) -> "Control":
        """Return the control table of a seed."""
        random = Random(f"antipode drift {seed}")
        return cls(cuts, {region: 1 + random.uniform(-LARGEST_DRIFT, LARGEST_DRIFT) for region in regions})

    def reached_by(self, region: str) -> bool:
        """Say whether a Region reaches it now."""
        now = asyncio.get_running_loop().time()
        return self.healed or not any(cut.region == region and cut.at <= now < cut.until for cut in self.cuts)

    def settled(self, present: Sequence[str]) -> bool:
        """Say whether each Region that is there holds its own lease, and that of one that is gone."""
        holders = {(lease.region, lease.holder, lease.phase) for lease in self.store.rows.values()}
        return holders == {(name, name if name in present else present[0], Phase.HELD) for name in self.drift}


@dataclass(frozen=True, slots=True)
class ReachedLeases:
    """The port Leases as a process has it: slow, refusing at times, and cut off at times."""

    calls: Calls
    control: Control

    async def read(self, region: str) -> Lease | None:
        """See Leases."""
        return await self._call(lambda: self.control.store.read(region))

    async def replace(self, lease: Lease, over: Lease | None) -> bool:
        """See Leases."""
        return await self._call(lambda: self.control.store.replace(lease, over))

    async def _call(self, work: Callable[[], Awaitable[Result]]) -> Result:
        trouble, process = self.calls.trouble, self.calls.process
        process.check()
        await pass_time(trouble.random.uniform(0.0, trouble.slow))
        await process.machinery.gate()
        process.check()
        if not self.control.reached_by(process.machinery.name):
            raise LeasesUnavailable("the control table does not answer")
        result = await work()
        await pass_time(trouble.random.uniform(0.0, trouble.slow))
        await process.machinery.gate()
        process.check()
        if trouble.happens(trouble.refuse):
            raise LeasesUnavailable("the answer got lost")
        return result


@dataclass(slots=True)
class LeaseClock(VirtualClock):
    """A Region's clocks: they run too fast or slow, and the monotonic one stands still while the Region is frozen."""

    rate: float = 1.0
    machinery: Machinery = field(kw_only=True)

    def now(self) -> str:
        """See Clock."""
        seconds = asyncio.get_running_loop().time() * self.rate + self.skew_seconds
        return to_moment(START + timedelta(seconds=seconds))

    def monotonic(self) -> float:
        """See Clock."""
        return (asyncio.get_running_loop().time() - self.machinery.stood_still()) * self.rate


def relied_upon_until(heed: HeedLease) -> float:
    """Return until when, by the true time, a process relies on its reading of its lease: for ever, if it has none."""
    now, clock = asyncio.get_running_loop().time(), heed.clock
    reading = heed._readings.get(heed.region)
    if reading is None or reading.lease is None:
        return math.inf
    assert isinstance(clock, LeaseClock)
    held = reading.lease.duration_seconds * (1 - rules.MARGIN)
    return now + max(0.0, held - instant(clock).longest_since(reading.asked)) / clock.rate
