"""What a seed stands for: which jobs clients submit, what goes wrong, and when. Everything else follows from it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from random import Random

from functions.domain.job.events import Json
from functions.domain.limits import Limit
from tests.simulation.journey import Journey
from tests.simulation.lanes import Unreliability
from tests.simulation.plan_of_evacuations import Evacuation, evacuations, has_evacuations, is_calm
from tests.simulation.plan_of_journeys import Journeys, fails_often, longest
from tests.simulation.plan_of_leases import ControlCut, control_cuts, is_parted, partition
from tests.simulation.plan_of_limits import limit_of, wanted_walks
from tests.simulation.plan_of_sessions import SEARCH_SECONDS, has_session, mails_a_round, wanted_turns
from tests.simulation.plan_of_switches import Switching, switchings
from tests.simulation.talk import SESSION, Say
from tests.simulation.work import Walk

EAST, WEST = "us-east-1", "us-west-2"
REGIONS = (EAST, WEST)
#: The time in which jobs are submitted and things go wrong.
STORM_SECONDS = 60.0


def peer_of(region: str) -> str:
    """Return the other Region."""
    return WEST if region == EAST else EAST


class Blow(Enum):
    """What happens to a Region, or between the two."""

    LOST_FOR_GOOD = "is lost for good"
    LOST = "is lost, and comes back empty"
    FROZEN = "stands still, and goes on with its old data and messages"
    POWER_CUT = "loses all its processes, but no data"
    TABLE_DOWN = "cannot reach its table"
    LANE_DOWN = "cannot reach its lane"
    LINK_PAUSED = "replicates nothing to its peer"
    CUT_OFF = "cannot be reached by its peer in any way"


#: A lost Region does the most harm, so it is lost more often than other things happen.
_BLOWS = (*Blow, Blow.LOST_FOR_GOOD, Blow.LOST)


@dataclass(frozen=True, slots=True)
class Fault:
    """One blow."""

    at: float
    region: str
    blow: Blow
    until: float

    def __str__(self) -> str:
        return f"{self.at:6.2f}s {self.region} {self.blow.value}, until {self.until:.2f}s"


@dataclass(frozen=True, slots=True)
class Order:
    """A job that a client wants: it asks `regions` in turn until one accepts it. `on_busy`: of a turn."""

    at: float
    key: str
    work: Walk | Journey | Say
    regions: tuple[str, ...]
    twice_at_once: bool
    delay_seconds: float
    on_busy: str | None = None
    limited: bool = False

    @property
    def agent(self) -> str:
        """The agent that is asked for."""
        match self.work:
            case Walk():
                return "walk"
            case Say():
                return "say"
            case Journey():
                return "journey"

    @property
    def session(self) -> dict[str, Json] | None:
        """The session of which the job is to be a turn."""
        return None if self.on_busy is None else {"name": SESSION, "on_busy": self.on_busy}

    @property
    def busy_seconds(self) -> float:
        """About how long it keeps a worker."""
        return self.work.steps * self.work.seconds if isinstance(self.work, Walk) else 10.0

    def __str__(self) -> str:
        twice = ", and its peer at once" if self.twice_at_once else ""
        twice += "" if self.on_busy is None else f", {self.on_busy} when busy"
        twice += ", under the limit" if self.limited else ""
        return f"{self.at:6.2f}s {self.key} asks {self.regions[0]}{twice}, delay {self.delay_seconds:.1f}s: {self.work}"


class Wish(Enum):
    """What a client may ask of a job at any time."""

    SIGNAL = "signals"
    CANCEL = "cancels"
    PAUSE = "pauses"
    RESUME = "resumes"


@dataclass(frozen=True, slots=True)
class Visit:
    """A client that asks something of a job, in `regions` in turn until one says yes or that it is too late."""

    at: float
    order: str
    wish: Wish
    name: str
    regions: tuple[str, ...]
    twice: bool

    def __str__(self) -> str:
        twice = ", twice" if self.twice else ""
        return f"{self.at:6.2f}s somebody {self.wish.value} {self.order} ({self.name}) by {self.regions[0]}{twice}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run."""

    seed: int
    orders: tuple[Order, ...]
    visits: tuple[Visit, ...]
    switchings: tuple[Switching, ...]
    faults: tuple[Fault, ...]
    crash: float
    refuse: float
    slow: float
    model_unavailable: float
    unreliability: Unreliability
    straggling: float
    longest_lag: float
    skew_seconds: dict[str, float]
    sweepers: int
    restless: bool
    shards: int
    snapshot_events: int
    bulky: bool
    mails_a_round: int
    limit: Limit | None
    leased: bool = False
    control_cuts: tuple[ControlCut, ...] = ()
    evacuations: tuple[Evacuation, ...] = ()

    def with_leases(self) -> "Plan":
        """Return the same with ownership leases, and with times at which Regions do not reach the control table.

        In a part of the seeds the Regions are parted amid long jobs instead of what was planned.
        """
        plan = _parted(self) if is_parted(self.seed) else self
        times = tuple((fault.at, fault.until, fault.region) for fault in plan.faults)
        return replace(plan, leased=True, control_cuts=tuple(control_cuts(self.seed, times)))

    @classmethod
    def of(cls, seed: int) -> "Plan":
        """Return the plan of a seed."""
        random = Random(f"antipode plan {seed}")
        calm = random.random() < 0.15 or is_calm(seed)
        walks = random.choice((0, 1, 1, 1, 2, 3))
        journeys = random.choice((1, 1, 1, 2)) if walks else 2
        fails = fails_often(seed)
        orders = tuple(_order(random, number, number < walks, fails) for number in range(walks + journeys))
        if has_session(seed):
            orders = tuple(_turns(random, seed))
        if (limit := limit_of(seed)) is not None:
            orders = tuple(_limited(random, seed))
        if has_evacuations(seed):
            orders = (*orders, *_long_walks(seed, "long"))
        return cls(
            seed=seed,
            orders=orders,
            visits=tuple(_visits(random, orders)),
            switchings=tuple(switchings(seed, STORM_SECONDS)),
            faults=() if calm else _faults(random, orders),
            crash=0.0 if calm else random.choice((0.0, 0.003, 0.01, 0.03)),
            refuse=0.0 if calm else random.choice((0.0, 0.0, 0.005, 0.02)),
            slow=random.choice((0.02, 0.1, 0.1, 1.5)),
            model_unavailable=random.choice((0.0, 0.3)),
            unreliability=_unreliability(random),
            straggling=random.choice((0.1, 0.3, 0.6)),
            longest_lag=random.choice((0.0, 4.0, 20.0, 60.0)),
            skew_seconds={EAST: random.uniform(-3.0, 3.0), WEST: random.uniform(-3.0, 3.0)},
            sweepers=random.choice((1, 1, 2)),
            restless=random.random() < 0.1,
            shards=random.choice((1, 1, 2)),
            snapshot_events=random.choice((4, 6, 8, 500)),
            bulky=random.random() < 0.1,
            mails_a_round=mails_a_round(seed),
            limit=limit,
            evacuations=tuple(evacuations(seed)),
        )

    @property
    def longest(self) -> float:
        """How long the jobs may take, one after the other, if everything that they wait for comes too late."""
        journeys = sum(longest(order.work.legs) for order in self.orders if isinstance(order.work, Journey))
        return journeys + (SEARCH_SECONDS if self.last_turn is not None else 0.0)

    @property
    def last_turn(self) -> Order | None:
        """The turn that comes when all is well again, and hears what the session remembers."""
        if all(order.on_busy is None for order in self.orders):
            return None
        return Order(0.0, "last", Say(words="last", seconds=0.1), 4 * REGIONS, False, 0.0, "queue")

    def loses_data(self, region: str) -> bool:
        """Say whether what only this Region holds may be lost."""
        blows = (Blow.LOST, Blow.LOST_FOR_GOOD)
        return any(fault.region == region and fault.blow in blows for fault in self.faults)

    @property
    def splits(self) -> bool:
        """Whether both Regions may run one job at once, each holding the other for lost."""
        return any(fault.blow in (Blow.FROZEN, Blow.CUT_OFF) for fault in self.faults)

    @property
    def loses_any_data(self) -> bool:
        """Whether that is so for one of them."""
        return any(map(self.loses_data, REGIONS))

    def __str__(self) -> str:
        sweepers = f"{self.sweepers} {'restless ' if self.restless else ''}sweepers of {self.shards} shards"
        head = (
            f"seed {self.seed}: crash {self.crash} and refuse {self.refuse} a call, {self.slow}s long, "
            f"model away {self.model_unavailable}, lag of {self.straggling} up to {self.longest_lag}s, "
            f"skew {self.skew_seconds}, {sweepers}, {self.unreliability}, "
            f"snapshots after {self.snapshot_events} events{', bulky' if self.bulky else ''}"
        )
        return "\n".join(
            [
                head,
                *([] if self.limit is None else [f"{self.limit}"]),
                *map(str, self.orders),
                *map(str, self.visits),
                *map(str, self.switchings),
                *map(str, self.faults),
                *map(str, self.control_cuts),
                *map(str, self.evacuations),
            ]
        )


