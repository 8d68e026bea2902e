"""GET /v1/limits: what limits hold for the tenant, its agents and its keys."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    return Response(await runtime().list_limits.list(request.tenant))


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
