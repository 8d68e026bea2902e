"""Where a client sends a call, how long it waits, and where it turns when a Region fails: decided, not carried out.

There is no input or output in this file: a call is a conversation between these rules and a driver (`client_transport`)
that sends what it is given and says what came of it. So both clients, and the tests, run the same rules.
"""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from functions.sdk.client_errors import ApiError, ApiUnreachable, Busy, NotTheApi, refusal

T = TypeVar("T")

#: For so long a Region that failed comes last; then one call looks after it, and each time in vain the hold doubles.
HOLD_SECONDS = 10.0
LONGEST_HOLD_SECONDS = 300.0
#: Looking after a Region that failed may cost a caller so much.
PROBE_SECONDS = 0.4
CONNECT_SECONDS = 0.8
#: In a Region that is well a request that writes is answered within this, and finding a connection is part of it. With
#: the other Region's answer a caller waits for less than 3 s.
WRITE_SECONDS = 1.4
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One request, and how its answer is read.

    `repeatable`: sent twice it happens once, by its nature or by its key. `seconds`: in a Region that is well an answer
    takes no longer; another Region is asked then. `longest_seconds`: how long to wait where there is no other.
    `elsewhere`: the Region that came first is to come last. `address` stands for the API's own where it is given.
    """

    method: str
    path: str
    read: Callable[[Any], T]
    query: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    repeatable: bool = True
    seconds: float = WRITE_SECONDS
    longest_seconds: float = 30.0
    elsewhere: bool = False
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """Send the call to this address; give up after so many seconds in all, or so many without a connection."""

    address: str
    path: str
    connect_seconds: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer came."""

    status: int
    body: bytes
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Silent:
    """No answer came, or not the whole of it. `sent`: the request may have been carried out."""

    reason: str
    sent: bool


Step: TypeAlias = Attempt | Pause
Outcome: TypeAlias = Answered | Silent | None


def addresses_of(url: str, regions: Sequence[str]) -> list[str]:
    """Return where to send calls, in the order of preference: each Region's own address, then the name `url` for both.

    A Region is given by its address, or by its name: its own name then stands in front of the host's.
    """
    own = [each if "://" in each else url.replace("://", f"://{each}.", 1) for each in regions]
    return list(dict.fromkeys(each.rstrip("/") for each in (*own, url)))


@dataclass(slots=True)
class _Standing:
    """How an address has fared. `hold` is 0 while it is well."""

    hold: float = 0.0
    until: float = 0.0


