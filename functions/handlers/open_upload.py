"""POST /v1/payloads: 201 with the request by which to upload an input, and the reference to submit afterwards."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.upload_body import read_upload
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    upload = read_upload(request)
    return Response(await runtime().open_upload.open(request.tenant, upload.sha256, upload.size), 201)


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
