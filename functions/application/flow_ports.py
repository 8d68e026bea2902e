"""What counting the lanes' work needs of the world, and what those who run jobs, and take them in, need of it."""

from collections.abc import Mapping
from typing import Protocol

from functions.domain.job.state import JobState
from functions.domain.lane_flow import DepthSample, LaneCounts, RegionFlow


class FlowBook(Protocol):
    """One replica's statistics of the lanes: each Region's are written by itself. Every method raises StateUnavailable.

    What was counted while the table refused may be counted twice or not at all: these are statistics.
    """

    async def add(self, region: str, bucket: str, lanes: Mapping[str, LaneCounts]) -> None:
        """Add what a process has counted to the bucket that begins at this moment."""

    async def put_sample(self, region: str, sample: DepthSample) -> None:
        """Write how deep a Region's lanes are, in place of what was there."""

    async def read(self, region: str) -> RegionFlow:
        """Return a Region's newest buckets and its sample, as this replica has them: a moment late, maybe."""


class FlowCounts(Protocol):
    """Told by whoever runs jobs what becomes of them. Never raises, and asks nothing of anybody."""

    def started(self, state: JobState, at: str) -> None:
        """An attempt has begun at a job that is in this state."""

    def ended(self, lane: str, *, failed: bool) -> None:
        """A job has come to its end."""
