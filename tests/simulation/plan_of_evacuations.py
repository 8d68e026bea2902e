"""Which seeds have Regions that are told to go and to come back, and when, amid what work.

In half of them nothing else goes wrong, so that whatever a job loses it loses by the evacuation. A file of its own, as
are the other parts of a plan that only some seeds have.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

REGIONS = ("us-east-1", "us-west-2")
#: One seed of so many has some.
EVERY = 25
WHICH = 7


@dataclass(frozen=True, slots=True)
class Evacuation:
    """A Region that is told to go, by whichever of `asked` accepts it, and to return. `place`: its number."""

    at: float
    region: str
    back_at: float
    asked: tuple[str, ...]
    place: int

    def __str__(self) -> str:
        told = f"{self.at:6.2f}s somebody tells {self.region} to go"
        return f"{told} by {self.asked[0]}, and to return at {self.back_at:.2f}s"


def has_evacuations(seed: int) -> bool:
    """Say whether a seed has any."""
    return seed % EVERY == WHICH


def is_calm(seed: int) -> bool:
    """Say whether nothing else goes wrong in a seed that has some."""
    return seed % (2 * EVERY) == WHICH


def evacuations(seed: int) -> Iterator[Evacuation]:
    """Yield them: mostly of one Region, sometimes of the other afterwards, or at the same time."""
    if not has_evacuations(seed):
        return
    random = Random(f"antipode evacuations {seed}")
    region = random.choice(REGIONS)
    at = random.uniform(1.0, 25.0)
    for place in range(random.choice((1, 1, 2))):
        back_at = at + random.choice((8.0, 30.0, 60.0)) * random.uniform(0.5, 1.5)
        yield Evacuation(at, region, back_at, tuple(random.choice(REGIONS) for _ in range(8)), place)
        region = REGIONS[1 - REGIONS.index(region)]
        at = random.choice((at + 0.5, back_at + random.uniform(0.0, 20.0)))
