"""POST /v1/jobs: 202 with the job, or a problem that names the field."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, seconds_to_wait, serve
from functions.adapters.submit_body import read_submit
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    job = await runtime().admit_job.submit(read_submit(request, loopback=runtime().settings.webhook_loopback))
    headers = {"Location": f"/v1/jobs/{job['id']}"}
    seconds = seconds_to_wait(request)
    if seconds:
        job = await runtime().wait_for_job.wait(request.tenant, str(job["id"]), seconds)
        headers["Preference-Applied"] = f"wait={seconds}"
    return Response(job, 202, headers)


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
