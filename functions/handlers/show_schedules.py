"""GET /v1/schedules and /v1/schedules/{name}: schedules, their next fires, and what became of the last ones."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.schedule_body import read_fires, read_name
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    fires, schedules = read_fires(request), runtime().show_schedules
    if "name" in request.path_parameters:
        return Response(await schedules.show(request.tenant, read_name(request), fires))
    return Response(await schedules.list(request.tenant, fires))


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
