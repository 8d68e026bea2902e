"""Standard queues serve message groups fairly, as AWS describes its fair queues.

The emulator keeps `MessageGroupId` on standard queues and delivers in the order of arrival, so that one tenant's flood
delays all others. On AWS a group is noisy when it has more than a tenth of the messages in flight, and 30 at least, or
has had more than a tenth of the consumers' time of late; others are delivered before it, and of several noisy ones that
with the fewest in flight comes first. Here the share of deliveries in the last five minutes stands for the share of the
consumers' time. A group whose messages are all gone is quiet again.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, edit

_COLLECT = Target("services.sqs", "_collect_msgs", "308a6eb1b3d4c8ad")
NOISY_SHARE = 0.1
NOISY_IN_FLIGHT = 30
REMEMBERED_SECONDS = 300.0

Message = dict[str, Any]


@dataclass(slots=True)
class Deliveries:
    """What a queue has delivered of late, by group."""

    latest: deque[tuple[float, str]] = field(default_factory=deque)
    by_group: Counter[str] = field(default_factory=Counter)

    def note(self, now: float, groups: list[str]) -> None:
        """Remember these, and forget what is long ago."""
        self.latest.extend((now, group) for group in groups)
        self.by_group.update(groups)
        while self.latest and self.latest[0][0] < now - REMEMBERED_SECONDS:
            _, group = self.latest.popleft()
            self.by_group[group] -= 1

    def noisy(self, in_flight: Mapping[str, int], there: set[str]) -> set[str]:
        """Return the groups that have had more than their share, of those that have messages in the queue."""
        flying, delivered = sum(in_flight.values()), sum(self.by_group[group] for group in there)
        return {
            group
            for group in there
            if (in_flight.get(group, 0) >= NOISY_IN_FLIGHT and in_flight[group] > NOISY_SHARE * flying)
            or self.by_group[group] > NOISY_SHARE * delivered
        }


def install(_: Neighbourhood) -> None:
    edit(
        _COLLECT,
        ("result = visible[:max_n]", "result = _in_fair_order(q, visible, max_n, now)"),
        names={"_in_fair_order": FairOrder().first},
    )


@dataclass(slots=True)
class FairOrder:
    """What comes first in each queue."""

    delivered: dict[str, Deliveries] = field(default_factory=dict)

    def first(self, queue: Mapping[str, Any], visible: list[Message], most: int, now: float) -> list[Message]:
        """Return the messages to deliver next, `most` of them at most."""
        groups = {_group(message) for message in visible}
        known = self.delivered.setdefault(queue["url"], Deliveries())
        if len(groups) > 1:
            visible = fair_order(queue["messages"], visible, known, groups, now)
        found = visible[:most]
        known.note(now, [_group(message) for message in found])
        return found


def fair_order(
    messages: list[Message], visible: list[Message], known: Deliveries, groups: set[str], now: float
) -> list[Message]:
    """Return what is visible in the order of delivery: quiet groups before noisy ones."""
    in_flight = Counter(
        _group(message) for message in messages if message["visible_at"] > now and message["receive_count"]
    )
    noisy = known.noisy(in_flight, groups)
    return sorted(visible, key=lambda message: in_flight[_group(message)] + 1 if _group(message) in noisy else 0)


def _group(message: Message) -> str:
    """A message without a group is a group of its own."""
    return str(message.get("group_id") or message["id"])
