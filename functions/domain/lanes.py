"""The lanes: a queue each, with its own priority and capacity, and the message that points from one to a job."""

from dataclasses import dataclass
from enum import StrEnum

from functions.domain.moments import add_seconds, seconds_between


class Lane(StrEnum):
    """A queue with its own priority and capacity. The order is the order of importance."""

    CRITICAL = "critical"
    STANDARD = "standard"
    BATCH = "batch"
    GPU = "gpu"


#: In how many index partitions a Region's due jobs of one lane lie: DynamoDB gives one partition 1,000 writes a second.
DUE_SHARDS = 4
#: SQS holds a message back for so long at most, and to the second.
LONGEST_LANE_DELAY = 900
#: What lies further ahead the sweeper sees to so long before its moment: then it sends the hint that comes in time. It
#: may be away for as long, or leave the job alone because its lane's queue is long (application/await_turn.py).
HINT_AHEAD_SECONDS = 720.0


@dataclass(frozen=True, slots=True)
class LaneMessage:
    """A hint that a job may be worked on. Lost, late, doubled or ancient ones are harmless: the table is the truth."""

    job_id: str
    epoch: int
    reason: str


def can_be_hinted(now: str, moment: str) -> bool:
    """Say whether a hint that comes at that moment can be sent already."""
    return seconds_between(now, moment) <= LONGEST_LANE_DELAY


def look_at(now: str, moment: str, stall_seconds: float) -> str:
    """Return when the sweeper looks at a job of which something is to be done at `moment`.

    With a hint on its way, only when that has come to nothing; else ahead of the moment, to send the hint.
    """
    return add_seconds(moment, stall_seconds if can_be_hinted(now, moment) else -HINT_AHEAD_SECONDS)
