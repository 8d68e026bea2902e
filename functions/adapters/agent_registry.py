"""Agents by name, each module loaded on first use: a worker pays for the agents that its jobs run, no others."""

import importlib
from collections.abc import Mapping, Sequence

from functions.application.agent_ports import Agent

#: For each agent the modules that define its versions, the newest first: new jobs get that one, and a job stays on the
#: version that it started with.
SHIPPED: Mapping[str, Sequence[str]] = {
    "licence-review": ["functions.agents.licence_review"],
    "probe": ["functions.agents.probe"],
    "release-audit": ["functions.agents.release_audit"],
}
#: Agents of Antipode's own: workers run them, clients neither see nor submit to them. Their versions stay for ever:
#: a session lives as long as its conversation does.
SYSTEM: Mapping[str, Sequence[str]] = {
    "redrive": ["functions.agents.redrive"],
    "session": [
        "functions.agents.session_redriving",
        "functions.agents.session_corrected",
        "functions.agents.session",
    ],
}


class AgentRegistry:
    """The agents of this release; `modules` gives for each name the modules that define its versions, newest first."""

    def __init__(self, modules: Mapping[str, Sequence[str]] = SHIPPED) -> None:
        self._modules = {name: list(versions) for name, versions in {**SYSTEM, **modules}.items()}
        self._loaded: dict[str, Agent] = {}

    def names(self) -> Sequence[str]:
        """See Agents."""
        return sorted(self._modules.keys() - SYSTEM.keys())

    def versions(self, name: str) -> Sequence[str]:
        """See Agents."""
        return [self._load(name, module).version for module in self._modules.get(name, ())]

    def find(self, name: str, version: str | None = None) -> Agent | None:
        """See Agents. Raises LookupError when a module does not define exactly one agent, of that name."""
        versions = (self._load(name, module) for module in self._modules.get(name, ()))
        return next((agent for agent in versions if version in (None, agent.version)), None)

    def _load(self, name: str, module: str) -> Agent:
        if module not in self._loaded:
            self._loaded[module] = _load(name, module)
        return self._loaded[module]


def _load(name: str, module_name: str) -> Agent:
    from functions.sdk import AgentDefinition

    module = importlib.import_module(module_name)
    found = [value for value in vars(module).values() if isinstance(value, AgentDefinition)]
    if [agent.name for agent in found] != [name]:
        names = ", ".join(agent.name for agent in found) or "none"
        raise LookupError(f"{module_name} must define the one agent {name!r}; it defines {names}")
    return found[0]
