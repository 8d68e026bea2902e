"""Clients that pause all jobs of their tenant, or those of one agent, and let them go on again, in either Region."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from functions.domain.errors import AntipodeError
from functions.domain.switches import scope_of
from tests.simulation.clients import TENANT, Clients
from tests.simulation.plan import REGIONS, Plan
from tests.simulation.plan_of_switches import Switching
from tests.simulation.region import Region
from tests.simulation.virtual_time import pass_time

TRIES = 6
#: When all is well everything is let go on in each Region, and once more after so long, when they know of each other.
ONCE_MORE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Setting:
    """What a client asked for, from when on, and when it was told that it holds in both Regions, if ever."""

    scope: str
    paused: bool
    asked_at: float
    told_at: float | None


@dataclass(slots=True)
class Switchers:
    """All of them, and what they were told."""

    clients: Clients
    plan: Plan
    settings: list[Setting] = field(default_factory=list)

    @property
    def _regions(self) -> Mapping[str, Region]:
        return self.clients.regions

    async def set(self, switching: Switching) -> None:
        """Ask one Region after the other until one has set it."""
        random = Random(f"{self.plan.seed} switch {switching.place}")
        await pass_time(switching.at)
        for _ in range(TRIES):
            if await self._ask(random.choice(REGIONS), switching.agent, switching.paused):
                return
            await pass_time(random.uniform(0.2, 5.0))

    async def let_all_go_on(self) -> None:
        """Let everything that may be paused go on, for good."""
        agents = {switching.agent for switching in self.plan.switchings}
        for _ in range(2 if agents else 0):
            for name in REGIONS:
                for agent in sorted(agents, key=str):
                    await self._ask(name, agent, paused=False)
            await pass_time(ONCE_MORE_SECONDS)

    async def _ask(self, name: str, agent: str | None, paused: bool) -> bool:
        region, loop = self._regions[name], asyncio.get_running_loop()
        asked_at = loop.time()
        answer = await self.clients.ask(
            region,
            "switch",
            lambda process: region.set_switch(process).set(TENANT, agent, paused=paused, by="a visitor", reason=None),
        )
        told = isinstance(answer, dict) and answer["durability"] == "both"
        self.settings.append(Setting(scope_of(agent), paused, asked_at, loop.time() if told else None))
        if isinstance(answer, AntipodeError) and not answer.row.retryable:
            self.clients.surprises.append(answer)
        return isinstance(answer, dict)