def _order(random: Random, number: int, walks: bool, fails: bool) -> Order:
    first = random.choice(REGIONS)
    asked = [first] + [random.choice(REGIONS) for _ in range(7)]
    return Order(
        at=random.uniform(0.0, 0.5 * STORM_SECONDS),
        key=f"order-{number}",
        work=_walk(random) if walks else Journeys(random, fails).draw(),
        regions=tuple(asked),
        twice_at_once=random.random() < 0.25,
        delay_seconds=random.choice((0.0, 0.0, 0.0, 8.0, 40.0)),
    )


def _long_walks(seed: int, name: str) -> Iterator[Order]:
    """Yield jobs that are at work for a while, whatever happens meanwhile."""
    random = Random(f"antipode parted {seed}")
    for number in range(3):
        yield Order(
            at=random.uniform(0.0, 15.0),
            key=f"{name}-{number}",
            work=Walk(steps=random.choice((8, 16, 24)), seconds=random.choice((1.0, 3.0)), repeatable=number % 2 == 0),
            regions=tuple(random.choice(REGIONS) for _ in range(8)),
            twice_at_once=False,
            delay_seconds=0.0,
        )


def _parted(plan: Plan) -> Plan:
    parted = partition(plan.seed)
    orders = tuple(_long_walks(plan.seed, "order"))
    faults = (
        Fault(parted.at, peer_of(parted.late), Blow.CUT_OFF, parted.until),
        Fault(parted.until + 0.001, parted.late, Blow.LINK_PAUSED, parted.late_until),
    )
    return replace(plan, orders=orders, visits=(), switchings=(), faults=faults, refuse=0.0, slow=min(plan.slow, 0.1))


