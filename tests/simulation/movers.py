"""People who tell Regions to go and to come back, in either Region, and who see to it in the end that all are back."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from functions.domain.errors import AntipodeError
from functions.domain.ownership.standing import Phase, phase_of
from tests.simulation.clients import Clients
from tests.simulation.machine import Power
from tests.simulation.plan import REGIONS, Plan
from tests.simulation.plan_of_evacuations import Evacuation
from tests.simulation.region import Region
from tests.simulation.standing_parts import notes_of
from tests.simulation.virtual_time import pass_time

LOOK_EVERY_SECONDS = 5.0
#: When all is well a Region that was told to return works again within this time.
BACK_WITHIN_SECONDS = 600.0


@dataclass(slots=True)
class Movers:
    """All of them. `told`: how often a Region was told to go, and accepted it."""

    clients: Clients
    plan: Plan
    told: int = 0
    surprises: list[str] = field(default_factory=list)

    @property
    def _regions(self) -> Mapping[str, Region]:
        return self.clients.regions

    async def move(self, evacuation: Evacuation) -> None:
        """Tell a Region to go, and later to come back."""
        random = Random(f"{self.plan.seed} move {evacuation.place}")
        await pass_time(evacuation.at)
        for asked in evacuation.asked:
            if await self._ask(asked, evacuation.region, away=True):
                self.told += 1
                break
            await pass_time(random.uniform(0.2, 5.0))
        loop = asyncio.get_running_loop()
        await pass_time(max(0.0, evacuation.back_at - loop.time()))
        for asked in evacuation.asked:
            if await self._ask(asked, evacuation.region, away=False):
                return
            await pass_time(random.uniform(0.2, 5.0))

    async def have_all_return(self) -> None:
        """Tell all to come back, in each Region that is there, and wait until they work."""
        if not self.plan.evacuations:
            return
        loop = asyncio.get_running_loop()
        until = loop.time() + BACK_WITHIN_SECONDS
        while away := [name for name in self._present() if not self._works(name)]:
            if loop.time() >= until:
                self.surprises.append(f"{away} did not come back within {BACK_WITHIN_SECONDS:.0f} s")
                return
            for name in self._present():
                for subject in REGIONS:
                    await self._ask(name, subject, away=False)
            await pass_time(LOOK_EVERY_SECONDS)

    def _present(self) -> list[str]:
        return [name for name, region in self._regions.items() if region.machinery.power is not Power.LOST]

    def _works(self, name: str) -> bool:
        return phase_of(notes_of(self._regions[name].replica, name)) is Phase.ACTIVE

    async def _ask(self, name: str, subject: str, *, away: bool) -> bool:
        region = self._regions[name]
        answer = await self.clients.ask(
            region,
            "move",
            lambda process: region.set_standing(process).set(subject, away=away, by="somebody", reason=None),
        )
        if isinstance(answer, AntipodeError) and answer.code != "last_region":
            self.clients.surprises.append(answer)
        return isinstance(answer, dict)
