"""Which seeds tell of a session, and the turns that clients want in it: by all policies, close together or not."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.simulation.talk import Say

#: So large a part of the seeds has a session, and nothing else.
SHARE = 0.1
POLICIES = ("queue", "queue", "queue", "reject", "interrupt", "merge", "merge")
#: A turn that only a lost Region held is searched for so long before those behind it come first.
SEARCH_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """One turn that a client wants."""

    at: float
    say: Say
    on_busy: str


def has_session(seed: int) -> bool:
    """Say whether a seed tells of a session."""
    return _random(seed).random() < SHARE


def wanted_turns(seed: int, seconds: float) -> Iterator[Wanted]:
    """Yield the turns of a seed's session, submitted within so many seconds."""
    random = _random(seed)
    random.random()
    close = random.choice((3.0, 15.0, seconds))
    begin = random.uniform(0.0, seconds - close)
    for number in range(random.choice((2, 3, 4, 5, 6))):
        say = Say(
            words=f"t{number}",
            seconds=random.choice((0.1, 1.0, 4.0, 9.0)),
            takes_in=random.random() < 0.6,
            remembers=random.random() < 0.5,
            fails=random.random() < 0.1,
        )
        yield Wanted(begin + random.uniform(0.0, close), say, random.choice(POLICIES))


def mails_a_round(seed: int) -> int:
    """Return after how many mails the seed's session begins anew."""
    return Random(f"antipode rounds {seed}").choice((3, 6, 20))


def _random(seed: int) -> Random:
    return Random(f"antipode sessions {seed}")
