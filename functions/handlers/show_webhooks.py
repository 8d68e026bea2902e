"""GET /v1/webhooks and /v1/webhooks/{name}: a tenant's webhooks, and how an endpoint does."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    name = request.path_parameters.get("name")
    if name is None:
        return Response(await runtime().show_webhooks.list(request.tenant))
    return Response(await runtime().show_webhooks.show(request.tenant, name))


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
