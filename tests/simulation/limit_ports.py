"""The ports of limits as a process in a simulated Region has them: a file of its own, for `ports` is long."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from functions.adapters.memory_limits import MemoryLimits
from functions.application.heed_limits import HeedLimits
from functions.domain.limits import Limit, Slot, Waiter, scope_of_key
from tests.simulation.lanes import UnreliableLanes
from tests.simulation.ports import Calls, OwnLanes
from tests.simulation.virtual_time import VirtualClock


@dataclass(frozen=True, slots=True)
class OneLimit:
    """LimitsInForce: one, for all jobs that name its key."""

    limit: Limit

    async def limiting(self, tenant: str, agent: str, keys: Sequence[str]) -> Sequence[Limit]:
        """See LimitsInForce."""
        return [self.limit] if self.limit.scope in map(scope_of_key, keys) else []


@dataclass(frozen=True, slots=True)
class OwnLimits:
    """LimitBook of the own Region."""

    calls: Calls
    store: MemoryLimits

    async def next_start(self, place: str, now: str, interval_ms: int) -> str:
        """See LimitBook."""
        return await self.calls.to_table(lambda: self.store.next_start(place, now, interval_ms), write=True)

    async def reservation(self, place: str, job_id: str) -> str | None:
        """See LimitBook."""
        return await self.calls.to_table(lambda: self.store.reservation(place, job_id), write=False)

    async def reserve(self, place: str, job_id: str, start: str) -> str:
        """See LimitBook."""
        return await self.calls.to_table(lambda: self.store.reserve(place, job_id, start), write=True)

    async def slots(self, place: str) -> Sequence[Slot]:
        """See LimitBook."""
        return await self.calls.to_table(lambda: self.store.slots(place), write=False)

    async def take(self, place: str, slot: Slot, now: str) -> bool:
        """See LimitBook."""
        return await self.calls.to_table(lambda: self.store.take(place, slot, now), write=True)

    async def renew(self, place: str, slot: Slot) -> bool:
        """See LimitBook."""
        return await self.calls.to_table(lambda: self.store.renew(place, slot), write=True)

    async def release(self, place: str, slot: Slot) -> None:
        """See LimitBook."""
        await self.calls.to_table(lambda: self.store.release(place, slot), write=True)

    async def line(self, place: str, limit: int) -> Sequence[Waiter]:
        """See LimitBook."""
        return await self.calls.to_table(lambda: self.store.line(place, limit), write=False)

    async def stand(self, place: str, waiter: Waiter) -> None:
        """See LimitBook."""
        await self.calls.to_table(lambda: self.store.stand(place, waiter), write=True)

    async def leave(self, place: str, waiter: Waiter) -> None:
        """See LimitBook."""
        await self.calls.to_table(lambda: self.store.leave(place, waiter), write=True)


@dataclass(frozen=True, slots=True)
class Chance:
    """Entropy by which one holder of a slot is told from another."""

    random: Random

    def token(self) -> str:
        """See Entropy."""
        return f"{self.random.getrandbits(172):043x}"

    def fraction(self) -> float:
        """See Entropy."""
        return self.random.random()


def heeding(
    limit: Limit | None, book: OwnLimits, queues: UnreliableLanes, clock: VirtualClock, random: Random
) -> HeedLimits | None:
    """Return the use case of a worker, where there is a limit."""
    if limit is None:
        return None
    lanes = OwnLanes(book.calls, queues)
    return HeedLimits(rules=OneLimit(limit), book=book, lanes=lanes, clock=clock, entropy=Chance(random))
