"""What copying payloads to a peer that was away needs of the world."""

from collections.abc import Sequence
from typing import Protocol

from functions.application.ports import PayloadKey


class OwedCopies(Protocol):
    """The payloads that this Region keeps and its peer is not known to. Every method raises StateUnavailable."""

    async def owe(self, key: PayloadKey, at: str) -> None:
        """Write down that the peer is owed a copy, since the moment `at`; once more is no error."""

    async def owed(self, *, after: PayloadKey | None, limit: int) -> Sequence[PayloadKey]:
        """Return what is owed, in the order of the keys, behind `after` (None: from the first), `limit` at most."""

    async def settle(self, key: PayloadKey) -> None:
        """Strike it out; what is not owed is no error."""
