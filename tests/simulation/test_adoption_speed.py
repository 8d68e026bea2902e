"""How soon the jobs of a lost Region run again, with what AWS lets the survivor do in a second (`adopting_world`)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.adapters.memory import MemoryRegister, MemoryTable
from functions.adapters.memory_dead_letters import MemoryDeadLetters
from functions.adapters.memory_schedules import MemoryRounds
from functions.application.adopt_jobs import DIRECTLY, AdoptJobs
from functions.application.await_turn import AwaitTurn
from functions.application.hear_peer import HearPeer
from functions.application.keep_sweeping import PAUSE_SECONDS, KeepSweeping
from functions.application.note_failure import NoteFailure
from functions.application.ports import Due, LaneSend
from functions.application.stand_in import SWEEPER, Signs
from functions.application.sweep_jobs import SweepJobs
from functions.domain.ids import shard_of
from functions.domain.job.decider import Run, TakeOver, decide_advance
from functions.domain.job.events import AttemptStarted, Event, JobAdopted, JobSucceeded
from functions.domain.job.history import Segment
from functions.domain.job.state import fold
from functions.domain.lanes import LaneMessage
from functions.domain.moments import add_seconds
from functions.domain.ownership.verdict import Heartbeat, Verdict
from stacks.catalog import FUNCTIONS
from stacks.environments import configuration_of
from tests.simulation.adopting_world import (
    EAST,
    PUT,
    QUERY,
    WEST,
    Account,
    LimitedLanes,
    LimitedState,
    Machine,
    Workers,
    in_flight,
)
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time

JOBS = 10_000
#: What the lost Region has ended within the time that adoption looks back upon: nothing is to be done about it.
ENDED_BEFORE = 10_000
LANES = {"critical": 100 / 350, "standard": 200 / 350, "batch": 50 / 350}
STALL_SECONDS = 30.0
#: A step that was interrupted takes so long once more, at most; the mean is about half.
LONGEST_STEP_SECONDS = 10.0


@dataclass
class Loss:
    """A Region has been lost with jobs in flight, and its peer has just said so."""

    slower: float = 1.0
    directly: int = DIRECTLY
    ended_before: int = 0
    heard: bool = True
    restart_at: float | None = None
    clock: VirtualClock = field(default_factory=VirtualClock)
    running: dict[str, float] = field(default_factory=dict)
    reads_by_restart: int = 0

    async def seconds(self, within: float) -> float:
        """Return after how many seconds the last job ran again, or `within`, by when some did not."""
        config = configuration_of(PROD)
        account = Account(self.clock, self.slower)
        self.account = account
        declared = self.clock.now()
        self.table = MemoryTable()
        self.table.verdicts[WEST] = Verdict(WEST, EAST, True, declared, declared, 7 if self.heard else None)
        if self.heard:
            self.table.beats[EAST] = Heartbeat(EAST, add_seconds(declared, -22.0), 7)
        lost_at = add_seconds(declared, -20.0)
        self.jobs = in_flight(
            account, lost_at, int(JOBS / self.slower), LANES, before=int(self.ended_before / self.slower)
        )
        self.queues: dict[str, list[LaneSend]] = {lane: [] for lane in LANES}
        self.rate = config.adoption_per_second
        tasks = [asyncio.create_task(self.sweep())]
        for lane in config.lanes:
            workers = Workers(self.clock, self.queues[lane.name], lane.max_concurrency, self.slower, self.work)
            tasks.append(asyncio.create_task(workers.run()))
        try:
            while len(self.running) < len(self.jobs) and self.clock.monotonic() < within:
                await pass_time(0.5)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return max(self.running.values()) if len(self.running) == len(self.jobs) else within

    async def sweep(self) -> None:
        await pass_time(PAUSE_SECONDS)  # its round had just begun when the verdict was written
        keep = self.sweeper()
        if self.restart_at is not None:
            with_what_is_left = asyncio.create_task(keep.run(3600.0, say))
            await pass_time(self.restart_at)
            with_what_is_left.cancel()
            await pass_time(1.0)
            keep = self.sweeper()
        await keep.run(3600.0, say)

    def sweeper(self) -> KeepSweeping:
        """A new process of the sweeper's."""
        memory = next(row.memory_mb for row in FUNCTIONS if row.name == "sweep_jobs")
        machine = Machine(self.clock, memory, self.slower)
        state, lanes = LimitedState(self.account, machine), LimitedLanes(self.queues, machine)
        letters = MemoryDeadLetters(self.table)
        shared = {
            "history": state,
            "projections": state,
            "lanes": lanes,
            "children": NoFamily(),
            "failures": NoteFailure(dead_letters=letters, peer=letters, region=WEST),
            "clock": self.clock,
            "region": WEST,
            "stall_seconds": STALL_SECONDS,
        }
        adopt = AdoptJobs(**shared, peer_region=EAST, per_second=self.rate / self.slower, directly=self.directly)  # type: ignore[arg-type]
        return KeepSweeping(
            sweep=SweepJobs(**shared, turns=AwaitTurn(clock=self.clock, region=WEST)),  # type: ignore[arg-type]
            adopt=adopt,
            register=MemoryRegister(self.table),
            clock=self.clock,
            region=WEST,
            signs=Signs(rounds=MemoryRounds(self.table), clock=self.clock, name=SWEEPER),
        )

    async def work(self, batch: Sequence[LaneSend]) -> None:
        """A worker reads its ten jobs, takes over those that are orphans, and is taken until the last of them ends.

        Its process is a new one: all ten ask it at once whether the peer is silent.
        """
        hears = HearPeer(
            register=SlowRegister(self.table), clock=self.clock, region=WEST, peer_region=EAST, stale_seconds=20.0
        )
        await pass_time(QUERY * self.slower)
        longest = 0.0
        silent = await asyncio.gather(*(hears.is_silent() for _ in batch))
        begun = [send for send, lost in zip(batch, silent, strict=True) if self.begin(send.message, lost)]
        await pass_time(PUT * self.slower)
        for send in begun:
            longest = max(longest, LONGEST_STEP_SECONDS * (shard_of(send.message.job_id, 97) + 1) / 97)
        await pass_time(longest)
        for send in begun:
            self.write(send.message.job_id, JobSucceeded(at=self.clock.now(), result=1))

    def begin(self, message: LaneMessage, peer_lost: bool) -> bool:
        """Do what a worker decides, and say whether the job runs now."""
        state = fold(self.account.segments[message.job_id])
        match decide_advance(
            state,
            region=WEST,
            epoch=message.epoch,
            now=self.clock.now(),
            reason=message.reason,
            peer_lost=peer_lost,
        ):
            case TakeOver():
                assert state is not None
                last, now = state.last, self.clock.now()
                adopted = JobAdopted(
                    at=now, from_epoch=last.epoch, from_region=EAST, from_sequence=last.sequence, reason="lost"
                )
                due = Due(add_seconds(now, STALL_SECONDS), state.job.lane)
                self.account.put(Segment(message.job_id, 2, WEST, last.sequence + 1, (adopted,)), due)
            case Run():
                pass
            case _:
                return False
        self.running.setdefault(message.job_id, self.clock.monotonic())
        started = AttemptStarted(at=self.clock.now(), worker="w", reason="adopted", delivery=1)
        self.write(message.job_id, started)
        return True

    def write(self, job: str, event: Event) -> None:
        """Go on with a job's history, where nobody else has."""
        state = fold(self.account.segments[job])
        assert state is not None
        if not state.finished:
            self.account.put(Segment(job, 2, WEST, state.last.sequence + 1, (event,)))


