"""Limits: how many jobs of a tenant, an agent or a key may run at once, and how many may start in a minute.

A limit holds in each Region by itself (decision 27). Like a switch it is an item of each Region that set it, and of the
two the one set last is in force. How many run at once is counted by numbered slots: whoever holds one has it for a
while only and renews it, so a slot of a worker that died is free again soon. A start in a line of starts is reserved by
moving on one number, the moment of the next start.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from functions.domain.last_word import last_words

#: Whoever holds a slot renews it three times in this time. The slot of a worker that died is free after it.
LEASE_SECONDS = 30.0
#: Whoever is called to a free slot comes within this time, or loses its place to the next.
CALL_SECONDS = 15.0
MOST_AT_ONCE = 1000
MOST_STARTS_PER_MINUTE = 60_000
_AGENT, _KEY = "agent/", "key/"
WHOLE_TENANT = "tenant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What `region` was last told about a scope of a tenant. With neither number it says that nothing is limited."""

    tenant: str
    scope: str
    region: str
    concurrency: int | None
    starts_per_minute: float | None
    at: str
    by: str

    @property
    def limits(self) -> bool:
        """Whether it limits anything."""
        return self.concurrency is not None or self.starts_per_minute is not None


@dataclass(frozen=True, slots=True)
class Slot:
    """One of a limit's slots, held until `expires` by `holder`, an attempt at a job."""

    number: int
    holder: str
    job_id: str
    expires: str


@dataclass(frozen=True, slots=True)
class Waiter:
    """A job that waits for a slot `since` it could have run. It has its place until `expires`.

    `lane`, `tenant` and `epoch` are what a hint for it needs. One that was `called` to a free slot is not called again.
    """

    since: str
    job_id: str
    lane: str
    tenant: str
    epoch: int
    expires: str
    called: bool = False

    @property
    def place(self) -> tuple[str, str]:
        """Its place in the line: whoever could have run first comes first."""
        return self.since, self.job_id


@dataclass(frozen=True, slots=True)
class Take:
    """There is a slot for the job: this one, if nobody is quicker. The others that are free are for `called`."""

    number: int
    called: tuple[Waiter, ...] = ()


@dataclass(frozen=True, slots=True)
class Stand:
    """The job stands in line; slots that are free are for `called`."""

    called: tuple[Waiter, ...] = ()


def scope_of_agent(name: str) -> str:
    """Return the scope of an agent's limit."""
    return _AGENT + name


def scope_of_key(key: str) -> str:
    """Return the scope of a key's limit."""
    return _KEY + key


def scope_in_words(scope: str) -> tuple[str, str | None]:
    """Return ("tenant", None), ("agent", its name) or ("key", it)."""
    kind, _, name = scope.partition("/")
    return (kind, name) if name else (kind, None)


def limits_in_force(limits: Iterable[Limit]) -> dict[str, Limit]:
    """Return for each scope the limit that counts: the one set last, and at one moment the later Region's by name."""
    counting = last_words(limits, lambda each: each.scope)
    return {scope: limit for scope, limit in counting.items() if limit.limits}


def limiting(limits: Iterable[Limit], agent: str, keys: Sequence[str]) -> tuple[Limit, ...]:
    """Return the limits that a job of this agent with these keys is under, always in the same order."""
    counting = limits_in_force(limits)
    scopes = {WHOLE_TENANT, scope_of_agent(agent), *map(scope_of_key, keys)}
    return tuple(limit for scope, limit in counting.items() if scope in scopes)


def milliseconds_between_starts(starts_per_minute: float) -> int:
    """Return how far apart starts lie: never closer than the limit says."""
    return math.ceil(60_000 / starts_per_minute)


def decide_slot(
    slots: Sequence[Slot], line: Sequence[Waiter], place: tuple[str, str], concurrency: int, now: str
) -> Take | Stand:
    """Decide whether a job may take a slot: only when there are more free ones than jobs before it in the line."""
    held = [slot for slot in slots if slot.expires > now]
    taken = {slot.number for slot in held}
    free = [number for number in range(concurrency) if number not in taken][: max(0, concurrency - len(held))]
    standing = [waiter for waiter in sorted(line, key=lambda each: each.place) if waiter.expires > now]
    before = [waiter for waiter in standing if waiter.place < place]
    others = [waiter for waiter in standing if waiter.place != place]
    if len(free) > len(before):
        return Take(free[len(before)], _to_call(others[: len(free) - 1]))
    return Stand(_to_call(before[: len(free)]))


def _to_call(waiters: Sequence[Waiter]) -> tuple[Waiter, ...]:
    return tuple(waiter for waiter in waiters if not waiter.called)
