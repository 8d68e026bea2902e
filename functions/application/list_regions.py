"""What this Region knows of both: heartbeats, its verdict on the peer, and how the lanes of each flow."""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.application.lease_ports import Leases, LeasesUnavailable
from functions.application.ports import Clock, Lanes, LaneUnavailable, RegionRegister, StateUnavailable
from functions.application.standing_ports import Standings
from functions.application.watch_flow import WatchFlow
from functions.domain.admission import full
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.lane_flow import LaneFlow, RegionFlow, flow_of
from functions.domain.moments import seconds_between
from functions.domain.ownership.lease import MARGIN, Phase
from functions.domain.ownership.standing import view_standing


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRegions:
    """The use case. `bounds` says for each lane how long new work may have to wait."""

    register: RegionRegister
    lanes: Lanes
    flow: WatchFlow
    bounds: Mapping[str, float]
    clock: Clock
    region: str
    peer_region: str
    peer_stale_seconds: float
    standings: Standings
    leases: Leases | None = None

    async def list(self) -> dict[str, Json]:
        """Return {"answered_by", "regions": [...]}. Raises AntipodeError state_unavailable, lane_unavailable."""
        try:
            verdict = await self.register.verdict(self.region)
            depths = await self.lanes.depths()
            regions = [await self._region(self.region), await self._region(self.peer_region)]
        except StateUnavailable as error:
            raise AntipodeError("state_unavailable", "the state table refuses; ask again") from error
        except LaneUnavailable as error:
            raise AntipodeError("lane_unavailable", "a lane refuses; ask again") from error
        own = await self._lanes(self.region)
        for name, (waiting, in_flight) in depths.items():  # asked just now, the sample is some seconds old
            own[name] |= {"waiting": waiting, "in_flight": in_flight}
        regions[0]["lanes"], regions[1]["lanes"] = {**own}, {**await self._lanes(self.peer_region)}
        lost = verdict is not None and verdict.lost
        peer: dict[str, Json] = {"region": self.peer_region, "lost": lost, "since": verdict.since if verdict else None}
        return {"answered_by": self.region, "regions": [*regions], "lanes": {**own}, "peer": peer}

    async def _region(self, region: str) -> dict[str, Json]:
        beat = await self.register.last_beat(region)
        age = None if beat is None else round(seconds_between(beat.at, self.clock.now()), 3)
        fresh = age is not None and age < self.peer_stale_seconds
        said: dict[str, Json] = {
            "name": region,
            "heartbeat_at": beat.at if beat else None,
            "heartbeat_age_seconds": age,
            "fresh": fresh,
            "standing": {**view_standing(await self.standings.read(region))},
        }
        return said if self.leases is None else {**said, "lease": await self._lease(self.leases, region)}

    async def _lease(self, leases: Leases, region: str) -> Json:
        """Return who holds a Region's lease; None when there is none, or when the control table does not answer.

        `valid_for_seconds` is what whoever has read it just now may rely on it for.
        """
        try:
            lease = await leases.read(region)
        except LeasesUnavailable:
            return None
        if lease is None:
            return None
        relied_upon = lease.duration_seconds * (1 - MARGIN)
        return {
            "holder": lease.holder,
            "term": lease.term,
            "phase": lease.phase.value,
            "renewal": lease.renewal,
            "valid_for_seconds": relied_upon if lease.phase is Phase.HELD else 0.0,
        }

    async def _lanes(self, region: str) -> dict[str, dict[str, Json]]:
        known, now = await self.flow.of(region), self.clock.now()
        return {name: self._lane(name, known, now) for name in self.lanes.names()}

    def _lane(self, name: str, known: RegionFlow, now: str) -> dict[str, Json]:
        flow, bound = flow_of(name, known, now), self.bounds[name]
        return {**view_flow(flow), "bound_seconds": bound, "admitting": full(name, flow, bound) is None}


def view_flow(flow: LaneFlow) -> dict[str, Json]:
    """Return a lane's flow as clients see it; what cannot be known is null."""
    return {
        "waiting": flow.waiting,
        "in_flight": flow.in_flight,
        "estimated_wait_seconds": flow.estimated_wait_seconds,
        "oldest_wait_seconds": flow.oldest_wait_seconds,
        "started_per_minute": flow.started_per_minute,
        "ended_per_minute": flow.ended_per_minute,
        "failed_per_minute": flow.failed_per_minute,
    }
