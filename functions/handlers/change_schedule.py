"""PUT and DELETE /v1/schedules/{name}: a schedule is written, or is no more."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.schedule_body import read_name, read_schedule
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    change = runtime().set_schedule
    if request.method == "DELETE":
        return Response(await change.delete(request.tenant, read_name(request), request.principal))
    return Response(await change.set(read_schedule(request)))


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
