"""POST /v1/approvals/{id}: 202 with the decision, or 409 with the one that was first."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.change_body import read_decision
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    decision = read_decision(request)
    return Response(
        await runtime().decide_approval.decide(request.tenant, request.path_parameters["id"], decision), 202
    )


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