def _turns(random: Random, seed: int) -> Iterator[Order]:
    for number, wanted in enumerate(wanted_turns(seed, 0.5 * STORM_SECONDS)):
        yield Order(
            at=wanted.at,
            key=f"order-{number}",
            work=wanted.say,
            regions=tuple(random.choice(REGIONS) for _ in range(8)),
            twice_at_once=random.random() < 0.15,
            delay_seconds=0.0,
            on_busy=wanted.on_busy,
        )


def _limited(random: Random, seed: int) -> Iterator[Order]:
    for number, wanted in enumerate(wanted_walks(seed, 0.5 * STORM_SECONDS)):
        yield Order(
            at=wanted.at,
            key=f"order-{number}",
            work=wanted.walk,
            regions=tuple(random.choice(REGIONS) for _ in range(8)),
            twice_at_once=random.random() < 0.15,
            delay_seconds=random.choice((0.0, 0.0, 8.0)),
            limited=True,
        )


def _walk(random: Random) -> Walk:
    return Walk(
        steps=random.choice((0, 1, 2, 3, 4, 5, 8)),
        seconds=random.choice((0.0, 0.3, 1.0, 3.0)),
        repeatable=random.random() < 0.6,
        together=random.random() < 0.3,
        ask=random.random() < 0.3,
    )


def _visits(random: Random, orders: tuple[Order, ...]) -> Iterator[Visit]:
    """Yield what clients ask of jobs whether or not these wait for it: most of it while they are under way."""
    for order in orders:
        journey = not isinstance(order.work, Walk)
        for wish, likelihood in ((Wish.SIGNAL, 0.4), (Wish.CANCEL, 0.25), (Wish.PAUSE, 0.2)):
            if random.random() < (likelihood if journey else 0.3 * likelihood):
                at = order.at + order.delay_seconds + random.choice((2.0, 10.0, 40.0)) * random.uniform(0.1, 1.5)
                yield _visit(random, order, wish, at)
                if wish is Wish.PAUSE:
                    yield _visit(random, order, Wish.RESUME, at + random.uniform(-2.0, 30.0))


def _visit(random: Random, order: Order, wish: Wish, at: float) -> Visit:
    asked = tuple(random.choice(REGIONS) for _ in range(5))
    return Visit(max(at, 0.0), order.key, wish, random.choice(("go", "come")), asked, random.random() < 0.3)


def _faults(random: Random, orders: tuple[Order, ...]) -> tuple[Fault, ...]:
    faults = []
    region = random.choice(REGIONS)
    end = 0.0
    for _ in range(random.choice((1, 1, 2, 2, 3))):
        blow = random.choice(_BLOWS)
        at = end + random.uniform(0.5, 0.5 * STORM_SECONDS)
        order = random.choice(orders)
        amid = order.at + order.delay_seconds + random.uniform(0.0, 2.0 + order.busy_seconds)
        if random.random() < 0.6 and amid > end:
            at, region = amid, order.regions[0]
        end = at + random.choice((3.0, 15.0, 50.0, 90.0)) * random.uniform(0.5, 1.5)
        faults.append(Fault(at, region, blow, end))
        if blow is Blow.LOST_FOR_GOOD:
            break  # there is no second Region left to hurt
        if blow is Blow.LOST:
            end += random.uniform(1.0, 40.0)
        region = random.choice(REGIONS)
    return tuple(faults)


def _unreliability(random: Random) -> Unreliability:
    return Unreliability(
        lost=random.choice((0.0, 0.0, 0.1, 0.4)),
        doubled=random.choice((0.0, 0.1, 0.4)),
        late=random.choice((0.0, 0.1, 0.3)),
        latest=random.choice((5.0, 60.0)),
    )
