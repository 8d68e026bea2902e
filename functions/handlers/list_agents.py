"""GET /v1/agents: what can be submitted, with the JSON schema of each input."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.bootstrap import runtime


async def _respond(_: Request) -> Response:
    registry = runtime().agents
    agents = [agent for name in registry.names() if (agent := registry.find(name)) is not None]
    return Response(
        {
            "agents": [
                {
                    "name": agent.name,
                    "version": agent.version,
                    "description": agent.description,
                    "input_schema": agent.input_schema(),
                }
                for agent in agents
            ]
        }
    )


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
