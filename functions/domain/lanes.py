"""The lanes: a queue each, with its own priority and capacity, and the message that points from one to a job."""

from dataclasses import dataclass
from enum import StrEnum


class Lane(StrEnum):
    """A queue with its own priority and capacity. The order is the order of importance."""

    CRITICAL = "critical"
    STANDARD = "standard"
    BATCH = "batch"
    GPU = "gpu"


#: In how many index partitions a Region's due jobs of one lane lie: DynamoDB gives one partition 1,000 writes a second.
DUE_SHARDS = 4


@dataclass(frozen=True, slots=True)
class LaneMessage:
    """A hint that a job may be worked on. Lost, late, doubled or ancient ones are harmless: the table is the truth."""

    job_id: str
    epoch: int
    reason: str
