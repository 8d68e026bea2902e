"""What must hold of jobs under a limit, in each Region by itself. That each of them comes to its end, others check."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from functions.adapters.memory_limits import MemoryLimits
from functions.domain.job.events import AttemptStarted
from functions.domain.limits import milliseconds_between_starts
from functions.domain.moments import seconds_between
from tests.simulation.effects import Effect, EffectLog
from tests.simulation.evidence import Evidence, Job, seconds_of
from tests.simulation.plan import Blow, Plan
from tests.simulation.plan_of_limits import KEY
from tests.simulation.region import Region
from tests.simulation.virtual_time import VirtualClock

#: The clocks of a Region's processes differ by this.
SKEW_SECONDS = 0.4


def too_many_at_once(evidence: Evidence, effects: EffectLog) -> list[str]:
    """No more jobs are at their steps in one Region than the limit says, unless its slots ran out while it stood still.

    A worker that stands still, and goes on, may be at a step before it learns that its slot is another's.
    """
    limit = evidence.plan.limit
    if limit is None or limit.concurrency is None:
        return []
    still = {fault.region for fault in evidence.plan.faults if fault.blow is Blow.FROZEN}
    limited = {job.job_id for job in evidence.jobs.values() if KEY in (job.reading.submitted.limit_keys or ())}
    spans = [
        (effect, effects.ended.get(number, effect.at))
        for number, effect in enumerate(effects.done)
        if effect.job_id in limited and effect.region not in still
    ]
    wrong = []
    for effect, _ in spans:
        at_work = _at_work(spans, effect)
        if len(at_work) > limit.concurrency:
            wrong.append(f"{sorted(at_work)} are at work at once in {effect.region} at {effect.at:.2f} s")
    return wrong


def _at_work(spans: Sequence[tuple[Effect, float]], effect: Effect) -> set[str]:
    """Return the jobs that are at a step when this one begins. A step ends, and the next begins, at one moment."""
    here = [(each, ended) for each, ended in spans if each.region == effect.region]
    return {effect.job_id} | {each.job_id for each, ended in here if each.at <= effect.at < ended}


def starts_too_close(plan: Plan, books: Mapping[str, MemoryLimits]) -> list[str]:
    """Each job has a start of its own in a Region, and two starts lie as far apart as the limit says."""
    if plan.limit is None or plan.limit.starts_per_minute is None:
        return []
    least = milliseconds_between_starts(plan.limit.starts_per_minute) / 1000
    wrong = []
    for region, book in books.items():
        starts = sorted((start, job) for (_, job), start in book.reserved.items())
        for (earlier, one), (later, other) in pairwise(starts):
            if seconds_between(earlier, later) < least - 0.001:
                wrong.append(f"{one} and {other} start at {earlier} and {later} in {region}")
    return wrong


def early_starts(evidence: Evidence, books: Mapping[str, MemoryLimits]) -> list[str]:
    """No job begins in a Region before the start that it has reserved there."""
    wrong = []
    for region, book in books.items():
        for (_, name), start in book.reserved.items():
            job_id = name.partition("/")[0]
            job = evidence.jobs.get(job_id)
            begun = [] if job is None or not name.endswith("/0") else _begun(job, region)
            if begun and seconds_of(min(begun)) < seconds_of(start) - SKEW_SECONDS:
                wrong.append(f"{job_id} has begun at {min(begun)} in {region}, its start was {start}")
    return wrong


def _begun(job: Job, region: str) -> list[str]:
    own = (segment for segment in job.segments if segment.region == region)
    return [event.at for segment in own for event in segment.events if isinstance(event, AttemptStarted)]


def slots_kept(books: Mapping[str, MemoryLimits], nows: Mapping[str, str]) -> list[str]:
    """When every job has ended for as long as a lease, no slot is held."""
    return [
        f"{slot.job_id} holds slot {slot.number} in {region} until {slot.expires}, it is {nows[region]}"
        for region, book in books.items()
        for slot in book.held.values()
        if slot.expires > nows[region]
    ]


def of_run(evidence: Evidence, effects: EffectLog, present: Sequence[Region]) -> list[str]:
    """Return all that is wrong, of a run whose jobs are under a limit."""
    if evidence.plan.limit is None:
        return []
    books = {region.name: region.book for region in present}
    return [
        *too_many_at_once(evidence, effects),
        *starts_too_close(evidence.plan, books),
        *early_starts(evidence, books),
        *slots_kept(books, {region.name: VirtualClock(region.skew_seconds).now() for region in present}),
    ]
