"""Switches: by them all jobs of a tenant, or those of one of its agents, are paused and go on.

Each Region writes its own switch of a scope, so that no item has two writers; of the two the one set last is in force.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from functions.domain.last_word import last_words

#: The scope of a switch for all jobs of its tenant.
WHOLE_TENANT = "tenant"
_AGENT = "agent/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """What `region` was last told about a scope of a tenant: whether its jobs are paused, when, by whom and why."""

    tenant: str
    scope: str
    region: str
    paused: bool
    at: str
    by: str
    reason: str | None = None

    @property
    def agent(self) -> str | None:
        """The agent that it is about; None when it is about the whole tenant."""
        return self.scope.removeprefix(_AGENT) if self.scope.startswith(_AGENT) else None


def scope_of(agent: str | None) -> str:
    """Return the scope of an agent's switch, or of the whole tenant's."""
    return WHOLE_TENANT if agent is None else _AGENT + agent


def in_force(switches: Iterable[Switch]) -> Mapping[str, Switch]:
    """Return for each scope the switch that counts: the one set last, and at one moment the later Region's by name."""
    return last_words(switches, lambda each: each.scope)


def pausing(switches: Iterable[Switch], agent: str) -> Switch | None:
    """Return the switch by which jobs of `agent` are paused, if one is."""
    counting = in_force(switches)
    for scope in (WHOLE_TENANT, scope_of(agent)):
        switch = counting.get(scope)
        if switch is not None and switch.paused:
            return switch
    return None
