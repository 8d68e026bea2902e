"""Two Regions in memory that work by themselves, in virtual time: lanes are delivered, sweepers sweep, one can be lost.

For agents whose jobs call other jobs and wait for people: what they do takes many deliveries, in whichever Region.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from functions.application.agent_ports import Agent
from functions.application.ports import LaneSend
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import Json, WaitOpened
from functions.domain.job.state import JobState
from tests.simulation.virtual_time import pass_time
from tests.unit.application.two_regions import JOB, Region, replicate, request, two_regions

TICK_SECONDS = 0.25
SWEEP_SECONDS = 10.0
WORKER_SECONDS = 110.0


@dataclass(slots=True)
class Running:
    """Both Regions at work. `at_work` counts the deliveries that workers have at this moment."""

    east: Region
    west: Region
    at_work: int = 0
    _engines: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _deliveries: dict[str, set[asyncio.Task[None]]] = field(default_factory=dict)

    def start(self, region: Region) -> None:
        """Have a Region work."""
        self._deliveries[region.name] = set()
        self._engines[region.name] = asyncio.create_task(self._work(region))

    async def stop(self, region: Region) -> None:
        """End everything that a Region does, at once and in the middle of it."""
        tasks = [self._engines.pop(region.name), *self._deliveries.pop(region.name)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def lose_east(self) -> None:
        """us-east-1 is gone, all that it wrote has been replicated; us-west-2 adopts its jobs."""
        await self.stop(self.east)
        replicate(self.east, self.west)

    async def audit(self, value: Json) -> None:
        """Submit the one job, in us-east-1."""
        await self.east.submit_job().submit(request("release-audit", input=value))

    async def until(self, holds: Callable[[], bool], seconds: float = 3_600.0) -> None:
        """Let time pass until that holds."""
        for _ in range(int(seconds / TICK_SECONDS)):
            if holds():
                return
            await pass_time(TICK_SECONDS)
        raise AssertionError(f"not within {seconds:g} s; the job: {self.east.state(JOB).status}")

    async def finished(self, region: Region) -> JobState:
        """Wait for the end of the one job."""
        await self.until(lambda: region.state(JOB).finished)
        return region.state(JOB)

    async def questions(self, region: Region, count: int) -> list[WaitOpened]:
        """Wait until so many questions are open, and the job is with no worker."""
        await self.until(lambda: len(open_questions(region)) == count and self.at_work == 0)
        return open_questions(region)

    async def decide(self, region: Region, question: WaitOpened, *, approved: bool, by: str, comment: str = "") -> None:
        """Have somebody decide, in one Region."""
        body: dict[str, Json] = {"approved": approved, "comment": comment}
        state = region.state(JOB)
        await region.send_arrival().send(JOB, state, ArrivalKind.DECISION, question.step, by=by, body=body)

    async def _work(self, region: Region) -> None:
        sweeper = region.sweep_jobs()
        swept_at = region.clock.monotonic()
        while True:
            for send in region.waiting():
                task = asyncio.create_task(self._deliver(region, send))
                self._deliveries[region.name].add(task)
            if region.clock.monotonic() - swept_at >= SWEEP_SECONDS:
                swept_at = region.clock.monotonic()
                await sweeper.sweep()
            await pass_time(TICK_SECONDS)

    async def _deliver(self, region: Region, send: LaneSend) -> None:
        await pass_time(send.delay_seconds)
        self.at_work += 1
        try:
            stop_at = region.clock.monotonic() + WORKER_SECONDS
            await region.advance_job().advance(send.message, delivery=1, stop_at=stop_at)
        finally:
            self.at_work -= 1


def open_questions(region: Region) -> list[WaitOpened]:
    """Return what people are asked by the one job."""
    return [wait for wait in region.state(JOB).waits.values() if wait.step_kind == "approval"]


def children(region: Region) -> list[JobState]:
    """Return the jobs that the one job has called, as a Region's replica has them."""
    ids = {row.segment.job_id for row in region.table.segments.values()} - {JOB}
    return [region.state(child) for child in sorted(ids)]


@asynccontextmanager
async def running(*agents: Agent) -> AsyncIterator[Running]:
    """Give both Regions, at work."""
    both = Running(*two_regions(*agents))
    both.start(both.east)
    both.start(both.west)
    try:
        yield both
    finally:
        for region in (both.east, both.west):
            if region.name in both._engines:
                await both.stop(region)
