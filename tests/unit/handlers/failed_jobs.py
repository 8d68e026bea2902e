"""Failed jobs in a process's replica, for the handlers that show, redrive and dismiss them."""

import asyncio

from functions.adapters.memory import MemoryHistory
from functions.application.ports import Due
from functions.domain.dead_letter import DeadLetter, LetterType
from functions.domain.ids import job_id
from functions.domain.job.events import JobFailed, JobSubmitted
from functions.domain.job.history import Segment
from tests.unit.handlers.conftest import Process

NOON = "2026-11-21T12:00:00.000Z"
JOB = job_id("acme", "failed")


def put_failed_job(process: Process, tenant: str = "acme", job: str = JOB) -> None:
    """Have a job of the probe's that has failed."""
    submitted = JobSubmitted(
        at=NOON, tenant=tenant, agent="probe", agent_version="1", lane="batch", input={}, body_digest="d"
    )
    failed = JobFailed(at=NOON, code="agent_raised", detail="ProbeFailure: step 2 fails, as asked")
    segment = Segment(job, 1, "us-east-1", 1, (submitted, failed))
    asyncio.run(MemoryHistory(process.table).append(segment, due=Due(NOON, "batch")))
    letter = DeadLetter(
        type=LetterType.JOB,
        id=job,
        job_id=job,
        tenant=tenant,
        at=NOON,
        region="us-east-1",
        code=failed.code,
        detail=failed.detail,
        agent="probe",
        lane="batch",
    )
    asyncio.run(process.runtime.dead_letters.put(letter))
