"""How many dead letters a bulk redrive takes back in a second, with what AWS lets its workers do (`adopting_world`).

Real are the pages of a redrive; modelled are DynamoDB and SQS, and the core that a worker's function has. The rate
through the local cloud, where one machine plays all of that, is in `tests/benchmarks/redrive.py`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from functions.adapters.memory import MemoryTable
from functions.adapters.memory_dead_letters import MemoryDeadLetters
from functions.agents.redrive import LARGEST_PAGE, ONE_WORKER, PAGE_SECONDS
from functions.application.agent_ports import RedrivePage
from functions.application.note_failure import NoteFailure
from functions.application.ports import Due, LaneSend
from functions.application.redrive_letters import RedriveLetters, read_page, redrives_of
from functions.application.send_arrival import SendArrival
from functions.domain.dead_letter import LETTER_SHARDS, DeadLetter, LetterType
from functions.domain.ids import job_id, shard_of
from functions.domain.job.arrivals import Arrival
from functions.domain.job.events import AttemptStarted, JobFailed, Json
from functions.domain.job.history import JobRecord, Segment
from functions.domain.lanes import DUE_SHARDS
from functions.domain.moments import add_seconds
from stacks.catalog import FUNCTIONS
from tests.simulation.adopting_world import (
    EAST,
    PUT,
    PUT_CPU,
    QUERY,
    QUERY_CPU,
    WEST,
    WRITES_A_SECOND,
    Account,
    LimitedLanes,
    LimitedState,
    Machine,
    submission,
)
from tests.simulation.virtual_time import VirtualClock, in_virtual_time
from tests.unit.application.two_regions import Shelf

LETTERS = 1_200
ASKED = 500.0
#: Of the rate that is asked for so much is to be seen: the shards of 1,200 letters differ, and the longest ends last.
WITHIN = 0.96
TENANT = "acme"


@dataclass(slots=True)
class Redriven(LimitedState):
    """A replica that takes arrivals, each of them a write with an entry of the due index."""

    arrived: dict[str, Arrival] = field(default_factory=dict)

    async def receive(self, arrival: Arrival, *, owner: str, lane: str) -> Arrival:
        """See HistoryStore."""
        where = (owner, lane, shard_of(arrival.job_id, DUE_SHARDS))
        limits = [
            (self.account.of_job("write", arrival.job_id, WRITES_A_SECOND), 1.0),
            (self.account.partition("index", where, WRITES_A_SECOND), 1.0),
        ]
        await self.machine.call(self.machine.state, PUT_CPU, PUT, limits)
        return self.arrived.setdefault(arrival.job_id, arrival)

    async def read(self, job: str) -> JobRecord:
        """See HistoryStore."""
        record = await LimitedState.read(self, job)
        return replace(record, arrivals=tuple(filter(None, [self.arrived.get(job)])))


@dataclass(slots=True)
class Letters(MemoryDeadLetters):
    """The list of dead letters: a query for each page of it."""

    machine: Machine

    async def list(self, tenant: str, **asked: object) -> Sequence[DeadLetter]:
        """See DeadLetters."""
        await self.machine.call(self.machine.state, 5 * QUERY_CPU, 2 * QUERY, ())
        return await MemoryDeadLetters.list(self, tenant, **asked)  # type: ignore[arg-type]


@dataclass
class Redrive:
    """One bulk redrive of its own letters, by so many workers, each with a machine of its own."""

    clock: VirtualClock
    own: Account
    peer: Account
    name: str
    table: MemoryTable = field(default_factory=MemoryTable)
    queues: dict[str, list[LaneSend]] = field(default_factory=lambda: {"batch": []})

    def fail(self) -> None:
        """Have jobs that have failed, and are listed."""
        at = add_seconds(self.clock.now(), -600.0)
        for number in range(LETTERS):
            job = job_id(TENANT, f"{self.name} {number}")
            failed = JobFailed(at=at, code="tool_failed", detail="no money")
            events = (
                replace(submission(at, "batch", number), tenant=TENANT),
                AttemptStarted(at=at, worker="w", reason="submitted", delivery=1),
                failed,
            )
            self.own.put(Segment(job, 1, EAST, 1, events), Due(add_seconds(at, 30.0), "batch"))
            letter = DeadLetter(type=LetterType.JOB, id=job, tenant=TENANT, at=at, region=EAST, code=failed.code)
            self.table.dead[TENANT, LetterType.JOB, job, EAST] = letter

    def worker(self) -> RedriveLetters:
        """A worker of the redrive's: the deployed function's memory, and clients of its own."""
        memory = next(row.memory_mb for row in FUNCTIONS if row.name == "advance_jobs")
        machine = Machine(self.clock, memory, 1.0)
        letters, lanes = Letters(self.table, machine), LimitedLanes(self.queues, machine)
        send = SendArrival(
            history=Redriven(self.own, machine),
            peer=Redriven(self.peer, machine),
            lanes=lanes,
            peer_lanes=lanes,
            clock=self.clock,
            region=EAST,
            peer_region=WEST,
        )
        failures = NoteFailure(dead_letters=letters, peer=letters, region=EAST)
        return redrives_of(send, Shelf(), failures, self.clock, None)

    async def run(self, shards: Sequence[int | None]) -> int:
        """Redrive everything, each shard by a worker, and return how many it were."""
        done = await asyncio.gather(*(self._shard(shard, ASKED / len(shards)) for shard in shards))
        return sum(done)

    async def _shard(self, shard: int | None, rate: float) -> int:
        worker, before, count = self.worker(), None, 0
        plan: dict[str, Json] = {"name": self.name, "by": "ann", "wanted": {}, "ids": None, "terms": {}}
        plan |= {"rate": rate, "shard": shard}
        limit = min(LARGEST_PAGE, int(rate * PAGE_SECONDS))
        while True:
            asked = RedrivePage(name="page", plan=plan, before=before, limit=limit)
            page = await worker.page(TENANT, read_page(asked))
            assert isinstance(page, dict)
            assert not page["refused"]
            count += int(str(page["redriven"]))
            if page["next"] is None:
                return count
            before = str(page["next"])


async def rates(redrives: int, shards: Sequence[int | None]) -> list[float]:
    """Return how many letters a second each of so many redrives takes back that run at once."""
    clock = VirtualClock()
    own, peer = Account(clock, 1.0), Account(clock, 1.0)
    each = [Redrive(clock, own, peer, f"redrive {number}") for number in range(redrives)]
    for redrive in each:
        redrive.fail()

    async def seconds(redrive: Redrive) -> float:
        began = clock.monotonic()
        assert await redrive.run(shards) == LETTERS
        return clock.monotonic() - began

    return [LETTERS / taken for taken in await asyncio.gather(*map(seconds, each))]


@in_virtual_time
async def test_500_a_second_are_redriven_by_the_workers_that_share_a_redrive() -> None:
    (rate,) = await rates(1, range(LETTER_SHARDS))
    print(f"{rate:.0f} a second")
    assert ASKED / LETTER_SHARDS <= ONE_WORKER
    assert WITHIN * ASKED <= rate <= 1.05 * ASKED


@in_virtual_time
async def test_two_redrives_at_once_have_500_a_second_each() -> None:
    found = await rates(2, range(LETTER_SHARDS))
    print(", ".join(f"{rate:.0f}" for rate in found), "a second")
    assert min(found) >= WITHIN * ASKED


@in_virtual_time
async def test_one_worker_alone_would_not_take_500_a_second() -> None:
    (rate,) = await rates(1, [None])
    print(f"{rate:.0f} a second")
    assert rate < 0.6 * ASKED
