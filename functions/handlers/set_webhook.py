"""PUT and DELETE /v1/webhooks/{name}, POST .../rotate and .../test: a tenant's webhooks, set, tried and taken away."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.webhook_body import read_webhook, webhook_name
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    use_case, name = runtime().set_webhook, webhook_name(request)
    match request.method, request.path.rstrip("/").rpartition("/")[2]:
        case "PUT", _:
            wanted = read_webhook(request, loopback=runtime().settings.webhook_loopback)
            return Response(await use_case.set(request.tenant, name, wanted, request.principal))
        case "DELETE", _:
            return Response(await use_case.delete(request.tenant, name, request.principal))
        case _, "rotate":
            return Response(await use_case.rotate(request.tenant, name, request.principal))
        case _:
            return Response(await use_case.test(request.tenant, name), 202)


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
