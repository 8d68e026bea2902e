"""/v1/webhooks and below: a tenant's webhooks, set, shown, tried and taken away."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.bootstrap import runtime


async def _show(request: Request) -> Response:
    name = request.path_parameters.get("name")
    if name is None:
        return Response(await runtime().show_webhooks.list(request.tenant))
    return Response(await runtime().show_webhooks.show(request.tenant, name))


async def _change(request: Request) -> Response:
    from functions.adapters.webhook_body import read_webhook, webhook_name

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
    return serve(event, runtime().log, _show if event["httpMethod"] == "GET" else _change)
