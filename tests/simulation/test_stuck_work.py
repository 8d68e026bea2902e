"""Whatever dies, a job that makes no progress for its allowed time is put back within half a minute of that time.

Each cause is shown twice: with the rule that mends it, and with that rule switched off. And a look costs what is due.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from functions.adapters.memory import SegmentRow
from functions.application import sweep_jobs
from functions.application.ports import Due
from functions.domain.ids import job_id
from functions.domain.job.events import AttemptStarted
from functions.domain.job.history import Segment
from functions.domain.moments import add_seconds, seconds_between
from functions.domain.ownership.verdict import Verdict
from tests.simulation.deliveries import Deliveries
from tests.simulation.virtual_time import pass_time, run_virtually
from tests.unit.application.agents import Effects
from tests.unit.application.scheduled_regions import Scheduled, scheduled
from tests.unit.application.two_regions import JOB, STALL_SECONDS, TENANT, Crash, Fuse, Region, request
from tests.unit.domain.job.writing import submitted as submission

#: How long after its allowed time, which is STALL_SECONDS, a job is put back at the latest.
FOUND_SECONDS = 30.0
STARTED_EVERY_SECONDS, LOOP_SECONDS = 60.0, 62.0
#: As deployed: after so long a silent Region is held for lost, and so often that is looked at.
VERDICT_SECONDS = 25.0
NEVER = 240.0


@dataclass(slots=True)
class Loops:
    """The loops of one Region, started once a minute each; a sweeper may die, and only it does then."""

    world: Scheduled
    region: Region
    running: dict[str, list["asyncio.Task[None]"]] = field(default_factory=dict)
    starting: list["asyncio.Task[None]"] = field(default_factory=list)

    def start(self, sweeping: bool = True, standing_in: bool = True) -> None:
        """Start them. Without `standing_in` nobody takes the sweeper's place."""
        if sweeping:
            self._start("sweep", lambda: self.world.keeping(self.region).sweeping.run(LOOP_SECONDS, self.world.log))
        if standing_in:
            self._start("fire", lambda: self.world.keeping(self.region).run(LOOP_SECONDS, self.world.log))

    def kill(self, what: str) -> None:
        """End the processes of one kind; the next is started with the next minute."""
        for task in self.running[what]:
            task.cancel()

    def stop(self) -> None:
        """End everything, for good."""
        for task in (*self.starting, *(each for tasks in self.running.values() for each in tasks)):
            task.cancel()

    def _start(self, what: str, make: Callable[[], object]) -> None:
        self.running[what] = []

        async def each_minute() -> None:
            while True:
                self.running[what].append(asyncio.create_task(make()))  # type: ignore[arg-type]
                await pass_time(STARTED_EVERY_SECONDS)

        self.starting.append(asyncio.create_task(each_minute()))


async def late(cause: str, *, mended: bool) -> float:
    """Let a job get stuck for this cause; return by how much its allowed time is over when somebody is at it again."""
    world = scheduled(Effects().walker(1, seconds=20))
    east, west = world.east, world.west
    for region in (east, west):
        region.agents.agents = (Effects().walker(3, seconds=4), *region.agents.agents[1:2])
    lanes = {region.name: Deliveries(Random(1), region) for region in (east, west)}
    for region in (east, west):
        region.lanes = lanes[region.name]  # type: ignore[assignment]
    here, there = Loops(world, east), Loops(world, west)
    here.start(sweeping=mended or cause != "message", standing_in=mended)
    there.start(sweeping=mended or cause != "region", standing_in=mended)
    await pass_time(STARTED_EVERY_SECONDS - 25 if cause == "sweeper" else 7)
    lanes[east.name].losing = cause in ("message", "sweeper")
    await east.submit_job().submit(request("walk", input={}))
    lanes[east.name].losing = False
    quiet_since = east.clock.now()
    survivor = east
    match cause:
        case "worker":
            await pass_time(6)
            lanes[east.name].kill_workers()
            quiet_since = max(item.event.at for item in east.state(JOB).history)
            if not mended:
                here.stop()
        case "sweeper":
            await pass_time(STALL_SECONDS - 3)  # 62 s from the beginning: the next one starts at 120 s
            here.kill("sweep")
        case "region":
            here.stop()
            lanes[east.name].kill_workers()
            lanes[east.name].up, east.table.refusing, survivor = False, True, west
            await pass_time(VERDICT_SECONDS)
            await west.register.put_verdict(Verdict(west.name, east.name, True, quiet_since))
        case _:
            pass  # its message is lost already
    begun = before = len(attempts(survivor))
    waited = 0.0
    while begun == before and waited < NEVER:
        await pass_time(0.5)
        waited += 0.5
        begun = len(attempts(survivor))
    here.stop()
    there.stop()
    if begun == before:
        return NEVER
    return seconds_between(quiet_since, attempts(survivor)[-1]) - STALL_SECONDS


