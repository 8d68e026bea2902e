"""GET /v1/openapi.json: what the API takes and answers, for people and for programs that write clients; no secret."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.bootstrap import runtime


async def _respond(_: Request) -> Response:
    from functions.adapters.api_description.document import openapi_document

    return Response(openapi_document(), headers={"Cache-Control": "public, max-age=300"})


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
