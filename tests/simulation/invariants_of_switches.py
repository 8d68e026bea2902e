"""What must hold while a tenant's or an agent's jobs are paused: they begin nothing. That they go on, others check."""

from collections.abc import Iterator, Sequence

from functions.domain.job.events import AttemptStarted, CancelRequested
from functions.domain.switches import WHOLE_TENANT, scope_of
from tests.simulation.effects import Effect
from tests.simulation.evidence import Evidence, Job, seconds_of
from tests.simulation.plan import Blow
from tests.simulation.switchers import Setting

#: So long after a pause is known in both Regions workers may go by what they knew before, and by so many calls longer.
HEARD_SECONDS, CALLS = 7.5, 4
#: So far apart the clocks of the Regions, by which attempts are told, and the true time may be.
SKEW_SECONDS = 4.0


def paused_jobs_at_work(evidence: Evidence, settings: Sequence[Setting], effects: Sequence[Effect]) -> list[str]:
    """A job of a paused tenant or agent begins no attempt and no step, unless it is to undo its work.

    Only where workers can read what holds: a table that refuses leaves them with what they knew last, or with nothing.
    """
    blind = any(fault.blow in (Blow.TABLE_DOWN, Blow.LOST, Blow.LOST_FOR_GOOD) for fault in evidence.plan.faults)
    if evidence.plan.splits or evidence.plan.refuse or blind:
        return []
    wrong = []
    pauses = list(_pauses(settings, HEARD_SECONDS + CALLS * evidence.plan.slow))
    for job in evidence.jobs.values():
        scopes = (WHOLE_TENANT, scope_of(job.reading.submitted.agent))
        for scope, begin, end in pauses:
            if scope in scopes:
                wrong += [f"{job.job_id} {did} while {scope} is paused" for did in _did(job, effects, begin, end)]
    return wrong


def _pauses(settings: Sequence[Setting], heard: float) -> Iterator[tuple[str, float, float]]:
    """Yield which scope was paused for sure, from when until when."""
    for setting in settings:
        later = [each.asked_at for each in settings if each.scope == setting.scope and each.asked_at > setting.asked_at]
        if setting.paused and setting.told_at is not None and later:
            yield setting.scope, setting.told_at + heard, min(later)


def _did(job: Job, effects: Sequence[Effect], begin: float, end: float) -> Iterator[str]:
    cancelled = next((seconds_of(event.at) for event in job.events if isinstance(event, CancelRequested)), end)
    for event in job.events:
        if isinstance(event, AttemptStarted):
            at = seconds_of(event.at)
            if begin + SKEW_SECONDS < at < min(end - SKEW_SECONDS, cancelled):
                yield f"began an attempt at {event.at}"
    for effect in effects:
        if effect.job_id == job.job_id and begin < effect.at < min(end, cancelled - SKEW_SECONDS):
            yield f"carried {effect.key} out at {effect.at:.1f} s"
