"""GET /v1/jobs/{id}/events: the job's history after a place in it, at once or (`wait=N`) as soon as there is more."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.events_query import read_events_query
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    asked, job_id = read_events_query(request), request.path_parameters["id"]
    wait = runtime().wait_for_job_events.wait
    return Response(await wait(request.tenant, job_id, asked.after, asked.limit, asked.wait_seconds))


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
