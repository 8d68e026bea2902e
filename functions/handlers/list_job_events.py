"""GET /v1/jobs/{id}/events: the job's history after a sequence number."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve, whole_number
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    after = whole_number(request, "after", default=0, lowest=0, highest=999_999_999)
    limit = whole_number(request, "limit", default=100, lowest=1, highest=1000)
    job_id = request.path_parameters["id"]
    return Response(await runtime().list_job_events.list(request.tenant, job_id, after, limit))


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
