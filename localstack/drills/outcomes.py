"""What became of each acknowledged job, by what both replicas hold at the end. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from functions.domain.job.events import JobAdopted, StepFailed, StepSucceeded
from functions.domain.job.state import JobState
from localstack.drills.evidence import Evidence, JobSeen
from localstack.evidence.replicas import Item, Key, fold_all, segments_of
from localstack.evidence.stretches import ENDINGS, Gone, seconds_after, stretches_of

STEP_ENDS = StepSucceeded | StepFailed
PROBE, REVIEW = "probe", "licence-review"
#: What a review says where the files do not tell.
NO_ASSERTION = "NOASSERTION"


def jobs_seen(evidence: Evidence, replicas: Mapping[str, Mapping[Key, Item]], *, zero: float) -> dict[str, JobSeen]:
    """Each acknowledged job that a replica knows. `zero` is the drill's beginning in seconds since 1970."""
    states = {region: fold_all(segments_of(items)) for region, items in replicas.items()}
    gone = Gone(evidence.away, evidence.begun_at) if evidence.away is not None else None
    found = {}
    for row in evidence.acknowledged:
        by_region = {region: known[row.job_id] for region, known in states.items() if row.job_id in known}
        if by_region:
            found[row.job_id] = job_seen(row.job_id, by_region, zero=zero, gone=gone)
    return found


def unasked(evidence: Evidence, replicas: Mapping[str, Mapping[Key, Item]], tag: str, run: str) -> tuple[str, ...]:
    """The jobs whose tag says that they are of this run, and that no acknowledgement names."""
    mine = {
        job
        for items in replicas.values()
        for job, state in fold_all(segments_of(items)).items()
        if (state.job.tags or {}).get(tag) == run
    }
    return tuple(sorted(mine - {row.job_id for row in evidence.acknowledged}))


def _follows(state: JobState) -> bool:
    """A probe counts what its steps have returned, so that the count can be done again from what was recorded.

    A review names a licence only with lines of the distribution's files that show it.
    """
    if not isinstance(state.result, Mapping):
        return True
    if state.job.agent == REVIEW:
        return state.result.get("spdx", NO_ASSERTION) == NO_ASSERTION or bool(state.result.get("evidence"))
    if state.job.agent != PROBE:
        return True
    ends = [item.event for item in state.history if isinstance(item.event, StepSucceeded)]
    counted = sum(len(event.result) for event in ends if isinstance(event.result, str))
    return state.result.get("payload_bytes") == counted


def _asked_seconds(state: JobState) -> float:
    """What a probe was asked for; of others nothing is known."""
    if state.job.agent != PROBE or not isinstance(state.job.input, Mapping):
        return 0.0
    wanted: Mapping[str, Any] = state.job.input
    return float(wanted.get("steps", 0) * wanted.get("milliseconds", 0) / 1000 + (wanted.get("sleep_seconds") or 0.0))


def job_seen(job: str, by_region: Mapping[str, JobState], *, zero: float, gone: Gone | None) -> JobSeen:
    """One job, by the states that Regions fold of it; told by the one that knows most."""
    states = list(by_region.values())
    state = max(states, key=lambda each: (each.epoch, each.last_sequence))
    endings = [item for item in state.history if isinstance(item.event, ENDINGS)]
    adoptions = [item for item in state.history if isinstance(item.event, JobAdopted)]
    counted = Counter(item.event.step for item in state.history if isinstance(item.event, STEP_ENDS))
    done = {item.event.step: item.event for item in state.history if isinstance(item.event, STEP_ENDS)}
    again = [item.event for item in state.superseded if isinstance(item.event, STEP_ENDS) and item.event.step in done]
    unequal = {
        event.step
        for event in again
        if (event.step_kind, event.arguments) != (done[event.step].step_kind, done[event.step].arguments)
    }
    return JobSeen(
        job_id=job,
        known_in=tuple(by_region),
        alike=all(each == states[0] for each in states),
        status=state.status,
        owner_region=state.owner_region,
        epoch=state.epoch,
        attempts=state.attempts,
        results=len(endings),
        finished_at=seconds_after(zero, endings[0]) if endings else None,
        adopted_at=seconds_after(zero, adoptions[0]) if adoptions else None,
        steps_twice=tuple(sorted(step for step, times in counted.items() if times > 1)),
        done_again=len(again),
        unequal_effects=tuple(sorted(unequal)),
        follows=_follows(state),
        asked_seconds=_asked_seconds(state),
        stretches=tuple(stretches_of(state.history, zero=zero, gone=gone)),
        steps_at=_steps_at(state, zero),
    )


def _steps_at(state: JobState, zero: float) -> dict[str, tuple[float, ...]]:
    ends = [item for item in (*state.history, *state.superseded) if isinstance(item.event, STEP_ENDS)]
    regions = sorted({item.region for item in ends})
    return {
        region: tuple(sorted(seconds_after(zero, item) for item in ends if item.region == region)) for region in regions
    }
