"""GET /v1/dead-letters: a tenant's failed jobs, unreadable messages and undelivered webhooks, the latest first."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve, whole_number
from functions.adapters.dead_letter_body import read_filter, read_place
from functions.bootstrap import runtime
from functions.redriving import redriving


async def _respond(request: Request) -> Response:
    limit = whole_number(request, "limit", default=50, lowest=1, highest=100)
    wanted, before = read_filter(request), read_place(request)
    return Response(await redriving().list_letters.list(request.tenant, wanted, before=before, limit=limit))


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
