"""What must hold when a run is over and everything has healed. Each check returns what is wrong, in words."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping

from functions.adapters.memory import MemoryHistory
from functions.application.read_state import read_state
from functions.domain.ids import step_idempotency_key
from functions.domain.job.events import JobAdopted, JobSucceeded, StepFailed, StepSucceeded
from functions.domain.job.history import Segment
from functions.domain.job.turns import SESSION_AGENT
from tests.simulation.clients import Acknowledgement
from tests.simulation.effects import Effect
from tests.simulation.oracle import Reading
from tests.simulation.plan import Plan
from tests.simulation.readings import Readings
from tests.simulation.region import Region

Histories = Mapping[str, tuple[Segment, ...]]


def is_remnant(region: Region, job: str) -> bool:
    """Say whether a snapshot alone tells of a job's beginning, and nothing in a Region's replica leads to the job.

    Its submission, with the entry in the due index that is on it, was in its own Region alone, and is lost with that;
    what was written later came through (seed 13094). Nobody was told that it is durable in both, so it may go with its
    Region's data, as it would if there were no snapshot. Who asks for it again, or something of it, leads to it.
    """
    table = region.replica.table
    if all(key[0] != job for key in table.snapshots):
        return False
    due = any(key[0] == job and row.due is not None for key, row in table.segments.items())
    looked_at = any(key[0] == job and head.due_at is not None for key, head in table.heads.items())
    return not due and not looked_at and all(key[0] != job for key in table.arrivals)


def histories(region: Region) -> Histories:
    """Return every job's segments in a Region's replica; of a remnant those alone, which cannot be read."""
    found: dict[str, list[Segment]] = {}
    for row in region.replica.table.segments.values():
        found.setdefault(row.segment.job_id, []).append(row.segment)
    long = {job_id for job_id, _ in region.replica.table.snapshots if not is_remnant(region, job_id)}
    told = {job: region.replica.known(job) for job in long}
    return {job: tuple(segments) for job, segments in found.items()} | told


def lost_jobs(
    plan: Plan, acknowledged: Iterable[Acknowledgement], kept: Mapping[str, Histories], readings: Readings
) -> list[str]:
    """No acknowledged job is lost; one that is durable in one Region only may go with the data of that Region."""
    wrong = []
    for told in acknowledged:
        excused = told.durability == "local" and plan.loses_data(told.region)
        wrong += [
            f"{told.job_id} ({told.order.key}), acknowledged by {told.region} as {told.durability}, is not in {name}"
            for name, jobs in kept.items()
            if readings.oracle(jobs.get(told.job_id, ())) is None and not excused
        ]
    return wrong


def unequal_results(plan: Plan, kept: Mapping[str, Histories], readings: Readings) -> list[str]:
    """Each job has one result, the same in each Region, and its own recorded steps led to it."""
    wrong = []
    results: dict[str, dict[str, object]] = {}
    for name, jobs in kept.items():
        for job, segments in jobs.items():
            reading = readings.oracle(segments)
            if reading is None:
                continue  # remnants of a job whose submission was lost with a Region, or that is missed elsewhere
            if reading.submitted.agent == SESSION_AGENT:
                continue  # it never ends
            if reading.end is None or not (reading.whole or plan.loses_any_data):
                wrong.append(f"{job} has not come to its end in {name}")
                continue
            results.setdefault(job, {})[name] = reading.end
            if isinstance(reading.end, JobSucceeded) and reading.submitted.session is None:
                recorded = _recorded(reading, readings)
                explained = recorded == _result(reading.end, readings) or told_by_parent(plan, reading)
                if not (explained or told_of_its_rival(reading, segments, readings)):
                    result = readings.value(reading.end.result)
                    wrong.append(f"{job} has the result {result} in {name}, but its steps are {recorded}")
            doubled = [step for step, times in Counter(step.step for step in reading.steps).items() if times > 1]
            if doubled:
                wrong.append(f"{job} has recorded {doubled} more than once in {name}")
    for job, ends in results.items():
        if len({str(end) for end in ends.values()}) > 1:
            wrong.append(f"{job} has two results: {ends}")
    return wrong


def misread_histories(kept: Mapping[str, Histories], readings: Readings) -> list[str]:
    """The fold reads what the oracle reads."""
    wrong = []
    for name, jobs in kept.items():
        for job, segments in jobs.items():
            state, reading = readings.state(segments), readings.oracle(segments)
            if state is None or reading is None:
                continue
            told = [((item.epoch, item.region, item.sequence), item.event) for item in state.history]
            if told[: len(reading.events)] != list(reading.events):
                wrong.append(f"{job} reads otherwise in {name} than it should: {told} and {reading.events}")
    return wrong


async def misread_snapshots(regions: Iterable[Region], kept: Mapping[str, Histories], readings: Readings) -> list[str]:
    """Read from a snapshot on, a job is as its whole history tells: its end, and what it has taken in."""
    wrong = []
    for region in regions:
        history = MemoryHistory(region.replica.table)
        for job in sorted({job for job, _ in region.replica.table.snapshots if not is_remnant(region, job)}):
            _, state = await read_state(history, job)
            reading = readings.oracle(kept[region.name][job])
            if state is None or reading is None:
                continue
            taken = {getattr(event, "arrival", None) for _, event in reading.events} - {None}
            told = (reading.end is not None, getattr(reading.end, "result", None), taken)
            if (state.finished, state.result, set(state.taken)) != told:
                found = (state.status, state.result, sorted(state.taken))
                wrong.append(f"{job} is read in {region.name} as {found} by its snapshot, but should be as {told}")
    return wrong


def repeated_steps(effects: Iterable[Effect], readings: Readings) -> list[str]:
    """A step that its worker could read as recorded is not carried out again."""
    wrong = []
    for effect in effects:
        reading = readings.oracle(effect.known)
        recorded = {step_idempotency_key(effect.job_id, step.step) for step in reading.lasting} if reading else set()
        if effect.key in recorded:
            wrong.append(f"{effect.process} carried {effect.key} out again, though it had read its result")
    return wrong


def blind_workers(effects: Iterable[Effect], readings: Readings) -> list[str]:
    """A worker carries out steps only of a job whose winning history it can read in full."""
    wrong = []
    for effect in effects:
        reading = readings.oracle(effect.known)
        if reading is None or not reading.whole:
            wrong.append(f"{effect.process} carried {effect.key} out, though its history had a gap")
    return wrong


def changing_keys(effects: Iterable[Effect]) -> list[str]:
    """An effect carries one key in every attempt, epoch and Region, and no other effect carries it."""
    keys: dict[tuple[str, str], set[str]] = {}
    owners: dict[str, set[tuple[str, str]]] = {}
    for effect in effects:
        keys.setdefault((effect.job_id, effect.place), set()).add(effect.key)
        owners.setdefault(effect.key, set()).add((effect.job_id, effect.place))
    wrong = [f"effect {place} carried the keys {sorted(found)}" for place, found in keys.items() if len(found) > 1]
    wrong += [f"key {key} stood for {sorted(found)}" for key, found in owners.items() if len(found) > 1]
    return wrong


def doubled_jobs(acknowledged: Iterable[Acknowledgement]) -> list[str]:
    """One order is one job, however often and wherever it was placed."""
    jobs: dict[str, set[str]] = {}
    for told in acknowledged:
        jobs.setdefault(told.order.key, set()).add(told.job_id)
    return [f"{key} became {len(found)} jobs: {sorted(found)}" for key, found in jobs.items() if len(found) > 1]


def told_by_parent(plan: Plan, reading: Reading) -> bool:
    """Say whether a job's end may be what its parent had been told, without what led there: that may have been lost."""
    lost = plan.loses_any_data or any(isinstance(event, JobAdopted) for _, event in reading.events)
    return lost and reading.submitted.parent is not None


