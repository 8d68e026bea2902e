"""POST /v1/regions/{region}/evacuate and /return: tell a Region to go, or to come back."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.standing_body import read_standing
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    region, away, reason = read_standing(request)
    return Response(await runtime().set_standing.set(region, away=away, by=request.principal, reason=reason))


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
