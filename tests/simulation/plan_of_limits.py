"""Which seeds have jobs under a limit, and which: so many at once, so many starts a minute, or both, in each Region."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from functions.domain.limits import Limit, scope_of_key
from tests.simulation.plan_of_sessions import has_session
from tests.simulation.work import Walk

#: So large a part of the seeds has one, and nothing but short walks under it.
SHARE = 0.05
#: What the limited jobs name in `limit_keys`.
KEY = "crm"
TENANT = "acme"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One job under the limit, that a client wants."""

    at: float
    walk: Walk


def has_limit(seed: int) -> bool:
    """Say whether a seed has jobs under a limit."""
    return limit_of(seed) is not None


def limit_of(seed: int) -> Limit | None:
    """Return a seed's limit, if it has one: it holds in both Regions from the beginning."""
    random = _random(seed)
    if random.random() >= SHARE or has_session(seed):
        return None
    concurrency, starts = random.choice(((1, None), (1, None), (2, None), (2, 20.0), (None, 12.0)))
    return Limit(
        tenant=TENANT,
        scope=scope_of_key(KEY),
        region="us-east-1",
        concurrency=concurrency,
        starts_per_minute=starts,
        at="2026-11-21T00:00:00.000Z",
        by="a visitor",
    )


def wanted_walks(seed: int, seconds: float) -> Iterator[Wanted]:
    """Yield the jobs that come under it: close together, or within so many seconds."""
    random = Random(f"antipode limited {seed}")
    close = random.choice((2.0, 10.0, seconds))
    for _ in range(random.choice((3, 4, 5))):
        steps = random.choice((1, 2, 3))
        walk = Walk(steps=steps, seconds=random.choice((0.3, 1.0, 3.0)), repeatable=random.random() < 0.6)
        yield Wanted(random.uniform(0.0, close), walk)


def _random(seed: int) -> Random:
    return Random(f"antipode limits {seed}")
