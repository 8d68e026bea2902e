"""What a seed stands for: which jobs clients submit, what goes wrong, and when. Everything else follows from it."""

from dataclasses import dataclass
from enum import Enum
from random import Random

from tests.simulation.lanes import Unreliability
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
    """A job that a client wants: it asks `regions` in turn until one accepts it."""

    at: float
    key: str
    work: Walk
    regions: tuple[str, ...]
    twice_at_once: bool
    delay_seconds: float

    def __str__(self) -> str:
        twice = ", and its peer at once" if self.twice_at_once else ""
        return f"{self.at:6.2f}s {self.key} asks {self.regions[0]}{twice}, delay {self.delay_seconds:.1f}s: {self.work}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run."""

    seed: int
    orders: tuple[Order, ...]
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

    @classmethod
    def of(cls, seed: int) -> "Plan":
        """Return the plan of a seed."""
        random = Random(f"antipode plan {seed}")
        calm = random.random() < 0.15
        orders = tuple(_order(random, number) for number in range(random.randint(2, 6)))
        return cls(
            seed=seed,
            orders=orders,
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
        )

    def loses_data(self, region: str) -> bool:
        """Say whether what only this Region holds may be lost."""
        blows = (Blow.LOST, Blow.LOST_FOR_GOOD)
        return any(fault.region == region and fault.blow in blows for fault in self.faults)

    @property
    def loses_any_data(self) -> bool:
        """Whether that is so for one of them."""
        return any(map(self.loses_data, REGIONS))

    def __str__(self) -> str:
        sweepers = f"{self.sweepers} {'restless ' if self.restless else ''}sweepers of {self.shards} shards"
        head = (
            f"seed {self.seed}: crash {self.crash} and refuse {self.refuse} a call, {self.slow}s long, "
            f"model away {self.model_unavailable}, lag of {self.straggling} up to {self.longest_lag}s, "
            f"skew {self.skew_seconds}, {sweepers}, {self.unreliability}"
        )
        return "\n".join([head, *map(str, self.orders), *map(str, self.faults)])


def _order(random: Random, number: int) -> Order:
    first = random.choice(REGIONS)
    asked = [first] + [random.choice(REGIONS) for _ in range(7)]
    return Order(
        at=random.uniform(0.0, 0.5 * STORM_SECONDS),
        key=f"order-{number}",
        work=Walk(
            steps=random.choice((0, 1, 2, 3, 4, 5, 8)),
            seconds=random.choice((0.0, 0.3, 1.0, 3.0)),
            repeatable=random.random() < 0.6,
            together=random.random() < 0.3,
            ask=random.random() < 0.3,
        ),
        regions=tuple(asked),
        twice_at_once=random.random() < 0.25,
        delay_seconds=random.choice((0.0, 0.0, 0.0, 8.0, 40.0)),
    )


def _faults(random: Random, orders: tuple[Order, ...]) -> tuple[Fault, ...]:
    faults = []
    region = random.choice(REGIONS)
    end = 0.0
    for _ in range(random.choice((1, 1, 2, 2, 3))):
        blow = random.choice(_BLOWS)
        at = end + random.uniform(0.5, 0.5 * STORM_SECONDS)
        order = random.choice(orders)
        amid = order.at + order.delay_seconds + random.uniform(0.0, 2.0 + order.work.steps * order.work.seconds)
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
