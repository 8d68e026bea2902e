"""Whether a lane takes in new work: only while what comes now would wait for less than the lane's bound.

What nobody can know turns nobody away: without statistics every lane is open. A lane's own work alone counts: one whose
jobs hang closes itself and no other.
"""

import math
from dataclasses import dataclass

from functions.domain.lane_flow import LaneFlow

#: A refused client is asked to come again within this time, however long the lane's queue is.
LONGEST_RETRY_SECONDS = 900
SHORTEST_RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class LaneFull:
    """A lane takes in nothing new: how long new work would wait, the bound, and when it is worth asking again."""

    lane: str
    estimated_wait_seconds: float
    bound_seconds: float

    @property
    def retry_after_seconds(self) -> int:
        """When the queue will be below the bound again if nothing is added to it."""
        over = math.ceil(self.estimated_wait_seconds - self.bound_seconds)
        return max(SHORTEST_RETRY_SECONDS, min(LONGEST_RETRY_SECONDS, over))


def full(lane: str, flow: LaneFlow, bound_seconds: float, *, in_seconds: float = 0.0) -> LaneFull | None:
    """Return why the lane is closed, or None. A queue does no harm to work that is to start only `in_seconds` later."""
    estimate = flow.estimated_wait_seconds
    if estimate is None or estimate - in_seconds <= bound_seconds:
        return None
    return LaneFull(lane, estimate, bound_seconds)
