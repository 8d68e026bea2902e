"""POST /v1/jobs/{id}/cancel, /pause and /resume: 202 with the job, which heeds the request within seconds."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.change_body import read_change
from functions.bootstrap import runtime
from functions.domain.job.arrivals import ArrivalKind


async def _respond(request: Request) -> Response:
    asked = read_change(request, ArrivalKind(request.path.rstrip("/").rpartition("/")[2]))
    return Response(await runtime().request_change.request(request.tenant, request.path_parameters["id"], asked), 202)


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
