"""How steps end: what a recorded end must match, what errors are called in the history, what a child's end means."""

from functions.application.ports import ModelUnavailable
from functions.domain.errors import AntipodeError
from functions.domain.job.arrivals import Arrival
from functions.domain.job.decider import over_budget
from functions.domain.job.events import (
    JobCancelled,
    JobFailed,
    JobSucceeded,
    Json,
    StepFailed,
    StepSucceeded,
    WaitOpened,
)
from functions.domain.job.history import Ask
from functions.domain.job.state import JobState, StepEnd

#: The kind of a wait for the decision of a group of people.
APPROVAL = "approval"
REMEDY = (
    "an agent must take the same path each time; restore the code that this job started with, "
    "or give the changed agent a new version, then resume the job"
)
#: Of an error's text so much is kept.
LONGEST_DETAIL = 2000


class ReplayDiverged(BaseException):
    """The agent asked for something else than its history holds at this place. The message says what, and the fix."""


def failure_of(error: BaseException) -> tuple[str, str]:
    """Return code and detail of what a tool or a model call raised."""
    match error:
        case AntipodeError():
            return error.code, error.detail[:LONGEST_DETAIL]
        case ModelUnavailable():
            return "model_unavailable", str(error)[:LONGEST_DETAIL]
        case _:
            return "step_raised", f"{type(error).__name__}: {error}"[:LONGEST_DETAIL]


def result_of_child(arrival: Arrival, agent: str) -> Json:
    """Return a child job's result. Raises AntipodeError child_failed when it has none."""
    end = arrival.body
    assert isinstance(end, dict)
    if end["status"] == "succeeded":
        return end["result"]
    error = end.get("error")
    told = f"{error['code']}: {error['detail']}" if isinstance(error, dict) else str(end["status"])
    raise AntipodeError("child_failed", f"the job of {agent!r} {end['status']}: {told}"[:LONGEST_DETAIL])


def end_event(end: Json, now: str, by: str) -> JobSucceeded | JobFailed | JobCancelled | None:
    """Return the event of a job's end as others have been told of it; None when they have not been."""
    if not isinstance(end, dict):
        return None
    if end["status"] == "succeeded":
        return JobSucceeded(at=now, result=end["result"])
    error = end.get("error")
    told = error if isinstance(error, dict) else {}
    if end["status"] == "cancelled":
        return JobCancelled(at=now, by=by, reason=str(told.get("detail", "")))
    return JobFailed(at=now, code=str(told.get("code")), detail=str(told.get("detail")))


def end_taken(ended: StepEnd | None, key: str) -> Json:
    """Return a child's end as its parent took it in with the arrival `key`; None when it has not."""
    match ended:
        case StepSucceeded(arrival=arrival, result=result) if arrival == key:
            return {"status": "succeeded", "result": result}
        case StepFailed(arrival=arrival, code=code, detail=detail) if arrival == key:
            return {"status": "failed", "error": {"code": code, "detail": detail}}
        case _:
            return None


def ask_of(job_id: str, state: JobState, wait: WaitOpened, region: str, *, open: bool) -> Ask:
    """Return the listing of an open wait for a group's decision."""
    group = str((wait.about or {}).get("group"))
    return Ask(job_id, region, wait.step, state.job.tenant, group, wait.at, open=open)


def branch_of(key: str) -> str:
    """Return the branch on which a step lies: the path before its name."""
    return key.rpartition("/")[0]


def tokens_of(ended: StepEnd) -> int:
    """Return how many tokens a step has cost."""
    return ended.input_tokens + ended.output_tokens if isinstance(ended, StepSucceeded) else 0


def within_budget(state: JobState, *, steps: int, tokens: int) -> None:
    """Raise AntipodeError budget_exceeded when the job has used more than it may."""
    over = over_budget(state.job.budget, steps=steps, tokens=tokens)
    if over is not None:
        raise AntipodeError("budget_exceeded", over)


def same_step(step: str, recorded: tuple[str, str], asked: tuple[str, str]) -> None:
    """Raise ReplayDiverged unless the (kind, digest of the arguments) asked for are the recorded ones."""
    if recorded == asked:
        return
    what = f"a {recorded[0]} step, now a {asked[0]} step is asked for" if recorded[0] != asked[0] else "other arguments"
    raise ReplayDiverged(f"step {step!r}: the history has it with {what}: {REMEDY}")
