"""PUT and DELETE /v1/limits/tenant, /v1/limits/agents/{name} and /v1/limits/keys/{key}: set a limit, or clear it."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.limit_body import read_limit
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    return Response(await runtime().set_limit.set(request.tenant, read_limit(request)))


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
