"""What the runtime costs in CPU time, beside the bare boto3 calls that it makes (DESIGN section 8).

Both are paid in one process, in turn: a batch of messages goes through the worker, from the messages to the answer;
then the very calls that it made, with the same items, are made and nothing else is done: one after the other, in one
thread, on the client that an author gets from `boto3.client("dynamodb")`; and once more on the worker's own, which has
them for less (told, not judged). Garbage is collected before each, and what each leaves behind it pays for itself.
Over HTTP to another process, as calls are made to AWS (the budget), and answered inside the process, where what
answering costs is taken off: the stricter measure, for the calls are cheaper by all of HTTP.
"""

import asyncio
import gc
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

import boto3
from botocore import xform_name

from functions.adapters.process_loop import run_to_end
from functions.adapters.sqs_batch import advance_batch
from functions.application.submit_job import SubmitRequest
from functions.bootstrap import Runtime
from functions.redriving import Redriving
from tests.benchmarks.in_process_aws import InProcessAws, Replica
from tests.benchmarks.loopback import serving
from tests.benchmarks.measured_agents import AGENTS
from tests.benchmarks.report import Line, line_of
from tests.benchmarks.surroundings import EAST, TENANT, runtime_on, silent_runtime

BUDGET = 1.3
ROUNDS = 25
#: How many batches are worked off in a round, of how many jobs each.
BATCHES = 3
JOBS = 10
Call = tuple[str, dict[str, Any]]


@dataclass(slots=True, kw_only=True)
class Work:
    """Messages for one worker, and the calls that it makes for them. `aws` is None where they go over HTTP.

    `plain` is an author's client, with everything as boto3 has it.
    """

    runtime: Runtime
    plain: Any
    records: list[dict[str, Any]]
    before: Replica
    aws: InProcessAws | None
    calls: list[Call] = field(default_factory=list)

    def advance(self) -> None:
        """Do what `functions.handlers.advance_jobs` does."""
        stop_at = self.runtime.clock.monotonic() + 110.0
        assert run_to_end(self._advance(stop_at)) == {"batchItemFailures": []}

    async def _advance(self, stop_at: float) -> dict[str, list[dict[str, str]]]:
        async with self.runtime.count_flow.telling():
            bury = Redriving(self.runtime).bury_message.bury
            advance = self.runtime.advance_job.advance
            return await advance_batch(self.records, advance, bury, stop_at, self.runtime.log)

    def call_bare(self) -> None:
        """Make the calls alone, on an author's client."""
        self._call(self.plain)

    def call_on_own_client(self) -> None:
        """Make the calls alone, on the worker's client."""
        self._call(self.runtime._clients.state())

    def _call(self, client: Any) -> None:
        for method, parameters in self.calls:
            getattr(client, method)(**parameters)

    def cpu_seconds(self, work: Callable[[], None]) -> float:
        """Return the CPU time of all threads in `work`, for one of the jobs."""
        return sum(self.once(work) for _ in range(BATCHES)) / BATCHES / len(self.records)

    def once(self, work: Callable[[], None]) -> float:
        """Have the table as it was before, do the work, and return its CPU time without what answering took."""
        if self.aws is not None:
            self.aws.tables[EAST].partitions = self.before.copy().partitions
            self.aws.taken()
            self.aws.answering_ns = 0
        gc.collect()
        begun = time.process_time_ns()
        work()
        spent = time.process_time_ns() - begun
        return (spent - (0 if self.aws is None else self.aws.answering_ns)) / 1e9


