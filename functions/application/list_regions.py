"""What this Region knows of both Regions."""

from dataclasses import dataclass

from functions.application.ports import Clock, Lanes, LaneUnavailable, RegionRegister, StateUnavailable
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.moments import seconds_between


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRegions:
    """The use case."""

    register: RegionRegister
    lanes: Lanes
    clock: Clock
    region: str
    peer_region: str
    peer_stale_seconds: float

    async def list(self) -> dict[str, Json]:
        """Return {"answered_by", "regions": [...]}. Raises AntipodeError state_unavailable, lane_unavailable."""
        try:
            verdict = await self.register.verdict(self.region)
            depths = await self.lanes.depths()
            regions: list[Json] = [await self._region(self.region), await self._region(self.peer_region)]
        except StateUnavailable as error:
            raise AntipodeError("state_unavailable", "the state table refuses; ask again") from error
        except LaneUnavailable as error:
            raise AntipodeError("lane_unavailable", "a lane refuses; ask again") from error
        lanes: dict[str, Json] = {
            name: {"waiting": waiting, "in_flight": flying} for name, (waiting, flying) in depths.items()
        }
        lost = verdict is not None and verdict.lost
        peer: dict[str, Json] = {"region": self.peer_region, "lost": lost, "since": verdict.since if verdict else None}
        return {"answered_by": self.region, "regions": regions, "lanes": lanes, "peer": peer}

    async def _region(self, region: str) -> dict[str, Json]:
        beat = await self.register.last_beat(region)
        age = None if beat is None else round(seconds_between(beat.at, self.clock.now()), 3)
        fresh = age is not None and age < self.peer_stale_seconds
        return {"name": region, "heartbeat_at": beat.at if beat else None, "heartbeat_age_seconds": age, "fresh": fresh}
