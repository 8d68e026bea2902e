"""Whether this Region can serve: it reads its own state and sees its own lanes. It never depends on the peer."""

from dataclasses import dataclass

from functions.application.ports import Lanes, LaneUnavailable, RegionRegister, StateUnavailable
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHealth:
    """The use case."""

    register: RegionRegister
    lanes: Lanes
    region: str

    async def check(self) -> dict[str, Json]:
        """Return {"status": "ok", ...}. Raises AntipodeError state_unavailable, lane_unavailable: both are 503."""
        try:
            beat = await self.register.last_beat(self.region)
            depths = await self.lanes.depths()
        except StateUnavailable as error:
            raise AntipodeError("state_unavailable", "this Region cannot read its state") from error
        except LaneUnavailable as error:
            raise AntipodeError("lane_unavailable", "this Region cannot see its lanes") from error
        lanes: list[Json] = list(depths)
        return {"status": "ok", "region": self.region, "heartbeat_at": beat.at if beat else None, "lanes": lanes}