def told_of_its_rival(reading: Reading, segments: Iterable[Segment], readings: Readings) -> bool:
    """Say whether a child's end is that to which its own steps led in the history of its other submission.

    Both Regions may begin a child, the one before it was held for lost, the other after that. Its parent goes on with
    the end of the one that ran it; where the other submission counts, it ends as its parent was told, without steps or
    adoption (seed 9488).
    """
    (_, home, _), _ = reading.events[0]
    rival = readings.oracle(each for each in segments if (each.epoch, each.region) != (1, home))
    if reading.submitted.parent is None or rival is None:
        return False
    if not isinstance(reading.end, JobSucceeded) or not isinstance(rival.end, JobSucceeded):
        return False
    return _result(reading.end, readings) == _result(rival.end, readings) == _recorded(rival, readings)


def words_of(step: StepSucceeded | StepFailed, readings: Readings) -> str:
    """Return what an agent makes of a step's end."""
    if isinstance(step, StepFailed):
        return _words(f"failed {step.code}")
    result = readings.value(step.result)
    match step.step_kind, result:
        case ("approval", {"by": by}) | ("model", {"words": by}):
            return _words(by)
        case _:
            return _words(result)


def _recorded(reading: Reading, readings: Readings) -> list[str]:
    return sorted(words_of(step, readings) for step in reading.steps)


def _result(end: JobSucceeded, readings: Readings) -> list[str]:
    return sorted(map(_words, _items(readings.value(end.result))))


def _words(result: object) -> str:
    return json.dumps(result)


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]
