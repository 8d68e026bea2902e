"""GET /v1/switches: what is paused for the tenant, and what has been resumed."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    return Response(await runtime().list_switches.list(request.tenant))


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
