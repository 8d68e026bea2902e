"""GET /v1/approvals?group=G: what a group of people is asked for and has not decided, page by page."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, needed, position, serve, whole_number
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    group, after = needed(request, "group"), position(request, "after")
    limit = whole_number(request, "limit", default=50, lowest=1, highest=100)
    return Response(await runtime().list_approvals.list(request.tenant, group, after, limit))


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
