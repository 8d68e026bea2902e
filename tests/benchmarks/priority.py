"""How long a critical job waits for a worker while 5,000 batch jobs are queued, beside its wait on an idle system.

Each lane has a queue, an event source mapping and workers of its own, so batch jobs can take nothing from critical ones
but the machine, and the one event loop of the emulator that plays all services of a Region: what both cost is told,
too. On AWS lanes share neither; what is left then is in `tests/simulation/test_lanes_are_bulkheads.py`. Batch jobs
mostly wait here, as those of agents do. A job's wait is told by its own history: from the moment at which it was
submitted to the one at which a worker began with it. Critical jobs come one after the other.
"""

import asyncio
import os
import secrets
import statistics
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from functions.adapters.process_loop import run_to_end
from functions.application.ports import Due, hint
from functions.bootstrap import Runtime
from functions.domain.ids import job_id
from functions.domain.job.events import JobSubmitted
from functions.domain.job.history import Segment
from functions.domain.moments import add_seconds
from localstack.faults import Faults
from tests.benchmarks.in_cloud import TICKS, BenchedCloud, benched_cloud, process_runtime
from tests.benchmarks.latency import percentile
from tests.benchmarks.report import Line

QUEUED = 5_000
CRITICAL = 120
BUDGET = 1.5
#: A batch job: three steps of two seconds each.
BATCH = {"steps": 3, "milliseconds": 2000}
QUICK = {"steps": 1, "milliseconds": 0}
OTHERS = "all that is not the cloud's"
#: So many are written at once.
TOGETHER = 50
REPLICATED_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Phase:
    """The waits of the critical jobs of one phase, in seconds, and how many batch jobs were queued at its end.

    `cores` is what was shared: how many cores the cloud's kinds of processes used, and everything else on the machine.
    """

    name: str
    waits: list[float]
    queued: int
    cores: Mapping[str, float]


def fill(cloud: BenchedCloud, region: str, jobs: int) -> None:
    """Have so many batch jobs accepted: what a submit writes of one, written for each, and their hints on the lane.

    They are all copies of one that was submitted through the API, under names of their own. They are queued when both
    Regions have them, as a submit's are when it is answered.
    """
    runtime = process_runtime(cloud, region)
    pattern = cloud.submit(region, lane="batch", input=BATCH)
    run_to_end(_copies(runtime, pattern, jobs))
    assert Faults(cloud.cloud.layout).wait_until_replicated(REPLICATED_SECONDS)


async def _copies(runtime: Runtime, pattern: str, jobs: int) -> None:
    (opening, *_), lane = (await runtime.history.read_whole(pattern)).segments, "batch"
    (submitted, *_) = opening.events
    assert isinstance(submitted, JobSubmitted)
    names = [job_id(submitted.tenant, secrets.token_hex(16)) for _ in range(jobs)]
    for place in range(0, jobs, TOGETHER):
        now = runtime.clock.now()
        event = replace(submitted, at=now)
        due = Due(add_seconds(now, runtime.settings.stall_seconds), lane)
        some = names[place : place + TOGETHER]
        written = (
            runtime.history.append(Segment(name, 1, runtime.settings.region, 1, (event,)), due=due) for name in some
        )
        await asyncio.gather(*written)
        await runtime.lanes.send([hint(name, 1, event, "submitted") for name in some])


def queued(cloud: BenchedCloud, region: str) -> int:
    """How many messages of batch jobs wait."""
    client = cloud.admin("sqs", region)
    url = client.get_queue_url(QueueName="antipode-local-batch")["QueueUrl"]
    asked = client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(asked["Attributes"]["ApproximateNumberOfMessages"])


def phase(cloud: BenchedCloud, region: str, name: str, jobs: int = CRITICAL) -> Phase:
    """Have critical jobs done one after the other, and say how long each had waited."""
    waits = []
    begun, before, all_before = time.monotonic(), cloud.cpu_seconds(), machine_cpu_seconds()
    for _ in range(jobs):
        job = cloud.submit(region, lane="critical", input=QUICK)
        cloud.result(region, job)
        waits.append(cloud.waited_seconds(region, job))
    used, took = cloud.cpu_seconds() - before, time.monotonic() - begun
    kinds = Counter({OTHERS: max(0.0, machine_cpu_seconds() - all_before - used.total())})
    for kind, seconds in used.items():
        kinds["functions" if kind.startswith("function ") else kind] += seconds
    return Phase(name, waits, queued(cloud, region), {kind: spent / took for kind, spent in kinds.items()})


def machine_cpu_seconds() -> float:
    """CPU that this machine's processes have used since it was started, on all cores."""
    user, nice, system, _, _, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:])
    return (user + nice + system + irq + softirq) / TICKS


def lines() -> list[Line]:
    """Measure and return what to print."""
    cloud = benched_cloud()
    region = cloud.regions[0]
    phase(cloud, region, "warm-up", jobs=10)
    idle = phase(cloud, region, "nothing else to do")
    fill(cloud, region, QUEUED)
    busy = phase(cloud, region, f"{QUEUED:,} batch jobs queued")
    found = []
    for each in (idle, busy):
        spread = (
            f"median {statistics.median(each.waits) * 1000:.0f}, most {max(each.waits) * 1000:.0f}, {CRITICAL} jobs"
        )
        what = f"a critical job's wait with {each.name}, p99"
        found.append(Line(what, percentile(each.waits, 0.99) * 1000, "ms", spread, digits=0))
    ratio = percentile(busy.waits, 0.99) / percentile(idle.waits, 0.99)
    medians = statistics.median(busy.waits) / statistics.median(idle.waits)
    for each in (idle, busy):
        most = sorted(each.cores.items(), key=lambda kind: kind[1], reverse=True)[:5]
        told = ", ".join(f"{kind} {cores:.2f}" for kind, cores in most)
        found.append(Line(f"cores of {os.cpu_count()} in use with {each.name}", sum(each.cores.values()), "", told))
    return [
        *found,
        Line("the one by the other", ratio, "times", f"medians {medians:.2f}", BUDGET),
        Line("batch jobs still queued at the end", busy.queued, "messages", digits=0),
        Line("the machine's load", os.getloadavg()[0], "", f"{os.cpu_count()} cores"),
    ]
