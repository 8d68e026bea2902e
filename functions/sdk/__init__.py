"""What an agent's author imports: agents, tools and the context. Nothing here reads the clock, the network or AWS."""

from functions.application.agent_ports import Cancelled
from functions.domain.errors import AntipodeError
from functions.domain.job.retry import Retry, TryAgain
from functions.sdk.agent import AgentDefinition, agent
from functions.sdk.branches import Branch
from functions.sdk.context import Context
from functions.sdk.conversation import Entry
from functions.sdk.tool import tool
from functions.sdk.waits import Approval

__all__ = [
    "AgentDefinition",
    "AntipodeError",
    "Approval",
    "Branch",
    "Cancelled",
    "Context",
    "Entry",
    "Retry",
    "TryAgain",
    "agent",
    "tool",
]
