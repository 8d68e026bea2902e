"""The twin of the port LimitBook in memory: a file of its own, as the twins of the jobs' ports fill theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.adapters.memory import MemoryTable
from functions.domain.limits import Slot, Waiter
from functions.domain.moments import add_seconds


@dataclass(slots=True)
class MemoryLimits:
    """Slots, lines and starts beside a MemoryTable, which says whether they refuse."""

    table: MemoryTable
    starts: dict[str, str] = field(default_factory=dict)
    reserved: dict[tuple[str, str], str] = field(default_factory=dict)
    held: dict[tuple[str, int], Slot] = field(default_factory=dict)
    lines: dict[tuple[str, str, str], Waiter] = field(default_factory=dict)

    async def next_start(self, place: str, now: str, interval_ms: int) -> str:
        """See LimitBook."""
        self.table.check()
        start = max(now, self.starts.get(place, now))
        self.starts[place] = add_seconds(start, interval_ms / 1000)
        return start

    async def reservation(self, place: str, job_id: str) -> str | None:
        """See LimitBook."""
        self.table.check()
        return self.reserved.get((place, job_id))

    async def reserve(self, place: str, job_id: str, start: str) -> str:
        """See LimitBook."""
        self.table.check()
        return self.reserved.setdefault((place, job_id), start)

    async def slots(self, place: str) -> Sequence[Slot]:
        """See LimitBook."""
        self.table.check()
        return [slot for key, slot in sorted(self.held.items()) if key[0] == place]

    async def take(self, place: str, slot: Slot, now: str) -> bool:
        """See LimitBook."""
        self.table.check()
        there = self.held.get((place, slot.number))
        if there is not None and there.expires > now:
            return False
        self.held[place, slot.number] = slot
        return True

    async def renew(self, place: str, slot: Slot) -> bool:
        """See LimitBook."""
        self.table.check()
        there = self.held.get((place, slot.number))
        if there is None or there.holder != slot.holder:
            return False
        self.held[place, slot.number] = slot
        return True

    async def release(self, place: str, slot: Slot) -> None:
        """See LimitBook."""
        self.table.check()
        there = self.held.get((place, slot.number))
        if there is not None and there.holder == slot.holder:
            del self.held[place, slot.number]

    async def line(self, place: str, limit: int) -> Sequence[Waiter]:
        """See LimitBook."""
        self.table.check()
        return [waiter for key, waiter in sorted(self.lines.items()) if key[0] == place][:limit]

    async def stand(self, place: str, waiter: Waiter) -> None:
        """See LimitBook."""
        self.table.check()
        self.lines[place, waiter.since, waiter.job_id] = waiter

    async def leave(self, place: str, waiter: Waiter) -> None:
        """See LimitBook."""
        self.table.check()
        self.lines.pop((place, waiter.since, waiter.job_id), None)
