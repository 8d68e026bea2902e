"""Histories of one job as a test writes them down, and a Region whose replica holds just that."""

from functions.domain.job.events import Event
from functions.domain.job.history import Segment
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import JOB, Region, two_regions


def written(epoch: int, region: str, first: int, *events: Event) -> Segment:
    """Return a segment of the job."""
    return Segment(JOB, epoch, region, first, events)


def west_with(*segments: Segment) -> Region:
    """Return the second Region, with these segments in its replica and nothing else."""
    _, west = two_regions(Effects().walker(1))
    west.put(*segments)
    return west
