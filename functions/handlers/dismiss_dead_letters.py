"""POST /v1/dead-letters/dismiss: they are listed no longer, as many as one call sees to; a preview writes nothing."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, serve
from functions.adapters.dead_letter_body import read_dismissal
from functions.bootstrap import runtime
from functions.redriving import redriving


async def _respond(request: Request) -> Response:
    wanted, ids, before, preview = read_dismissal(request)
    letters = redriving().dismiss_letters
    if preview:
        return Response(await letters.preview(request.tenant, wanted=wanted, ids=ids))
    return Response(await letters.dismiss(request.tenant, wanted=wanted, ids=ids, before=before), 202)


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
