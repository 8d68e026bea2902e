"""A job of ten thousand steps, handed from worker to worker: that it ends, how often it is handed on, and what grows.

Time is virtual, so that its hours take seconds; the CPU is real, and so is everything that it reads and writes.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from functions.adapters.sqs_lanes import decode_message
from functions.application.submit_job import SubmitRequest
from functions.domain.ids import job_id
from functions.sdk.testing.virtual_time import VirtualClock, run_virtually
from tests.benchmarks.in_process_aws import InProcessAws, Sent
from tests.benchmarks.measured_agents import AGENTS
from tests.benchmarks.report import Line
from tests.benchmarks.surroundings import TENANT, runtime_in_virtual_time

SIZES = (1_000, 10_000)
#: What a worker's function leaves a batch of its two minutes.
WORKER_SECONDS = 110.0
ENDED = "succeeded"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one worker has spent on it: CPU seconds, and what it has sent."""

    cpu: float
    sent: Sequence[Sent]

    @property
    def bytes_read(self) -> int:
        """How much it has read."""
        return sum(each.bytes_read for each in self.sent)


@dataclass(frozen=True, slots=True)
class Passage:
    """A job's way through its workers. `seconds` are virtual."""

    steps: int
    status: str
    attempts: Sequence[Attempt]
    seconds: float

    @property
    def cpu(self) -> float:
        """CPU seconds of all attempts."""
        return sum(each.cpu for each in self.attempts)

    @property
    def write_units(self) -> int:
        """What one Region's table has been written, index entries and all."""
        return sum(sent.write_units + sent.index_writes for each in self.attempts for sent in each.sent)


def run_to_its_end(agent: str, steps: int, worker_seconds: float = WORKER_SECONDS) -> Passage:
    """Submit a job and hand it on until nobody has a message for it any more."""
    return run_virtually(_run(agent, steps, worker_seconds))


async def _run(agent: str, steps: int, worker_seconds: float) -> Passage:
    clock = VirtualClock()
    aws = InProcessAws(now=clock.monotonic)
    runtime = runtime_in_virtual_time(aws, AGENTS, clock)
    request = SubmitRequest(tenant=TENANT, agent=agent, input={"steps": steps}, idempotency_key="long")
    await runtime.submit_job.submit(request)
    aws.taken()
    attempts = []
    while messages := aws.received():
        (entry,) = messages
        await clock.sleep(max(0.0, entry["due"] - clock.monotonic()))
        aws.answering_ns, begun = 0, time.process_time_ns()
        message = decode_message(entry["MessageBody"])
        await runtime.advance_job.advance(message, delivery=1, stop_at=clock.monotonic() + worker_seconds)
        attempts.append(Attempt((time.process_time_ns() - begun - aws.answering_ns) / 1e9, aws.taken()))
    shown = await runtime.get_job.get(TENANT, job_id(TENANT, "long"))
    return Passage(steps, str(shown["status"]), attempts, clock.monotonic())


def lines() -> list[Line]:
    """Measure and return what to print."""
    found = []
    short, long = (run_to_its_end("slow", steps) for steps in SIZES)
    for each in (short, long):
        assert each.status == ENDED, f"the job of {each.steps} steps is {each.status}"
        name = f"{each.steps:,} steps"
        found += [
            Line(f"{name}: workers that had it", len(each.attempts), digits=0),
            Line(f"{name}: CPU of a step, all told", each.cpu / each.steps * 1e6, "us", digits=0),
            Line(f"{name}: write units of a step in one Region", each.write_units / each.steps),
            Line(f"{name}: read by the last worker", each.attempts[-1].bytes_read / 1024, "KB", digits=0),
        ]
    ratio = (long.cpu / long.steps) / (short.cpu / short.steps)
    found.append(Line(f"CPU of a step, {long.steps:,} to {short.steps:,} steps", ratio, "times"))
    return found
