"""GET /v1/health: 200 or 503, for Route 53's checkers and the peer's sentinel; asks for no token and no peer."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.bootstrap import runtime


async def _respond(_: Request) -> Response:
    return Response(await runtime().check_health.check())


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
