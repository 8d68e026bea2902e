"""What the runtime costs in CPU time, beside the bare boto3 calls that it makes (DESIGN section 8).

Both are paid in one process, in turn: first a batch of messages goes through the worker, from Lambda's entry point to
its answer; then the very calls that it made, with the same items, are made on the same clients and nothing else is done.
What answering costs is taken off both.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name

from functions.adapters.sqs_batch import advance_batch
from functions.application.submit_job import SubmitRequest
from functions.bootstrap import Runtime
from tests.benchmarks.in_process_aws import InProcessAws, Replica
from tests.benchmarks.measured_agents import AGENTS
from tests.benchmarks.report import Line, line_of
from tests.benchmarks.surroundings import EAST, TENANT, runtime_on

BUDGET = 1.3
ROUNDS = 11
#: How many batches are worked off in a round.
BATCHES = 12


@dataclass(slots=True)
class Work:
    """Messages for one worker, the table as it was before it got them, and the calls that it then makes."""

    aws: InProcessAws
    runtime: Runtime
    records: list[dict[str, Any]]
    before: Replica
    calls: list[tuple[Any, str, dict[str, Any]]] = field(default_factory=list)

    def advance(self) -> None:
        """Do what `functions.handlers.advance_jobs` does."""
        stop_at = self.runtime.clock.monotonic() + 110.0
        advance = self.runtime.advance_job.advance
        asyncio.run(advance_batch(self.records, advance, stop_at, self.runtime.log))

    def call_bare(self) -> None:
        """Make the calls alone."""
        for client, method, parameters in self.calls:
            getattr(client, method)(**parameters)

    def cpu_seconds(self, work: Callable[[], None]) -> float:
        """Return the CPU time of all threads in `work`, without what answering took, on the table as it was before."""
        return sum(self.reset_and(work) for _ in range(BATCHES))

    def reset_and(self, work: Callable[[], None]) -> float:
        """Have the table as it was before, do the work, and return its CPU time without what answering took."""
        self.aws.tables[EAST].partitions = self.before.copy().partitions
        self.aws.taken()
        self.aws.answering_ns = 0
        begun = time.process_time_ns()
        work()
        return (time.process_time_ns() - begun - self.aws.answering_ns) / 1e9


def prepare(agent: str, steps: int, jobs: int) -> Work:
    """Submit jobs, run them once to learn their calls and to load what is loaded once, and have them as before."""
    aws = InProcessAws()
    runtime = runtime_on(aws, AGENTS)
    asyncio.run(_submit(runtime, agent, steps, jobs))
    records = [
        {"messageId": str(number), "body": entry["MessageBody"], "attributes": {"ApproximateReceiveCount": "1"}}
        for number, entry in enumerate(aws.received())
    ]
    work = Work(aws, runtime, records, aws.tables[EAST].copy())
    work.reset_and(work.advance)  # loads what is loaded once, and asks what is asked once in a while
    client = runtime._clients.state()
    note = _noting(work.calls, client)
    client.meta.events.register("provide-client-params.*.*", note)
    work.reset_and(work.advance)
    client.meta.events.unregister("provide-client-params.*.*", note)
    sent = len(aws.taken())
    assert len(work.calls) == sent, f"the worker has made {sent} calls, {len(work.calls)} of them by this client"
    ended = _last_events(aws.tables[EAST])
    assert ended == ["succeeded"] * jobs, ended
    work.reset_and(work.call_bare)
    return work


def measure(agent: str, steps: int, jobs: int, rounds: int = ROUNDS) -> "Measured":
    """Return the CPU seconds of both, a value for each round and each of the jobs."""
    work = prepare(agent, steps, jobs)
    pairs = [(work.cpu_seconds(work.advance), work.cpu_seconds(work.call_bare)) for _ in range(rounds)]
    per = BATCHES * jobs
    return Measured([one / per for one, _ in pairs], [two / per for _, two in pairs], len(work.calls) / jobs)


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU seconds of one job: through the runtime, and of its calls alone. `calls`: how many it makes."""

    runtime: list[float]
    bare: list[float]
    calls: float

    @property
    def ratios(self) -> list[float]:
        """One to the other, round by round."""
        return [one / two for one, two in zip(self.runtime, self.bare, strict=True)]


async def _submit(runtime: Runtime, agent: str, steps: int, jobs: int) -> None:
    for number in range(jobs):
        request = SubmitRequest(
            tenant=TENANT, agent=agent, input={"steps": steps}, idempotency_key=f"{agent}-{steps}-{number}"
        )
        await runtime.submit_job.submit(request)


def _noting(calls: list[tuple[Any, str, dict[str, Any]]], client: Any) -> Callable[..., None]:
    def note(params: dict[str, Any], model: Any, **_: object) -> None:
        calls.append((client, xform_name(model.name), params))

    return note


def _last_events(table: Replica) -> list[str]:
    jobs = [partition for key, partition in table.partitions.items() if key.startswith("JOB#")]
    return [json.loads(job.items[job.keys[-1]]["events"]["S"])[-1]["kind"] for job in jobs]


def lines() -> list[Line]:
    """Measure all and return what to print."""
    found: list[Line] = []
    for agent, steps, jobs, what in (
        ("grouped", 3, 10, "3 steps, ten jobs in a batch"),
        ("grouped-without-sdk", 3, 10, "the same without the SDK"),
        ("grouped", 3, 1, "3 steps, one job alone"),
        ("grouped", 10, 10, "10 steps, ten jobs in a batch"),
        ("grouped-without-sdk", 10, 10, "the same without the SDK"),
        ("flushed", 10, 10, "10 steps each flushed, ten jobs in a batch"),
        ("flushed-without-sdk", 10, 10, "the same without the SDK"),
        ("threaded", 10, 10, "10 steps in threads, ten jobs in a batch"),
    ):
        measured = measure(agent, steps, jobs)
        found.append(line_of(f"{what} ({measured.calls:g} calls)", measured.ratios, "of its bare calls", BUDGET))
        print(found[-1], [round(min(x) * 1e3, 2) for x in (measured.runtime, measured.bare)])
    return found
