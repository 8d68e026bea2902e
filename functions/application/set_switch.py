"""Pause all jobs of a tenant, or of one of its agents, or let them go on: a switch here, copied to the peer."""

from dataclasses import dataclass

from functions.application.agent_ports import Agents
from functions.application.ports import Clock
from functions.application.switch_ports import Switches
from functions.application.tell_both import tell_both
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.last_word import said_after
from functions.domain.switches import Switch, in_force, scope_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSwitch:
    """The use case. `peer` is the peer Region's replica, reached directly."""

    switches: Switches
    peer: Switches
    agents: Agents
    clock: Clock
    region: str

    async def set(
        self, tenant: str, agent: str | None, *, paused: bool, by: str, reason: str | None
    ) -> dict[str, Json]:
        """Return the switch as clients see it. Raises AntipodeError unknown_agent, StateUnavailable."""
        if agent is not None and agent not in self.agents.names():
            detail = f"no agent is named {agent!r}; there are {', '.join(self.agents.names())}"
            raise AntipodeError("unknown_agent", detail, field="name")
        scope = scope_of(agent)
        known = in_force(await self.switches.read(tenant)).get(scope)
        switch = Switch(
            tenant=tenant,
            scope=scope,
            region=self.region,
            paused=paused,
            at=said_after(self.clock.now(), known),
            by=by,
            reason=reason,
        )
        durability = await tell_both(self.switches, self.peer, lambda replica: replica.put(switch))
        return {**view_switch(switch), "durability": durability}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSwitches:
    """The use case that reads them."""

    switches: Switches

    async def list(self, tenant: str) -> dict[str, Json]:
        """Return {"switches": [...]}: what holds for the tenant and each agent about which something was said."""
        found: list[Json] = [view_switch(each) for each in in_force(await self.switches.read(tenant)).values()]
        return {"switches": found}


def view_switch(switch: Switch) -> dict[str, Json]:
    """Return a switch as clients see it."""
    view: dict[str, Json] = {"scope": "tenant"} if switch.agent is None else {"scope": "agent", "agent": switch.agent}
    view |= {"paused": switch.paused, "at": switch.at, "by": switch.by, "region": switch.region}
    return view if switch.reason is None else {**view, "reason": switch.reason}
