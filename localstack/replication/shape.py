"""When a change arrives at the peer: replication lag, reordering across items and duplication, all from one seed.

The default is what AWS says of global tables in eventual mode: usually well under a second, with a tail; order kept for
one item, not across items. An order at run time replaces the shape of one direction.
"""

from __future__ import annotations

import heapq
import math
import random
from dataclasses import dataclass, field, replace
from typing import Any

from localstack.replication.change import Change

_P99_OF_NORMAL = 2.326


@dataclass(frozen=True, slots=True)
class Shape:
    median_seconds: float = 0.5
    p99_seconds: float = 2.0
    reorder: bool = True
    """False keeps the order across items too, which no global table promises."""
    duplicate_share: float = 0.0
    cut: bool = False
    """True: nothing is delivered until it is healed; what was written meanwhile then arrives at once."""
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.median_seconds <= self.p99_seconds:
            raise ValueError("the lag needs 0 <= median <= p99")
        if not 0 <= self.duplicate_share <= 1:
            raise ValueError("the share of duplicates is a number from 0 to 1")

    def changed(self, **fields: Any) -> Shape:
        return replace(self, **fields)


DEFAULT_SHAPE = Shape()


class LagSampler:
    """Log-normal lag with the shape's median and 99th percentile."""

    def __init__(self, shape: Shape) -> None:
        self._random = random.Random(shape.seed)
        self._median = shape.median_seconds
        self._sigma = math.log(shape.p99_seconds / shape.median_seconds) / _P99_OF_NORMAL if self._median else 0.0
        self._duplicate_share = shape.duplicate_share

    def lag_seconds(self) -> float:
        if not self._median:
            return 0.0
        return self._median * math.exp(self._sigma * self._random.gauss(0.0, 1.0))

    def duplicates(self) -> bool:
        return self._duplicate_share > 0 and self._random.random() < self._duplicate_share


@dataclass(frozen=True, slots=True, order=True)
class Delivery:
    due: float
    serial: int
    change: Change = field(compare=False)
    duplicate: bool = field(default=False, compare=False)


@dataclass(slots=True)
class _ItemOnTheWay:
    deliveries: int = 0
    last_due: float = 0.0
    delivered_position: int = -1


class DeliveryQueue:
    """Changes on their way, by arrival time; never two changes of one item in the wrong order.

    A delivery that was taken stays counted until it is settled or put back, so that a later change of its item cannot
    overtake it meanwhile.
    """

    def __init__(self, shape: Shape) -> None:
        self._heap: list[Delivery] = []
        self._serial = 0
        self._items: dict[tuple[str, str], _ItemOnTheWay] = {}
        self._last_due = 0.0
        self.unsettled = 0
        """On the way, or taken and not yet settled."""
        self.bytes = 0
        self.reshape(shape)

    def reshape(self, shape: Shape) -> None:
        """Changes already on their way keep their arrival time."""
        self.shape = shape
        self._sampler = LagSampler(shape)

    def add(self, change: Change) -> None:
        item = self._items.setdefault(change.item, _ItemOnTheWay())
        due = max(change.version.milliseconds / 1000 + self._sampler.lag_seconds(), item.last_due)
        if not self.shape.reorder:
            due = max(due, self._last_due)
        item.last_due = self._last_due = due
        self._push(item, due, change)
        if self._sampler.duplicates():
            # The same change again, late and out of turn; the receiver must not heed it.
            self._push(item, due + self._sampler.lag_seconds(), change, duplicate=True)

    def take_due(self, now: float) -> Delivery | None:
        """The next change that has arrived by now; settle it or put it back."""
        if not self._heap or self._heap[0].due > now:
            return None
        return heapq.heappop(self._heap)

    def next_due(self) -> float | None:
        return self._heap[0].due if self._heap else None

    def overtaken(self, delivery: Delivery) -> bool:
        """Whether this is a duplicate of what was delivered already."""
        item = self._items.get(delivery.change.item)
        return item is not None and delivery.change.position <= item.delivered_position

    def settle(self, delivery: Delivery) -> None:
        item = self._items.get(delivery.change.item)
        if item is None:  # the queue was cleared meanwhile
            return
        self.bytes -= delivery.change.size
        self.unsettled -= 1
        item.delivered_position = max(item.delivered_position, delivery.change.position)
        item.deliveries -= 1
        if not item.deliveries:
            del self._items[delivery.change.item]

    def put_back(self, delivery: Delivery) -> None:
        if delivery.change.item in self._items:
            heapq.heappush(self._heap, delivery)

    def clear(self) -> None:
        self._heap.clear()
        self._items.clear()
        self.bytes = self.unsettled = 0

    def _push(self, item: _ItemOnTheWay, due: float, change: Change, *, duplicate: bool = False) -> None:
        self._serial += 1
        item.deliveries += 1
        self.bytes += change.size
        self.unsettled += 1
        heapq.heappush(self._heap, Delivery(due, self._serial, change, duplicate))
