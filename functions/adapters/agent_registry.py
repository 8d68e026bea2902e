"""Agents by name, each module loaded on first use: a worker pays for the agents that its jobs run, no others."""

import importlib
from collections.abc import Mapping, Sequence

from functions.application.ports import Agent

SHIPPED: Mapping[str, str] = {
    "licence-review": "functions.agents.licence_review",
    "probe": "functions.agents.probe",
}


class AgentRegistry:
    """The agents of this release; `modules` gives for each name the module that defines it."""

    def __init__(self, modules: Mapping[str, str] = SHIPPED) -> None:
        self._modules = dict(modules)
        self._loaded: dict[str, Agent] = {}

    def names(self) -> Sequence[str]:
        """See Agents."""
        return sorted(self._modules)

    def find(self, name: str) -> Agent | None:
        """See Agents. Raises LookupError when the module does not define exactly one agent, of that name."""
        if name not in self._modules:
            return None
        if name not in self._loaded:
            self._loaded[name] = _load(name, self._modules[name])
        return self._loaded[name]


def _load(name: str, module_name: str) -> Agent:
    from functions.sdk import AgentDefinition

    module = importlib.import_module(module_name)
    found = [value for value in vars(module).values() if isinstance(value, AgentDefinition)]
    if [agent.name for agent in found] != [name]:
        names = ", ".join(agent.name for agent in found) or "none"
        raise LookupError(f"{module_name} must define the one agent {name!r}; it defines {names}")
    return found[0]
