"""The port DeadLetters as a process in a simulated Region has it: a file of its own, for `ports` is long."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from functions.adapters.memory_dead_letters import MemoryDeadLetters
from functions.domain.dead_letter import DeadLetter, LetterType
from tests.simulation.machine import Power
from tests.simulation.ports import Calls


@dataclass(frozen=True, slots=True)
class OwnDeadLetters:
    """DeadLetters on the own replica."""

    calls: Calls
    store: MemoryDeadLetters

    async def put(self, letter: DeadLetter) -> None:
        """See DeadLetters."""
        await self.calls.to_table(lambda: self.store.put(letter), write=True)

    async def settle(self, letter: DeadLetter) -> None:
        """See DeadLetters."""
        await self.calls.to_table(lambda: self.store.settle(letter), write=True)

    async def find(self, tenant: str, type: LetterType, id: str) -> Sequence[DeadLetter]:
        """See DeadLetters."""
        return await self.calls.to_table(lambda: self.store.find(tenant, type, id), write=False)

    async def list(
        self,
        tenant: str,
        *,
        since: str | None = None,
        until: str | None = None,
        before: str | None = None,
        limit: int,
        shard: int | None = None,
    ) -> Sequence[DeadLetter]:
        """See DeadLetters."""
        return await self.calls.to_table(
            lambda: self.store.list(tenant, since=since, until=until, before=before, limit=limit, shard=shard),
            write=False,
        )


@dataclass(frozen=True, slots=True)
class PeerDeadLetters:
    """DeadLetters on the peer's replica, reached directly."""

    calls: Calls
    store: MemoryDeadLetters
    power: Callable[[], Power]

    async def put(self, letter: DeadLetter) -> None:
        """See DeadLetters."""
        await self.calls.to_peer(self.power, lambda: self.store.put(letter))

    async def settle(self, letter: DeadLetter) -> None:
        """See DeadLetters."""
        await self.calls.to_peer(self.power, lambda: self.store.settle(letter))

    async def find(self, tenant: str, type: LetterType, id: str) -> Sequence[DeadLetter]:
        """See DeadLetters."""
        return await self.calls.to_peer(self.power, lambda: self.store.find(tenant, type, id))

    async def list(
        self,
        tenant: str,
        *,
        since: str | None = None,
        until: str | None = None,
        before: str | None = None,
        limit: int,
        shard: int | None = None,
    ) -> Sequence[DeadLetter]:
        """See DeadLetters."""
        return await self.calls.to_peer(
            self.power,
            lambda: self.store.list(tenant, since=since, until=until, before=before, limit=limit, shard=shard),
        )
