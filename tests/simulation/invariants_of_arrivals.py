"""What must hold of all that came to jobs from outside: nothing is lost, taken twice, late, or told two ways."""

from collections import Counter
from collections.abc import Callable

from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import StepSucceeded
from tests.simulation.evidence import Evidence, Job, seconds_of


def lost_arrivals(evidence: Evidence) -> list[str]:
    """No acknowledged arrival is lost; one that is durable in one Region only may go with that Region's data."""
    wrong = []
    for said in filter(evidence.durable, evidence.said):
        for region, arrivals in evidence.arrivals.items():
            if not any(each.key == said.arrival for each in arrivals.get(said.job_id, ())):
                wrong.append(
                    f"{said.arrival} for {said.job_id}, {said.durability} by {said.region}, is not in {region}"
                )
    return wrong


def arrivals_taken_twice(evidence: Evidence) -> list[str]:
    """A history names an arrival once at most."""
    wrong = []
    for job in evidence.jobs.values():
        taken = Counter(filter(None, (getattr(event, "arrival", None) for event in job.events)))
        wrong += [f"{job.job_id} has taken {key} {times} times" for key, times in taken.items() if times > 1]
    return wrong


def arrivals_from_nowhere(evidence: Evidence) -> list[str]:
    """What a history says it has taken has been sent, and lies in both Regions still."""
    wrong = []
    for job in evidence.jobs.values():
        for key in filter(None, (getattr(event, "arrival", None) for event in job.events)):
            for region, arrivals in evidence.arrivals.items():
                if not evidence.plan.loses_any_data and not any(
                    each.key == key for each in arrivals.get(job.job_id, ())
                ):
                    wrong.append(f"{job.job_id} has taken {key}, which is not in {region}")
    return wrong


def overlooked_signals(evidence: Evidence) -> list[str]:
    """No wait ends by its time while an acknowledged signal of its name lies there, untaken, from long before."""
    wrong = []
    for job in evidence.jobs.values():
        taken = {event.arrival: seconds_of(event.at) for event in job.reading.steps if event.arrival is not None}
        for wait in job.closed_waits():
            ended = seconds_of(wait.ended.at)
            if wait.opened.step_kind != "signal" or not wait.by_time or _cut(wait.ended):
                continue
            name = (wait.opened.about or {}).get("signal")
            wrong += [
                f"{job.job_id} waited at {wait.opened.step} until {ended:.1f} s and took nothing, "
                f"though {said.arrival} was acknowledged at {said.at:.1f} s"
                for said in filter(evidence.durable, evidence.said)
                if (said.kind, said.job_id) == (ArrivalKind.SIGNAL, job.job_id)
                and said.arrival.startswith(f"signal/{name}/")
                and taken.get(said.arrival, ended) >= ended
                and evidence.late(job, ended, said.at) > 0
            ]
    return wrong


def tardy_arrivals(evidence: Evidence) -> list[str]:
    """What a job waits for and has arrived is taken soon, not when the wait's time is up."""
    wrong = []
    for job in evidence.jobs.values():
        sent: dict[str, float] = {}
        for arrivals in evidence.arrivals.values():
            for each in arrivals.get(job.job_id, ()):
                sent[each.key] = min(seconds_of(each.at), sent.get(each.key, seconds_of(each.at)))
        for wait in job.closed_waits():
            key = wait.ended.arrival
            if key not in sent:
                continue
            late = evidence.late(job, seconds_of(wait.ended.at), sent[key], seconds_of(wait.opened.at))
            if late > 0:
                wrong.append(f"{job.job_id} took {key} at {wait.ended.at}, {late:.0f} s later than it may")
    return wrong


def overdue_waits(evidence: Evidence) -> list[str]:
    """Every wait ends at its deadline at the latest, but for the time that it takes to notice."""
    wrong = []
    for job in evidence.jobs.values():
        for wait in job.closed_waits():
            late = evidence.late(job, seconds_of(wait.ended.at), seconds_of(wait.opened.until))
            if late > 0:
                wrong.append(f"{job.job_id} waited at {wait.opened.step} {late:.0f} s longer than it may")
    return wrong


def early_ends(evidence: Evidence) -> list[str]:
    """No wait ends by its time before that has come; clocks may differ by some seconds."""
    return [
        f"{job.job_id} ended its wait at {wait.opened.step} at {wait.ended.at}, before {wait.opened.until}"
        for job in evidence.jobs.values()
        for wait in job.closed_waits()
        if wait.by_time
        and not _cut(wait.ended)
        and wait.ended.at < wait.opened.until
        and seconds_of(wait.opened.until) - seconds_of(wait.ended.at) > 7.0
    ]


def two_decisions(evidence: Evidence) -> list[str]:
    """An approval is decided once: whoever is told to have decided for good is the one in the history."""
    wrong = []
    settled: dict[tuple[str, str], dict[str, float]] = {}
    for said in evidence.said:
        if said.kind is ArrivalKind.DECISION and said.settled is not None and _reliable(evidence, said.durability):
            settled.setdefault((said.job_id, said.arrival), {}).setdefault(said.settled, said.at)
    for (job_id, arrival), told in settled.items():
        if len(told) > 1:
            wrong.append(f"of {arrival} for {job_id} people were told that it was decided by {sorted(told)}")
        job = evidence.jobs.get(job_id)
        wrong += [] if job is None else _otherwise_decided(job, arrival, told)
    return wrong


def _otherwise_decided(job: Job, arrival: str, told: dict[str, float]) -> list[str]:
    for wait in job.closed_waits():
        if f"decision/{wait.opened.step}" != arrival or _cut(wait.ended):
            continue
        if isinstance(wait.ended, StepSucceeded) and isinstance(wait.ended.result, dict):
            by = str(wait.ended.result["by"])
            return [f"{job.job_id} has {arrival} by {by}, but {set(told)} was settled"] if {by} != set(told) else []
        return [
            f"{job.job_id} has ended {wait.opened.step} without a decision, but that of {by} was settled at {at:.1f} s"
            for by, at in told.items()
        ]
    return []


def _reliable(evidence: Evidence, durability: str | None) -> bool:
    return durability == "both" or not evidence.plan.loses_any_data


def _cut(ended: object) -> bool:
    return getattr(ended, "code", None) == "cancelled"


ALL: tuple[Callable[[Evidence], list[str]], ...] = (
    lost_arrivals,
    arrivals_taken_twice,
    arrivals_from_nowhere,
    overlooked_signals,
    tardy_arrivals,
    overdue_waits,
    early_ends,
    two_decisions,
)
