"""A lane as unreliable as a queue may be: messages come twice, late, in any order, or not at all."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from functions.adapters.sqs_dead_messages import lane_message
from functions.adapters.sqs_lanes import encode_message
from functions.application.ports import LaneSend
from functions.domain.lanes import LaneMessage

LANE = "standard"
MAX_DELIVERIES = 6


@dataclass(frozen=True, slots=True)
class Unreliability:
    """How likely a message is to be lost, doubled, or late by up to `latest` seconds."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    latest: float = 0.0


@dataclass(slots=True)
class Envelope:
    """A message in the queue."""

    message: LaneMessage
    visible_at: float = math.inf
    deliveries: int = 0


def as_received(message: LaneMessage) -> LaneMessage:
    """Return a message as a worker reads it from the queue. One that it would not take for ours is an error."""
    read = lane_message(encode_message(message))
    if read is None:
        raise ValueError(f"no worker takes {message} for a message of ours")
    return read


class UnreliableLanes:
    """The port Lanes with one lane, and the side from which workers receive."""

    def __init__(self, random: Random, unreliability: Unreliability, visibility_seconds: float) -> None:
        self.unreliability = unreliability
        self._random = random
        self._visibility = visibility_seconds
        self._held: dict[int, Envelope] = {}
        self._count = 0
        self._waiting: list[asyncio.Future[None]] = []

    def names(self) -> Sequence[str]:
        """See Lanes."""
        return [LANE]

    async def send(self, sends: Sequence[LaneSend]) -> None:
        """See Lanes."""
        for send in sends:
            if not self._happens(self.unreliability.lost):
                self._hold(send)
            if self._happens(self.unreliability.doubled):
                self._hold(send)

    async def depths(self) -> Mapping[str, tuple[int, int]]:
        """See Lanes."""
        return {LANE: (len(self._held), 0)}

    async def arrival(self) -> None:
        """Wait until there is something to receive: as a long poll does, at no cost while there is nothing."""
        loop = asyncio.get_running_loop()
        while not any(envelope.visible_at <= loop.time() for envelope in self._held.values()):
            bell = loop.create_future()
            self._waiting.append(bell)
            await bell

    def receive(self, limit: int) -> list[tuple[int, Envelope]]:
        """Return some messages, in any order; they come again unless they are deleted in time."""
        now = asyncio.get_running_loop().time()
        visible = [number for number, envelope in self._held.items() if envelope.visible_at <= now]
        received = []
        for number in self._random.sample(visible, min(limit, len(visible))):
            envelope = self._held[number]
            envelope.deliveries += 1
            if envelope.deliveries > MAX_DELIVERIES:
                del self._held[number]  # to the dead-letter queue, which nobody reads here
                continue
            self._show_at(envelope, now + self._visibility)
            received.append((number, envelope))
        return received

    def delete(self, number: int) -> None:
        """A message was dealt with."""
        self._held.pop(number, None)

    def put_back(self, number: int) -> None:
        """A message is to come again."""
        if number in self._held:
            self._show_at(self._held[number], asyncio.get_running_loop().time() + 1.0)

    def lose(self) -> None:
        """The Region is lost, and its queues with it."""
        self._held.clear()

    def _hold(self, send: LaneSend) -> None:
        delay = send.delay_seconds + self._random.uniform(0.0, 0.3)
        if self._happens(self.unreliability.late):
            delay += self._random.uniform(0.0, self.unreliability.latest)
        if not math.isfinite(delay) or not 0 <= send.delay_seconds <= 900:
            raise ValueError(f"SQS takes no delay of {send.delay_seconds} seconds")
        self._count += 1
        envelope = self._held[self._count] = Envelope(as_received(send.message))
        self._show_at(envelope, asyncio.get_running_loop().time() + delay)

    def _show_at(self, envelope: Envelope, moment: float) -> None:
        envelope.visible_at = moment
        asyncio.get_running_loop().call_at(moment, self._ring)

    def _ring(self) -> None:
        """Wake whoever waits; they look for themselves."""
        bells, self._waiting = self._waiting, []
        for bell in bells:
            if not bell.done():
                bell.set_result(None)

    def _happens(self, likelihood: float) -> bool:
        return likelihood > 0 and self._random.random() < likelihood
