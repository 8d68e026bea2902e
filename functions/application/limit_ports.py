"""What limits need of the world, and what those who run jobs need of them."""

from collections.abc import Sequence
from typing import Protocol

from functions.domain.limits import Limit, Slot, Waiter


class Limits(Protocol):
    """One replica's limits as they were set. Every method raises StateUnavailable."""

    async def put_limit(self, limit: Limit) -> None:
        """Write a Region's limit, unless what lies there was set later."""

    async def read_limits(self, tenant: str) -> Sequence[Limit]:
        """Return a tenant's limits, of both Regions, those that were cleared as well."""


class LimitsInForce(Protocol):
    """What limits a job is under."""

    async def limiting(self, tenant: str, agent: str, keys: Sequence[str]) -> Sequence[Limit]:
        """Return them. Never raises."""


class LimitBook(Protocol):
    """This Region's slots, lines and starts; `place` names a limit's. Every method raises StateUnavailable."""

    async def next_start(self, place: str, now: str, interval_ms: int) -> str:
        """Move the line of starts on by an interval, and return the moment that is thereby reserved."""

    async def reservation(self, place: str, job_id: str) -> str | None:
        """Return the start that a job has reserved."""

    async def reserve(self, place: str, job_id: str, start: str) -> str:
        """Write down a job's start, and return what is written there: this, or an earlier reservation."""

    async def slots(self, place: str) -> Sequence[Slot]:
        """Return all slots that are, or were, held."""

    async def take(self, place: str, slot: Slot, now: str) -> bool:
        """Hold a slot that nobody holds now, and say whether that went well."""

    async def renew(self, place: str, slot: Slot) -> bool:
        """Hold a slot for longer, and say whether it was still its holder's."""

    async def release(self, place: str, slot: Slot) -> None:
        """Let a slot go, if it is still its holder's."""

    async def line(self, place: str, limit: int) -> Sequence[Waiter]:
        """Return the first who wait for a slot, those among them whose place has expired as well."""

    async def stand(self, place: str, waiter: Waiter) -> None:
        """Have a job stand in the line, as this says."""

    async def leave(self, place: str, waiter: Waiter) -> None:
        """Take a job out of the line."""
