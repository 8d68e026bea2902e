"""Whether this Region can serve: it reads its state, and sees its lanes move. It never depends on the peer."""

from dataclasses import dataclass

from functions.application.ports import Clock, Lanes, LaneUnavailable, RegionRegister, StateUnavailable
from functions.application.standing_ports import Standings
from functions.application.watch_flow import WatchFlow
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.lanes_moving import movement
from functions.domain.ownership.standing import Phase, phase_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHealth:
    """The use case. What it costs: a read of one item and the queues' depths, and each few seconds a short query."""

    register: RegionRegister
    lanes: Lanes
    flow: WatchFlow
    clock: Clock
    region: str
    standings: Standings

    async def check(self) -> dict[str, Json]:
        """Return {"status": "ok", ...}. `lanes_move` is null while nobody can know, false while one stands still.

        Raises AntipodeError state_unavailable, lane_unavailable, lanes_still, region_evacuated,
        region_returning: all are 503.
        """
        try:
            beat = await self.register.last_beat(self.region)
            depths = await self.lanes.depths()
            notes = await self.standings.read(self.region)
        except StateUnavailable as error:
            raise AntipodeError("state_unavailable", "this Region cannot read its state") from error
        except LaneUnavailable as error:
            raise AntipodeError("lane_unavailable", "this Region cannot see its lanes") from error
        phase = phase_of(notes)
        if phase is not Phase.ACTIVE:
            code = "region_returning" if phase is Phase.RETURNING else "region_evacuated"
            raise AntipodeError(code, f"{self.region} is {phase.value}")
        seen = movement(await self.flow.of(self.region), self.clock.now())
        if seen is not None and not seen.serves:
            raise AntipodeError("lanes_still", f"no worker takes anything from {', '.join(seen.still)}")
        lanes: list[Json] = list(depths)
        return {
            "status": "ok",
            "region": self.region,
            "heartbeat_at": beat.at if beat else None,
            "lanes": lanes,
            "lanes_move": None if seen is None else not seen.still,
        }
