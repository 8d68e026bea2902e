"""What evacuating Regions needs of the world, and what those who work need of it."""

from typing import Protocol

from functions.domain.ownership.standing import Order, Progress, RegionNotes


class Standings(Protocol):
    """One replica's notes on the Regions. Every method raises StateUnavailable."""

    async def put_order(self, order: Order) -> None:
        """Write what a Region was told, unless what it was told before was said later."""

    async def put_progress(self, progress: Progress) -> None:
        """Write a Region's account of itself, in place of the one before."""

    async def read(self, region: str) -> RegionNotes:
        """Return what lies here about a Region, by one request."""


class Outlook(Protocol):
    """What a worker has to know of its Region and of the peer. Never raises."""

    async def may_work(self) -> bool:
        """Say whether this Region begins with jobs and with steps."""

    async def hands_over(self) -> bool:
        """Say whether this Region leaves its jobs to the peer."""

    async def peer_lost(self) -> bool:
        """Say whether this Region takes over the jobs of its peer."""
