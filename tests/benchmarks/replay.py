"""What it costs to go on with a job that has many steps behind it: a fresh worker reads them and runs the agent anew.

Each step lies in a segment of its own, as after a model call, which is the dearest way to have them.
"""

import asyncio
import time
from dataclasses import dataclass

from functions.application.submit_job import SubmitRequest
from functions.bootstrap import Runtime
from functions.domain.ids import digest_of, job_id
from functions.domain.job.events import AttemptStarted, AttemptYielded, Event, StepSucceeded
from functions.domain.job.history import Segment
from functions.domain.job.state import fold, snapshot_of
from functions.domain.lanes import LaneMessage
from tests.benchmarks.in_process_aws import InProcessAws, Replica, Sent
from tests.benchmarks.measured_agents import AGENTS, ANSWER
from tests.benchmarks.report import Line, line_of
from tests.benchmarks.surroundings import EAST, TENANT, runtime_on

SIZES = (100, 1_000, 10_000)
ROUNDS = 5
NOON = "2026-11-21T12:00:00.000Z"


@dataclass(slots=True)
class LongJob:
    """A job with `steps` steps in its history and one more to do."""

    aws: InProcessAws
    runtime: Runtime
    message: LaneMessage
    before: Replica

    def resume(self) -> tuple[float, list[Sent]]:
        """Have a worker that knows nothing of it end it; return its CPU time and what it has sent."""
        self.aws.tables[EAST].partitions = self.before.copy().partitions
        self.aws.taken()
        self.aws.answering_ns = 0
        begun = time.process_time_ns()
        stop_at = self.runtime.clock.monotonic() + 600.0
        asyncio.run(self.runtime.advance_job.advance(self.message, delivery=1, stop_at=stop_at))
        spent = (time.process_time_ns() - begun - self.aws.answering_ns) / 1e9
        sent = self.aws.taken()
        return spent, sent


def long_job(steps: int, *, snapshot: bool) -> LongJob:
    """Write one down, with or without a snapshot of all of it but the last hundred steps."""
    aws = InProcessAws()
    runtime = runtime_on(aws, AGENTS)
    asyncio.run(_write(runtime, steps, snapshot))
    job = job_id(TENANT, "long")
    made = LongJob(aws, runtime, LaneMessage(job, 1, "yielded"), aws.tables[EAST].copy())
    made.resume()
    items = aws.tables[EAST].partitions[f"JOB#{job}"].items.values()
    ends = [item for item in items if '"kind":"succeeded"' in item.get("events", {}).get("S", "")]
    assert len(ends) == 1, "the job has not come to its end"
    return made


def history_of(steps: int) -> list[tuple[Event, ...]]:
    """Return what follows a submission: segments of one step each, and the end of the attempt."""
    name = "look_up_for_much"
    ended: list[tuple[Event, ...]] = [(AttemptStarted(at=NOON, worker="w", reason="submitted", delivery=1),)]
    for number in range(steps):
        key = name if number == 0 else f"{name}#{number + 1}"
        digest = digest_of([[number], {}])
        ended.append((StepSucceeded(at=NOON, step=key, step_kind="tool", arguments=digest, result=ANSWER),))
    return [*ended, (AttemptYielded(at=NOON, seconds_left=5.0),)]


async def _write(runtime: Runtime, steps: int, snapshot: bool) -> None:
    request = SubmitRequest(tenant=TENANT, agent="flushed", input={"steps": steps + 1}, idempotency_key="long")
    await runtime.submit_job.submit(request)
    job = job_id(TENANT, "long")
    sequence = 2
    for events in history_of(steps):
        await runtime.history.append(Segment(job, 1, EAST, sequence, events))
        sequence += len(events)
    if snapshot:
        record = await runtime.history.read_whole(job)
        state = fold(record.segments[: max(2, len(record.segments) - 100)])
        assert state is not None
        await runtime.projections.put_snapshot(snapshot_of(job, state, EAST))


def lines() -> list[Line]:
    """Measure all and return what to print."""
    return [*_lines(snapshot=False), *_lines(snapshot=True)]


def _lines(*, snapshot: bool) -> list[Line]:
    jobs = {steps: long_job(steps, snapshot=snapshot) for steps in SIZES}
    taken = {steps: [job.resume() for _ in range(ROUNDS)] for steps, job in jobs.items()}
    how = "with its snapshot" if snapshot else "without a snapshot"
    found: list[Line] = []
    for steps, rounds in taken.items():
        name = f"{steps:,} steps {how}"
        reads = [each for each in rounds[0][1] if each.operation == "Query" and each.of.startswith("JOB#")]
        kilobytes = sum(each.bytes_read for each in reads) / 1024
        found += [
            line_of(f"{name}: CPU", [spent * 1000 for spent, _ in rounds], "ms", digits=1),
            line_of(f"{name}: replay", [steps / spent for spent, _ in rounds], "steps a second", digits=0),
            Line(f"{name}: read", kilobytes, f"KB in {len(reads)} queries", digits=0),
        ]
    least, most = ([spent for spent, _ in taken[steps]] for steps in (SIZES[0], SIZES[-1]))
    growth = [one / other for one, other in zip(most, least, strict=True)]
    found.append(line_of(f"{SIZES[-1]:,} to {SIZES[0]:,} steps {how}: CPU", growth, "times", digits=1))
    return found
