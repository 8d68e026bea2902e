"""What an agent's author imports: agents, tools and the context. Nothing here reads the clock, the network or AWS."""

from functions.domain.errors import AntipodeError
from functions.sdk.agent import AgentDefinition, agent
from functions.sdk.context import Context
from functions.sdk.tool import tool

__all__ = ["AgentDefinition", "AntipodeError", "Context", "agent", "tool"]
