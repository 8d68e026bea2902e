"""POST /v1/dead-letters/redrive: 202 with the job that redrives; a preview writes nothing."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.dead_letter_body import read_redrive
from functions.bootstrap import runtime
from functions.redriving import redriving


async def _respond(request: Request) -> Response:
    asked, preview = read_redrive(request, runtime().clock.now())
    if preview:
        return Response(await redriving().start_redrive.preview(asked))
    return Response(await redriving().start_redrive.start(asked), 202)


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
