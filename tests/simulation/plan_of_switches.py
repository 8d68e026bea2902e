"""Which seeds have clients that pause their tenant's jobs, or an agent's, and when: each pause is ended by the plan."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

#: So large a part of the seeds has some.
SHARE = 0.08
AGENTS = (None, None, "journey", "walk", "say")


@dataclass(frozen=True, slots=True)
class Switching:
    """One client that sets one switch: that of an agent's jobs, or of all. `place`: its number in the plan."""

    at: float
    agent: str | None
    paused: bool
    place: int

    def __str__(self) -> str:
        return f"{self.at:6.2f}s somebody {'pauses' if self.paused else 'lets go on'} {self.agent or 'the tenant'}"


def has_switches(seed: int) -> bool:
    """Say whether a seed has any."""
    return next(switchings(seed, 1.0), None) is not None


def switchings(seed: int, seconds: float) -> Iterator[Switching]:
    """Yield what a seed's clients set within about so many seconds."""
    random = Random(f"antipode switches {seed}")
    if random.random() >= SHARE:
        return
    for number in range(random.choice((1, 1, 2))):
        agent = random.choice(AGENTS)
        at = random.uniform(0.0, 0.7 * seconds)
        yield Switching(at, agent, True, 2 * number)
        yield Switching(at + random.choice((3.0, 15.0, 40.0)) * random.uniform(0.5, 1.5), agent, False, 2 * number + 1)
