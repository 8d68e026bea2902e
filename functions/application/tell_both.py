"""Write what people set here, then into the peer's replica at once, and say whether it lies in both.

One place for all that is told in either Region and holds in both: switches, limits, schedules, webhooks, arrivals. If
the process dies after the first write, replication brings it to the peer: what was not acknowledged may still hold.
"""

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias, TypeVar

from functions.application.ports import StateUnavailable

R = TypeVar("R")

Durability: TypeAlias = Literal["both", "local"]


async def tell_both(own: R, peer: R, write: Callable[[R], Awaitable[object]]) -> Durability:
    """Write it through both replicas' ports, the own one first. Raises StateUnavailable when it is not written here."""
    await write(own)
    return await tell_peer(write(peer))


async def tell_peer(write: Awaitable[object]) -> Durability:
    """Carry out a write into the peer's replica. A peer that is out of reach gets it by replication, later."""
    try:
        await write
    except StateUnavailable:
        return "local"
    return "both"
