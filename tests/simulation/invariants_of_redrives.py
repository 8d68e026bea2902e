"""What must hold of jobs that were redriven: each accepted request is heeded, once, and what succeeded stays done."""

from collections.abc import Iterable

from functions.domain.job.events import JobFailed, JobRedriven, StepSucceeded
from functions.domain.job.redrive import failure_in, failure_name
from tests.simulation.evidence import Evidence, Job
from tests.simulation.visitors import Redrive


def overlooked_redrives(evidence: Evidence, redrives: Iterable[Redrive]) -> list[str]:
    """A failure from which somebody has redriven the job, and was told so, is not its end.

    A Region that has not heard of it yet redrives the job from the one before, perhaps once more (seed 22893).
    """
    wrong = []
    for redrive in redrives:
        job = evidence.jobs.get(redrive.job_id)
        if job is None or not redrive.accepted or evidence.plan.loses_any_data:
            continue
        if job.reading.end == redrive.failed and _means_the_end(job, redrive.arrival, evidence):
            wrong.append(f"{redrive.arrival} for {redrive.job_id} was accepted, yet it has stayed {redrive.failed}")
    return wrong


def _means_the_end(job: Job, arrival: str, evidence: Evidence) -> bool:
    """Say whether a request is about the failure with which the job has ended."""
    (_, _, sequence), end = job.reading.events[-1]
    come = (each for arrivals in evidence.arrivals.values() for each in arrivals.get(job.job_id, ()))
    meant = {failure_in(each.body) for each in come if each.key == arrival}
    return not meant or bool(meant & {None, failure_name(sequence, end.at)})


def successes_done_again(evidence: Evidence) -> list[str]:
    """A step that has succeeded is in the history once, however often its job was redriven."""
    wrong = []
    for job in evidence.jobs.values():
        steps = [event.step for event in job.events if isinstance(event, StepSucceeded)]
        twice = sorted({step for step in steps if steps.count(step) > 1})
        wrong += [f"{job.job_id} has succeeded twice at {step}" for step in twice]
    return wrong


def redriven_without_failure(evidence: Evidence) -> list[str]:
    """Between two redrives that count, and before the first, a job has failed."""
    wrong = []
    for job in evidence.jobs.values():
        failed = sum(isinstance(event, JobFailed) for event in job.events)
        redriven = sum(isinstance(event, JobRedriven) for event in job.events)
        if redriven and not failed:
            wrong.append(f"{job.job_id} was redriven {redriven} times and never failed")
    return wrong