def in_process(agent: str, steps: int, jobs: int) -> Work:
    """Submit jobs, run them once to learn their calls and to load what is loaded once, and have them as before."""
    aws = InProcessAws()
    runtime = runtime_on(aws, AGENTS)
    asyncio.run(_submit(runtime, agent, steps, jobs))
    records = [
        {"messageId": str(number), "body": entry["MessageBody"], "attributes": {"ApproximateReceiveCount": "1"}}
        for number, entry in enumerate(aws.received())
    ]
    plain = boto3.client("dynamodb", region_name=EAST)
    aws.serve(plain, EAST)
    work = Work(runtime=runtime, plain=plain, records=records, before=aws.tables[EAST].copy(), aws=aws)
    work.once(work.advance)  # loads what is loaded once, and asks what is asked once in a while
    client = runtime._clients.state()
    note = _noting(work.calls)
    client.meta.events.register("provide-client-params.*.*", note)
    work.once(work.advance)
    client.meta.events.unregister("provide-client-params.*.*", note)
    sent = len(aws.taken())
    assert len(work.calls) == sent, f"the worker has made {sent} calls, {len(work.calls)} of them by this client"
    ended = _last_events(aws.tables[EAST])
    assert ended == ["succeeded"] * jobs, ended
    work.once(work.call_bare)
    return work


@contextmanager
def over_http(work: Work) -> Iterator[Work]:
    """Give the same work with clients that ask another process."""
    with serving(work.before) as address:
        with mock.patch.dict(os.environ, {"AWS_ENDPOINT_URL_DYNAMODB": address, "NO_PROXY": "127.0.0.1"}):
            runtime = silent_runtime(AGENTS)
            there = replace(work, runtime=runtime, plain=boto3.client("dynamodb", region_name=EAST), aws=None)
            there.advance()
        there.call_bare()
        yield there


@dataclass(frozen=True, slots=True)
class Ratios:
    """Of some rounds the CPU of the worker by that of its calls: on an author's client, and on the worker's own."""

    of_plain: list[float]
    of_own: list[float]


def ratios(work: Work, rounds: int = ROUNDS) -> Ratios:
    """Measure so many rounds."""
    found = Ratios([], [])
    for _ in range(rounds):
        plain, worker, own = map(work.cpu_seconds, (work.call_bare, work.advance, work.call_on_own_client))
        found.of_plain.append(worker / plain)
        found.of_own.append(worker / own)
    return found


async def _submit(runtime: Runtime, agent: str, steps: int, jobs: int) -> None:
    for number in range(jobs):
        key = f"{agent}-{steps}-{number}"
        await runtime.submit_job.submit(
            SubmitRequest(tenant=TENANT, agent=agent, input={"steps": steps}, idempotency_key=key)
        )


def _noting(calls: list[Call]) -> Callable[..., None]:
    def note(params: dict[str, Any], model: Any, **_: object) -> None:
        calls.append((xform_name(model.name), params))

    return note


def _last_events(table: Replica) -> list[str]:
    jobs = [partition for key, partition in table.partitions.items() if key.startswith("JOB#")]
    return [json.loads(job.items[job.keys[-1]]["events"]["S"])[-1]["kind"] for job in jobs]


#: What is measured: agent, steps, what to call it, whether over HTTP, and the budget.
MEASURED = (
    ("grouped", 3, "3 steps", True, BUDGET),
    ("grouped-without-sdk", 3, "3 steps without the SDK", True, None),
    ("flushed", 10, "10 steps, each flushed", True, BUDGET),
    ("flushed-without-sdk", 10, "10 steps, each flushed, without the SDK", True, None),
    ("grouped", 10, "10 steps, written together", True, None),
    ("grouped", 3, "3 steps, calls answered in the process", False, None),
    ("grouped-without-sdk", 3, "3 steps without the SDK, calls answered in the process", False, None),
    ("flushed", 10, "10 steps, each flushed, calls answered in the process", False, None),
)


def lines() -> list[Line]:
    """Measure all and return what to print."""
    found: list[Line] = []
    for agent, steps, what, http, budget in MEASURED:
        work = in_process(agent, steps, JOBS)
        name = f"{what} ({len(work.calls) / JOBS:g} calls)"
        with over_http(work) if http else nullcontext(work) as measured:
            measured_ratios = ratios(measured)
        found.append(line_of(name, measured_ratios.of_plain, "times its calls", budget))
        found.append(line_of("  on the worker's own client", measured_ratios.of_own, "times its calls"))
    return found
