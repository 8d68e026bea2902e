"""POST /v1/jobs/cancel: the tenant's unfinished jobs are asked to end, as many as one call sees to."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.change_body import read_bulk
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    asked = read_bulk(request)
    answer = await runtime().cancel_jobs.cancel(
        request.tenant, by=request.principal, agent=asked.agent, before=asked.before, reason=asked.reason
    )
    return Response(answer, 202)


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
