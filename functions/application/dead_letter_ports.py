"""What the list of dead letters needs of the world; whoever gives something up writes it there through this port."""

from collections.abc import Sequence
from typing import Protocol

from functions.domain.dead_letter import DeadLetter, LetterType


class DeadLetters(Protocol):
    """One replica's dead letters. Every method raises StateUnavailable.

    Each letter has one writing Region, which it names. Whoever wants to write one of the peer's does so in the peer's
    replica, where it is the Region's own write.
    """

    async def put(self, letter: DeadLetter) -> None:
        """Write it in place of what its Region wrote of it before; one that is over is listed no longer."""

    async def settle(self, letter: DeadLetter) -> None:
        """Write one that is over, unless what its Region wrote is not this failure any more, but another."""

    async def find(self, tenant: str, type: LetterType, id: str) -> Sequence[DeadLetter]:
        """Return what each Region has written of it, over or not."""

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
        """Return a tenant's letters, the latest first, from before the position `before`; of all shards or of one.

        Only what its place in the list tells is filled in: type, id, tenant, at, region, code, agent, lane and, of a
        job, job_id. Fewer than `limit` mean that there are no more. What each Region wrote of one counts for itself.
        """
