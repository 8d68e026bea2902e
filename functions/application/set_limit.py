"""Set and clear limits: an item in this Region, copied to the peer, as switches are (decision 14)."""

from dataclasses import dataclass

from functions.application.agent_ports import Agents
from functions.application.limit_ports import Limits
from functions.application.ports import Clock
from functions.application.tell_both import tell_both
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.last_word import said_after
from functions.domain.limits import Limit, limits_in_force, scope_in_words


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRequest:
    """What somebody asks for; with neither number the limit is cleared."""

    scope: str
    by: str
    concurrency: int | None = None
    starts_per_minute: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLimit:
    """The use case. `peer` is the peer Region's replica, reached directly."""

    limits: Limits
    peer: Limits
    agents: Agents
    clock: Clock
    region: str

    async def set(self, tenant: str, asked: LimitRequest) -> dict[str, Json]:
        """Return the limit as clients see it. Raises AntipodeError unknown_agent, StateUnavailable."""
        kind, name = scope_in_words(asked.scope)
        if kind == "agent" and name not in self.agents.names():
            detail = f"no agent is named {name!r}; there are {', '.join(self.agents.names())}"
            raise AntipodeError("unknown_agent", detail, field="name")
        known = [limit for limit in await self.limits.read_limits(tenant) if limit.scope == asked.scope]
        limit = Limit(
            tenant=tenant,
            scope=asked.scope,
            region=self.region,
            concurrency=asked.concurrency,
            starts_per_minute=asked.starts_per_minute,
            at=said_after(self.clock.now(), *known),
            by=asked.by,
        )
        durability = await tell_both(self.limits, self.peer, lambda replica: replica.put_limit(limit))
        return {**view_limit(limit), "durability": durability}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLimits:
    """The use case that reads them."""

    limits: Limits

    async def list(self, tenant: str) -> dict[str, Json]:
        """Return {"limits": [...]}: those that limit something. Raises StateUnavailable."""
        found: list[Json] = [
            view_limit(each) for each in limits_in_force(await self.limits.read_limits(tenant)).values()
        ]
        return {"limits": found}


def view_limit(limit: Limit) -> dict[str, Json]:
    """Return a limit as clients see it."""
    kind, name = scope_in_words(limit.scope)
    view: dict[str, Json] = {"scope": kind}
    if name is not None:
        view[kind] = name
    if limit.concurrency is not None:
        view["concurrency"] = limit.concurrency
    if limit.starts_per_minute is not None:
        view["starts_per_minute"] = limit.starts_per_minute
    return {**view, "at": limit.at, "by": limit.by, "region": limit.region}
