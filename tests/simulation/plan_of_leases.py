"""What ownership leases add to a seed's plan: times without the control table, and partitions amid much work."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

REGIONS = ("us-east-1", "us-west-2")


@dataclass(frozen=True, slots=True)
class ControlCut:
    """A time for which a Region does not reach the control table."""

    at: float
    until: float
    region: str

    def __str__(self) -> str:
        return f"{self.at:6.2f}s {self.region} cannot reach the control table, until {self.until:.2f}s"


@dataclass(frozen=True, slots=True)
class Partition:
    """A time for which the two Regions do not reach each other; what `late` has written then comes later still."""

    at: float
    until: float
    late: str
    late_until: float


def is_parted(seed: int) -> bool:
    """Say whether the Regions of a seed are parted amid long jobs, in place of what its plan has in store."""
    return seed % 2 == 0


def partition(seed: int) -> Partition:
    """Return when."""
    random = Random(f"antipode partition {seed}")
    at = random.uniform(2.0, 20.0)
    until = at + random.choice((12.0, 30.0, 45.0, 70.0)) * random.uniform(0.8, 1.2)
    return Partition(at, until, random.choice(REGIONS), until + random.choice((0.1, 5.0, 60.0, 60.0)))


def control_cuts(seed: int, times: tuple[tuple[float, float, str], ...]) -> Iterator[ControlCut]:
    """Yield when Regions do not reach the control table: while something else strikes them or their peer, or alone."""
    random = Random(f"antipode leases {seed}")
    for at, until, region in times:
        if random.random() < 0.5:
            struck = region if random.random() < 0.7 else random.choice(REGIONS)
            yield ControlCut(max(0.0, at + random.uniform(-5.0, 5.0)), until + random.uniform(-5.0, 15.0), struck)
    if random.random() < 0.3:
        at = random.uniform(0.0, 60.0)
        yield ControlCut(at, at + random.choice((4.0, 15.0, 40.0)), random.choice(REGIONS))