class SlowRegister(MemoryRegister):
    """The register as a worker reads it."""

    async def last_beat(self, region: str) -> Heartbeat | None:
        """See RegionRegister."""
        await pass_time(QUERY)
        return await MemoryRegister.last_beat(self, region)


class NoFamily:
    """What the jobs of this simulation have."""

    async def outlives_parent(self, job_id: str, state: object) -> bool:
        """See CallChild."""
        return False

    async def settle_family(self, job_id: str, state: object) -> None:
        """See CallChild."""


def say(event: str, **fields: object) -> None:
    """The log."""


PROD = {
    "environment": "prod",
    "account": "123456789012",
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
    "domain_name": "example.com",
}


@in_virtual_time
async def test_10000_jobs_in_flight_run_again_within_60_seconds_of_the_loss_being_declared() -> None:
    loss = Loss()
    taken = await loss.seconds(within=120.0)
    by = sorted(loss.running.values())
    print(f"10,000 jobs: half after {by[len(by) // 2]:.1f} s, all after {taken:.1f} s, {loss.account.reads:,} reads")
    assert taken <= 60.0


@in_virtual_time
async def test_as_many_critical_jobs_as_all_others_together_come_first() -> None:
    loss = Loss(slower=10)
    await loss.seconds(within=120.0)
    first = sorted(loss.running, key=lambda job: loss.running[job])[:80]
    lanes = {job: loss.account.segments[job][0].events[0].lane for job in first}  # type: ignore[union-attr]
    assert list(lanes.values()).count("critical") >= 40


@in_virtual_time
async def test_a_sweeper_that_dies_half_way_costs_a_few_seconds() -> None:
    undisturbed, restarted = Loss(slower=10), Loss(slower=10, restart_at=15.0)
    one = await undisturbed.seconds(within=120.0)
    begun = restarted.clock.monotonic()
    two = await restarted.seconds(within=begun + 120.0) - begun
    more = restarted.account.reads - undisturbed.account.reads
    print(f"undisturbed {one:.1f} s, with a new process {two:.1f} s and {more:,} more reads of jobs")
    assert two <= one + 20.0  # what a round costs in any case is ten times as much here, too


@in_virtual_time
async def test_by_the_sweeper_alone_they_would_not() -> None:
    assert await Loss(slower=10, directly=JOBS).seconds(within=60.0) == 60.0


@in_virtual_time
async def test_with_what_was_seen_to_before_first_they_would_not() -> None:
    assert await Loss(slower=10, heard=False, ended_before=ENDED_BEFORE).seconds(within=60.0) == 60.0
