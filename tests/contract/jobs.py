"""Jobs to write in contract tests."""

from functions.domain.ids import job_id
from functions.domain.job.events import Event, JobAdopted, JobSubmitted, Json, StepSucceeded
from functions.domain.job.history import Segment
from tests.contract.worlds import EAST, WEST

JOB = job_id("acme", "one")
NOON = "2026-11-21T12:00:00.000Z"


def submitted(at: str = NOON, tenant: str = "acme", value: Json = "in") -> JobSubmitted:
    """A submission."""
    return JobSubmitted(
        at=at, tenant=tenant, agent="probe", agent_version="1", lane="standard", input=value, body_digest="d"
    )


def opening(job: str = JOB, at: str = NOON, tenant: str = "acme", region: str = EAST, value: Json = "in") -> Segment:
    """The first segment of a job."""
    return Segment(job, 1, region, 1, (submitted(at, tenant, value),))


def adoption(job: str = JOB, at: str = NOON) -> Segment:
    """The segment with which the other Region takes a job over."""
    event = JobAdopted(at=at, from_epoch=1, from_region=EAST, from_sequence=1, reason="us-east-1 is lost")
    return Segment(job, 2, WEST, 2, (event,))


def step(sequence: int, result: Json = "done", job: str = JOB) -> Segment:
    """A segment with one step."""
    event: Event = StepSucceeded(at=NOON, step=f"s{sequence}", step_kind="tool", arguments="a", result=result)
    return Segment(job, 1, EAST, sequence, (event,))
