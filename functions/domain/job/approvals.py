"""Approvals: the open waits of jobs for a group's decision, under ids that lead back to job and step by themselves."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from functions.domain.ids import digest_of
from functions.domain.job.arrivals import Arrival, ArrivalKind, in_order
from functions.domain.job.events import Json, WaitOpened
from functions.domain.job.state import JobState

_ID = re.compile(r"apr_([a-z2-7]{32})_([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class ApprovalId:
    """An approval's id, taken apart: its job, and the digest of the step that waits."""

    job_id: str
    digest: str

    def means(self, step: str) -> bool:
        """Say whether it stands for this step of its job."""
        return digest_of(step) == self.digest


def approval_id(job_id: str, step: str) -> str:
    """Return the id of the approval that a step of a job waits for: the same in both Regions."""
    return f"apr_{job_id.removeprefix('job_')}_{digest_of(step)}"


def read_approval_id(text: str) -> ApprovalId | None:
    """Take an approval's id apart; None when `text` is none."""
    match = _ID.fullmatch(text)
    return None if match is None else ApprovalId(f"job_{match.group(1)}", match.group(2))


def over_because(state: JobState, wait: WaitOpened, now: str) -> str | None:
    """Say why nothing is asked by this wait any more, though the history does not hold its end; None while it is."""
    if state.finished:
        return f"the job {how_it_ended(state)}"
    if state.cancel is not None and wait.at <= state.cancel.at:
        return "the job was asked to end"
    return f"the time to decide was over at {wait.until}" if now >= wait.until else None


def how_it_ended(state: JobState) -> str:
    """Return a finished job's status as a sentence has it."""
    return "was cancelled" if state.status == "cancelled" else f"has {state.status}"


def decision_among(arrivals: Iterable[Arrival], approval: ApprovalId, owner: str) -> Arrival | None:
    """Return the decision that counts among what has arrived for a job of `owner`, if there is one."""
    decisions = (each for each in arrivals if each.kind is ArrivalKind.DECISION and approval.means(each.name))
    return next(iter(in_order(tuple(decisions), owner)), None)


def view_approval(job_id: str, state: JobState, wait: WaitOpened) -> dict[str, Json]:
    """Return an open approval as clients see it."""
    about = wait.about or {}
    return {
        "id": approval_id(job_id, wait.step),
        "job": job_id,
        "agent": state.job.agent,
        "group": about.get("group"),
        "question": about.get("question"),
        "asked_at": wait.at,
        "deadline": wait.until,
    }
