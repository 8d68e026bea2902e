"""GET /v1/sessions/{name}: a conversation, with its running turn, its queue and the newest of its memory."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    return Response(await runtime().show_session.show(request.tenant, request.path_parameters["name"]))


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
