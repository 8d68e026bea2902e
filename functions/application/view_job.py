"""A job as clients see it (DESIGN section 7): the one place that knows the form."""

from functions.domain.errors import CATALOGUE
from functions.domain.job.events import Json
from functions.domain.job.history import JobRecord
from functions.domain.job.state import JobState
from functions.domain.payload import reference_in


def view_job(job_id: str, state: JobState, durability: str) -> dict[str, Json]:
    """Return the job as JSON. `durability`, "both" or "local", is the segment's; the input's payload counts as well.

    A result that is kept as a payload is shown as its reference: `KeepPayloads.show_result` knows the rest.
    """
    kept = reference_in(state.job.input)
    view: dict[str, Json] = {
        "id": job_id,
        "agent": state.job.agent,
        "agent_version": state.job.agent_version,
        "status": state.status,
        "lane": state.job.lane,
        "durability": "local" if kept is not None and kept.local else durability,
        "home_region": state.home_region,
        "owner_region": state.owner_region,
        "epoch": state.epoch,
        "attempts": state.attempts,
        "created_at": state.job.at,
        "updated_at": state.updated_at,
        "usage": {
            "input_tokens": state.input_tokens,
            "output_tokens": state.output_tokens,
            "steps": len(state.steps),
        },
    }
    if state.status == "succeeded":
        view["result"] = state.result
    if state.error is not None:
        code = state.error["code"]
        view["error"] = {**state.error, "retryable": code in CATALOGUE and CATALOGUE[code].retryable}
    if not state.finished and state.retry_at is not None:
        view["next_attempt_at"] = state.retry_at
    if state.job.tags:
        view["tags"] = state.job.tags
    return view


def durability_of(record: JobRecord, state: JobState, region: str) -> str:
    """Say whether both Regions are known to hold the job's submission.

    Whoever is not the home Region holds a copy beside the home's; the home Region notes the exception on its head.
    """
    head = record.head_of(state.home_region)
    return "local" if region == state.home_region and head is not None and head.durability == "local" else "both"