class Regions:
    """Which address to ask first: the first of those that are well; those that failed come last."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._standing = {address: _Standing() for address in addresses}

    def __contains__(self, address: object) -> bool:
        return address in self._standing

    @property
    def strained(self) -> bool:
        """Whether one has failed, so that the others answer later."""
        return any(each.hold for each in self._standing.values())

    def in_order(self, *, elsewhere: bool = False) -> list[str]:
        """Return all addresses, the one to ask first at the beginning."""
        well = [address for address, each in self._standing.items() if not each.hold]
        if elsewhere:
            well = [*well[1:], *well[:1]]
        held = [address for address, each in self._standing.items() if each.hold]
        return well + sorted(held, key=lambda address: self._standing[address].until)

    def to_probe(self, now: float) -> str | None:
        """Return a Region that failed, has had its time, and would come first if it were well. It is asked for once."""
        for address, each in self._standing.items():
            if not each.hold:
                return None  # those after it are not wanted while it is well
            if each.until <= now and any(not other.hold for other in self._standing.values()):
                each.until = now + each.hold
                return address
        return None

    def fare_well(self, address: str) -> None:
        """An answer came from there."""
        self._standing[address] = _Standing()

    def fail(self, address: str, now: float, *, probed: bool = False) -> None:
        """None came, or one that says that the Region cannot serve."""
        known = self._standing[address]
        if known.hold and now < known.until and not probed:
            return  # another call has said so just now
        hold = min(max(HOLD_SECONDS, 2 * known.hold), LONGEST_HOLD_SECONDS)
        self._standing[address] = _Standing(hold, now + hold)


class Failover:
    """The rules. Threads may share it: what it keeps are hints, each written at once."""

    def __init__(self, addresses: Sequence[str], patience_seconds: float, now: Callable[[], float]) -> None:
        self._regions = Regions(addresses)
        self._count = len(addresses)
        self._patience_seconds = patience_seconds
        self._now = now

    def carry_out(self, call: Call[T], on_failed_try: Callable[[ApiError], None]) -> Generator[Step, Outcome, T]:
        """Say step by step what to do, and return what the call's answer is read as. Raises ApiError."""
        yield from self._probe()
        deadline, pause, turn = self._now() + self._patience_seconds, FIRST_PAUSE_SECONDS, 0
        while True:
            failure, wait = yield from self._round(call, turn, deadline, on_failed_try)
            if failure is None:
                return call.read(wait)
            wait = pause if wait is None else wait
            if self._now() + wait > deadline:
                raise failure
            yield Pause(wait)
            turn, pause = turn + 1, min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _round(
        self, call: Call[T], turn: int, deadline: float, on_failed_try: Callable[[ApiError], None]
    ) -> Generator[Step, Outcome, tuple[ApiError | None, Any]]:
        """Ask each address once. Return the answer's value, or what is to be raised and how long to wait before."""
        addresses = [call.address] if call.address else self._regions.in_order(elsewhere=call.elsewhere)
        failures: list[ApiError] = []
        for address in addresses:
            limit = self._limit(call, len(addresses), turn + self._regions.strained)
            limit = min(limit, max(call.seconds, deadline - self._now()))
            outcome = yield Attempt(address, call.path, CONNECT_SECONDS, limit)
            failure = _failure_of(address, outcome)
            well = isinstance(outcome, Answered) and outcome.status < 500
            self._say(address, well=well)
            if failure is None:
                return None, _value(address, outcome, foreign=call.address is not None)
            if well and not isinstance(failure, Busy):
                raise failure
            on_failed_try(failure)
            if isinstance(failure, Busy):
                return failure, failure.retry_after
            if not call.repeatable and not (isinstance(outcome, Silent) and not outcome.sent):
                raise failure
            failures.append(failure)
        return failures[-1], None

    def _probe(self) -> Generator[Step, Outcome, None]:
        address = self._regions.to_probe(self._now())
        if address is not None:
            outcome = yield Attempt(address, "/health", PROBE_SECONDS, PROBE_SECONDS)
            if isinstance(outcome, Answered) and outcome.status == 200:  # a gateway that is half there says 403 or 404
                self._regions.fare_well(address)
            else:
                self._regions.fail(address, self._now(), probed=True)

    def _limit(self, call: Call[T], addresses: int, doublings: int) -> float:
        """A Region that is merely slow must be able to answer in the end: each round gives twice the time.

        So does a Region's failure: what the other one writes it tries to copy to its peer, for 0.9 s at most.
        """
        return call.longest_seconds if addresses == 1 else min(call.seconds * 2**doublings, call.longest_seconds)

    def _say(self, address: str, *, well: bool) -> None:
        if address not in self._regions:
            return
        if well:
            self._regions.fare_well(address)
        else:
            self._regions.fail(address, self._now())


def _failure_of(address: str, outcome: Outcome) -> ApiError | None:
    match outcome:
        case Answered(status=status) if status < 400:
            return None
        case Answered():
            text = outcome.body.decode(errors="replace")
            return refusal(outcome.status, _problem(outcome), text, outcome.retry_after)
        case Silent(reason=reason):
            return ApiUnreachable(f"{address} does not answer: {reason}")
        case None:
            raise TypeError("an attempt has an outcome")


def _problem(answer: Answered) -> Mapping[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _value(address: str, answer: Outcome, *, foreign: bool) -> Any:
    assert isinstance(answer, Answered)
    if foreign:
        return answer.body
    found = _problem(answer)
    if not found:
        raise NotTheApi(f"{address} answered {answer.status}, but not with a JSON object; is it the API?")
    return found
