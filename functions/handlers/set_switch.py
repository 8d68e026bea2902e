"""PUT /v1/switches/tenant and /v1/switches/agents/{name}: pause all jobs of the tenant or the agent, or resume them."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.change_body import read_switch
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    asked, agent = read_switch(request), request.path_parameters.get("name")
    answer = await runtime().set_switch.set(
        request.tenant, agent, paused=asked.paused, by=request.principal, reason=asked.reason
    )
    return Response(answer)


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