def attempts(region: Region) -> list[str]:
    """Return when workers began on the one job."""
    return [item.event.at for item in region.state(JOB).history if isinstance(item.event, AttemptStarted)]


@pytest.mark.parametrize("cause", ["message", "worker", "sweeper", "region"])
def test_what_is_stuck_is_put_back_within_half_a_minute_of_its_time(cause: str) -> None:
    seconds = run_virtually(late(cause, mended=True))
    print(f"{cause}: {seconds:.1f} s after the allowed time")
    assert seconds <= FOUND_SECONDS


@pytest.mark.parametrize("cause", ["message", "worker", "region"])
def test_without_the_sweeper_it_stays_stuck(cause: str) -> None:
    assert run_virtually(late(cause, mended=False)) == NEVER


def test_without_a_stand_in_the_sweepers_death_costs_almost_a_minute() -> None:
    """As here, where the job is due just after a sweeper that had just begun has died."""
    assert run_virtually(late("sweeper", mended=False)) > FOUND_SECONDS


def test_wherever_a_sweeper_dies_in_its_round_the_next_one_finds_the_job_at_once() -> None:
    async def dies_at(call: int) -> bool:
        world = scheduled()
        await world.east.submit_job().submit(request("walk", input={}))
        world.east.waiting()
        await pass_time(STALL_SECONDS)
        fuse = Fuse(call)
        with contextlib.suppress(Crash):
            await world.east.sweep_jobs(fuse).sweep()
        await pass_time(5)
        await world.east.sweep_jobs().sweep()
        assert world.east.waiting(), fuse.burned
        return fuse.blown

    call = 0
    while run_virtually(dies_at(call)):
        call += 1
    assert call > 20


def test_if_a_job_were_noted_before_it_is_hinted_a_death_in_between_would_hide_it() -> None:
    async def found_after_death_between_the_two() -> bool:
        world = scheduled()
        await world.east.submit_job().submit(request("walk", input={}))
        world.east.waiting()
        await pass_time(STALL_SECONDS)
        fuse = Fuse()
        await world.east.sweep_jobs(fuse).sweep()
        world.east.waiting()  # its hint never went out: noted alone
        await pass_time(5)
        await world.east.sweep_jobs().sweep()
        return bool(world.east.waiting())

    assert not run_virtually(found_after_death_between_the_two())


def test_a_look_costs_what_is_due_and_not_what_is_unfinished() -> None:
    async def requests(unfinished: int) -> int:
        world = scheduled()
        for number in range(unfinished):
            job = job_id(TENANT, f"later {number}")
            segment = Segment(job, 1, world.east.name, 1, (submission(),))
            far = Due(add_seconds(world.east.clock.now(), 86_400 + number), "standard")
            world.east.table.segments[job, 1, world.east.name, 1] = SegmentRow(segment, far)
        await world.east.submit_job().submit(request("walk", input={}))
        await pass_time(STALL_SECONDS)
        fuse = Fuse()
        report = await world.east.sweep_jobs(fuse).sweep()
        assert (report.examined, report.put_back) == (1, 1)
        return len(fuse.burned)

    few = run_virtually(requests(10))
    assert run_virtually(requests(10_000)) == few
    assert sweep_jobs.PAGE == 100
