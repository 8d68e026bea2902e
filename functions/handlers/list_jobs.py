"""GET /v1/jobs: the tenant's jobs, newest first, page by page."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, one_of, position, serve, whole_number
from functions.bootstrap import runtime

STATUSES = frozenset({"queued", "running", "waiting", "succeeded", "failed", "cancelled"})


async def _respond(request: Request) -> Response:
    limit = whole_number(request, "limit", default=50, lowest=1, highest=100)
    status = one_of(request, "status", STATUSES)
    before, agent = position(request, "before"), request.query.get("agent")
    return Response(await runtime().list_jobs.list(request.tenant, before, limit, status, agent))


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
