"""A job as clients see it (DESIGN section 7): the one place that knows the form."""

import itertools
from collections.abc import Iterable

from functions.application.step_ends import APPROVAL
from functions.domain.errors import CATALOGUE
from functions.domain.job.approvals import approval_id
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.events import Json, StepAttemptFailed, WaitOpened
from functions.domain.job.history import JobRecord
from functions.domain.job.state import JobState
from functions.domain.payload import reference_in

#: So many of the steps that are tried again are shown.
MOST_RETRIES = 20


def view_job(job_id: str, state: JobState, durability: str, news: Iterable[Arrival] = ()) -> dict[str, Json]:
    """Return the job as JSON. `durability`, "both" or "local", is the segment's; the input's payload counts as well.

    `news` are the arrivals that its owner has not taken in yet.

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
            "steps": state.steps_ended,
        },
    }
    if state.status == "succeeded":
        view["result"] = state.result
    trouble = state.finished or state.halted or state.tries or state.retry_at is not None
    if state.error is not None and trouble:  # else it has been overcome
        code = state.error["code"]
        view["error"] = {**state.error, "retryable": code in CATALOGUE and CATALOGUE[code].retryable}
    if state.progress is not None:
        view["progress"] = state.progress
    if state.job.parent is not None:
        view["parent"] = {"job": state.job.parent["job_id"], "step": state.job.parent["step"]}
    if state.job.session:
        view["session"] = state.job.session
    if state.job.tags:
        view["tags"] = state.job.tags
    if state.redrives:
        view["redrives"] = state.redrives
    redrive = next((each for each in news if each.kind is ArrivalKind.REDRIVE), None)
    if redrive is not None:
        view["redrive_requested"] = {"at": redrive.at, "by": redrive.by}
    return view if state.finished else {**view, **_unfinished(job_id, state, news)}


def _unfinished(job_id: str, state: JobState, news: Iterable[Arrival]) -> dict[str, Json]:
    """Return what there is to say of a job only until its end."""
    view: dict[str, Json] = {}
    if state.waits:
        view["waits"] = [_view_wait(job_id, wait) for wait in state.waits.values()]
    if state.halted:
        view["paused"] = True
    asked = state.cancel or next((each for each in news if each.kind is ArrivalKind.CANCEL), None)
    if asked is not None:
        view["cancel_requested"] = {"at": asked.at, "by": asked.by}
    moments = [tried.retry_at for tried in state.tries.values()]
    moments += [moment for moment in (state.retry_at, state.waiting_until) if moment is not None]
    if state.job.run_at is not None and not state.attempts:
        moments.append(state.job.run_at)
    if state.tries:
        view["retries"] = [_view_try(tried) for tried in itertools.islice(state.tries.values(), MOST_RETRIES)]
    if moments and not state.halted:
        view["next_attempt_at"] = min(moments)
    return view


def _view_try(tried: StepAttemptFailed) -> Json:
    code = {"code": tried.code, "detail": tried.detail}
    return {"step": tried.step, "attempts": tried.attempt, **code, "next_attempt_at": tried.retry_at}


def _view_wait(job_id: str, wait: WaitOpened) -> Json:
    view: dict[str, Json] = {"step": wait.step, "kind": wait.step_kind, "until": wait.until, "about": wait.about}
    return {**view, "approval": approval_id(job_id, wait.step)} if wait.step_kind == APPROVAL else view


def durability_of(record: JobRecord, state: JobState, region: str) -> str:
    """Say whether both Regions are known to hold the job's submission.

    Whoever is not the home Region holds a copy beside the home's; the home Region notes the exception on its head.
    """
    head = record.head_of(state.home_region)
    return "local" if region == state.home_region and head is not None and head.durability == "local" else "both"
