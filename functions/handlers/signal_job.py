"""POST /v1/jobs/{id}/signals/{name}: 202 as soon as the signal is durable."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.change_body import read_signal
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    signal = read_signal(request)
    return Response(await runtime().signal_job.signal(request.tenant, request.path_parameters["id"], signal), 202)


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
