"""The twin of the port FlowBook in memory: a file of its own, as the twins of the jobs' ports fill theirs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from functions.adapters.memory import MemoryTable
from functions.domain.lane_flow import READ_BUCKETS, DepthSample, FlowBucket, LaneCounts, RegionFlow


@dataclass(slots=True)
class MemoryFlow:
    """Statistics beside a MemoryTable, which says whether they refuse."""

    table: MemoryTable
    buckets: dict[tuple[str, str], dict[str, LaneCounts]] = field(default_factory=dict)
    samples: dict[str, DepthSample] = field(default_factory=dict)

    async def add(self, region: str, bucket: str, lanes: Mapping[str, LaneCounts]) -> None:
        """See FlowBook."""
        self.table.check()
        there = self.buckets.setdefault((region, bucket), {})
        for lane, counts in lanes.items():
            there[lane] = there.get(lane, LaneCounts()) + counts

    async def put_sample(self, region: str, sample: DepthSample) -> None:
        """See FlowBook."""
        self.table.check()
        self.samples[region] = sample

    async def read(self, region: str) -> RegionFlow:
        """See FlowBook."""
        self.table.check()
        sample = self.samples.get(region)
        moments = sorted((at for of, at in self.buckets if of == region), reverse=True)
        newest = moments[: READ_BUCKETS - (sample is not None)]
        return RegionFlow(tuple(FlowBucket(at, dict(self.buckets[region, at])) for at in newest), sample)
