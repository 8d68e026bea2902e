"""Tell a Region to go, or to come back: an order in this Region, copied to the peer."""

from dataclasses import dataclass

from functions.application.ports import Clock
from functions.application.standing_ports import Standings
from functions.application.tell_both import Durability, tell_both
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.last_word import said_after
from functions.domain.ownership.standing import Order, RegionNotes, may_go, view_standing


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStanding:
    """The use case. `peer` is the peer Region's replica, reached directly."""

    standings: Standings
    peer: Standings
    clock: Clock
    region: str
    peer_region: str

    async def set(self, subject: str, *, away: bool, by: str, reason: str | None) -> dict[str, Json]:
        """Return how the Region stands then. Told again what it was told before, nothing changes.

        Raises AntipodeError region_not_found, last_region; StateUnavailable.
        """
        pair = (self.region, self.peer_region)
        if subject not in pair:
            detail = f"no Region is named {subject!r}; there are {' and '.join(sorted(pair))}"
            raise AntipodeError("region_not_found", detail, field="region")
        notes = await self.standings.read(subject)
        if (notes.told_to_go is not None) == away:
            return {"region": subject, "standing": {**view_standing(notes)}, "durability": await self._again(notes)}
        other = self.peer_region if subject == self.region else self.region
        if away and (why := may_go(notes, await self.standings.read(other))) is not None:
            raise AntipodeError("last_region", why)
        at = said_after(self.clock.now(), *notes.orders)
        order = Order(subject=subject, region=self.region, away=away, at=at, by=by, reason=reason)
        durability = await tell_both(self.standings, self.peer, lambda replica: replica.put_order(order))
        told = RegionNotes(
            region=subject, orders=(*notes.orders, order), progress=notes.progress, verdict=notes.verdict
        )
        return {"region": subject, "standing": {**view_standing(told)}, "durability": durability}

    async def _again(self, notes: RegionNotes) -> Durability:
        """Tell both what counts as it was told before: the peer may have been out of reach then, or may be now."""
        order = notes.order
        if order is None:
            return "both"  # no Region was ever told anything of it
        return await tell_both(self.standings, self.peer, lambda replica: replica.put_order(order))
