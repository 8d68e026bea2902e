"""GET /v1/jobs/{id}: the job, at once or (`Prefer: wait=N`) as soon as it is finished."""

from typing import Any

from functions.adapters.api_gateway import Event, Request, Response, seconds_to_wait, serve
from functions.bootstrap import runtime


async def _respond(request: Request) -> Response:
    job_id, seconds = request.path_parameters["id"], seconds_to_wait(request)
    if not seconds:
        return Response(await runtime().get_job.get(request.tenant, job_id))
    job = await runtime().wait_for_job.wait(request.tenant, job_id, seconds)
    return Response(job, headers={"Preference-Applied": f"wait={seconds}"})


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(event, runtime().log, _respond)
