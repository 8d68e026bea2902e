"""What a job asks of DynamoDB and SQS from its submit to its last look, counted from its real items in virtual time."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from functions.adapters.sqs_lanes import decode_message
from functions.application.signal_job import SignalRequest
from functions.application.submit_job import SubmitRequest
from functions.bootstrap import Runtime
from functions.domain.ids import job_id
from functions.sdk.testing.virtual_time import VirtualClock, run_virtually
from tests.benchmarks.in_process_aws import InProcessAws, Sent
from tests.benchmarks.measured_agents import AGENTS
from tests.benchmarks.surroundings import TENANT, runtime_in_virtual_time

JOB = job_id(TENANT, "one")
#: The sweeper looks at a job once, after this at the latest.
UNTIL_SWEPT_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Units:
    """Of one job: requests, and units of both Regions together.

    `api_calls` are what clients ask, `runs` how often a worker has it; `calls_in_runs` are the workers' own requests.
    """

    requests: int
    write_units: int
    read_units: float
    sends: int
    api_calls: int
    runs: int
    calls_in_runs: int


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: its agent and input, and what happens once it has left its worker."""

    agent: str
    steps: int = 0
    then: Callable[[Runtime], Awaitable[None]] | None = None


async def _signal(runtime: Runtime) -> None:
    await runtime.signal_job.signal(TENANT, JOB, SignalRequest(name="go", body={"well": True}, by="client"))


KINDS = {
    "3 steps": Kind("grouped", 3),
    "10 steps": Kind("grouped", 10),
    "10 steps, each flushed": Kind("flushed", 10),
    "one sleep of a minute": Kind("sleeper"),
    "one signal": Kind("listener", then=_signal),
    "one child job of 3 steps": Kind("caller", 3),
}


def count(kind: Kind) -> Units:
    """Run one such job to its end and return what it took."""
    return run_virtually(_count(kind))


async def _count(kind: Kind) -> Units:
    clock = VirtualClock()
    aws = InProcessAws(now=clock.monotonic)
    runtime = runtime_in_virtual_time(aws, AGENTS, clock)
    request = SubmitRequest(tenant=TENANT, agent=kind.agent, input={"steps": kind.steps}, idempotency_key="one")
    await runtime.submit_job.submit(request)
    runs, in_runs = await _work(runtime, aws, clock, most=1 if kind.then else None)
    api_calls = 1
    if kind.then is not None:
        await clock.sleep(5.0)
        await kind.then(runtime)
        api_calls += 1
        more, in_more = await _work(runtime, aws, clock)
        runs, in_runs = runs + more, in_runs + in_more
    await clock.sleep(UNTIL_SWEPT_SECONDS)
    await runtime.sweep_jobs.sweep()
    units = _units(_about_jobs(aws.taken()), api_calls, runs, in_runs)
    shown = await runtime.get_job.get(TENANT, JOB)
    assert shown["status"] == "succeeded", shown
    return units


async def _work(runtime: Runtime, aws: InProcessAws, clock: VirtualClock, most: int | None = None) -> tuple[int, int]:
    """Have workers run what is on the lanes, each message when it is due; return how many, and their requests.

    With `most` the others are left on the lanes.
    """
    runs, before = 0, len(_about_jobs(aws.sent))
    while aws.messages and runs != most:
        entry = min(aws.messages, key=lambda each: float(each["due"]))
        aws.messages.remove(entry)
        await clock.sleep(max(0.0, entry["due"] - clock.monotonic()))
        message = decode_message(entry["MessageBody"])
        await runtime.advance_job.advance(message, delivery=1, stop_at=clock.monotonic() + 110.0)
        runs += 1
    return runs, len(_about_jobs(aws.sent)) - before


def _about_jobs(sent: Sequence[Sent]) -> list[Sent]:
    """Leave out what a process asks once in a while, however many jobs it runs."""
    return [each for each in sent if each.of == "lane" or each.of.startswith("JOB#")]


def _units(sent: Sequence[Sent], api_calls: int, runs: int, calls_in_runs: int) -> Units:
    """What is written in one Region is written in the other as well, index entries too."""
    return Units(
        requests=len(sent),
        write_units=sum(each.write_units * (1 if each.refused else 2) + each.index_writes * 2 for each in sent),
        read_units=sum(each.read_units for each in sent),
        sends=sum(each.operation == "SendMessageBatch" for each in sent),
        api_calls=api_calls,
        runs=runs,
        calls_in_runs=calls_in_runs,
    )
