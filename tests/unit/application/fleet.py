"""The workers and the sweeper of one Region in virtual time: hints come when they are due, or are lost.

So that a test can tell a whole story, of which most is that nobody does anything for a long time.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from functions.application.ports import LaneSend, LaneUnavailable, StateUnavailable
from functions.application.sweep_jobs import SweepJobs
from functions.domain.moments import seconds_between
from tests.simulation.machine import Machinery, Process, current_process, own_new_tasks
from tests.simulation.virtual_time import VirtualLoop, pass_time
from tests.unit.application.two_regions import JOB, Fuse, Region

#: A message whose worker died comes again after so long.
VISIBILITY_SECONDS = 720.0
SWEEP_SECONDS = 5.0
#: What only reads: a process that dies just before or after it might as well die just after or before its last write.
#: And what is written every few seconds while nothing happens, a sweeper's cursors: stories hardly had other places.
READS = (" read", " read_whole", " read_opening", " arrivals", " read_cursor", " due", " put_cursor")
#: No story has more turns.
MOST_TURNS = 5_000


@dataclass(slots=True)
class Deadly(Fuse):
    """A fuse in the ports of many processes, each of which dies alone; a dead one does nothing more."""

    async def burn(self, what: str) -> None:
        """Come by."""
        current_process().check()
        if what.endswith(READS):
            return
        if self.at is not None and len(self.burned) == self.at:
            self.burned.append(what)
            current_process().crash()
        await Fuse.burn(self, what)


@dataclass(slots=True)
class Fleet:
    """Workers and a sweeper, each in a process of its own. `comes_again`: messages of workers that died do.

    `woken` has for each message that a worker got when that was, in seconds, of which job, and its reason.
    """

    region: Region
    seconds: float = 110.0
    sweeping: bool = True
    comes_again: bool = True
    fuse: Deadly = field(default_factory=Deadly)
    woken: list[tuple[float, str, str]] = field(default_factory=list)
    _late: list[tuple[float, LaneSend, int]] = field(default_factory=list)
    _working: dict[asyncio.Task[None], tuple[LaneSend, int]] = field(default_factory=dict)
    _machinery: Machinery = field(default_factory=lambda: Machinery("fleet"))
    _sweep: SweepJobs | None = None
    _swept: float = -1.0
    _began: float = 0.0

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        own_new_tasks(loop)
        self._began = loop.time()

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return round(self.region.clock.monotonic() - self._began, 6)

    @property
    def busy(self) -> bool:
        """Whether any worker works."""
        return bool(self._working)

    def reasons(self, job: str = JOB) -> list[str]:
        """Return for what a job's workers were woken."""
        return [reason for _, woken, reason in self.woken if woken == job]

    async def finish(self, *jobs: str) -> None:
        """Go on until these jobs, or the one, have ended and nobody works."""
        await self.until(lambda: all(self.region.state(job).finished for job in jobs or (JOB,)))
        await self.rest()

    async def rest(self) -> None:
        """Go on until nobody works and no hint is due: then all that is left to do is wait."""
        await self.until(lambda: not self._working and not any(self._is(at) for at, _, _ in self._late))

    async def pass_time(self, seconds: float) -> None:
        """Go on for so long."""
        until = self.now + seconds
        await self.until(lambda: self._is(until), latest=until)

    async def until(self, happened: Callable[[], bool], *, latest: float | None = None) -> None:
        """Go on until it has happened."""
        for _ in range(MOST_TURNS):
            self._take_hints()
            if happened():
                return
            await self._turn(latest)
        raise AssertionError(f"it does not happen: {self.woken[-10:]}")

    def lose_hints(self) -> None:
        """Every hint that is on its way is lost."""
        self._take_hints()
        self._late.clear()

    def kill_workers(self) -> None:
        """End every worker, at whatever it is waiting for."""
        self._machinery.kill()

    def _is(self, moment: float) -> bool:
        """Whether it has come, up to the errors of counting in fractions."""
        return moment - self.now < 1e-5

    def _take_hints(self) -> None:
        self._late += [(self.now + send.delay_seconds, send, 1) for send in self.region.waiting()]

    async def _turn(self, latest: float | None) -> None:
        due = [each for each in self._late if self._is(each[0])]
        self._late = [each for each in self._late if not self._is(each[0])]
        for _, send, delivery in due:
            self._begin(send, delivery)
        if self._working:
            await self._let_work(latest)
        else:
            await self._let_time_pass(latest)
        if self.sweeping and (self._swept < 0 or self.now >= self._swept + SWEEP_SECONDS or self._is_idle_and_late()):
            await self._look_for_due_jobs()

    def _begin(self, send: LaneSend, delivery: int) -> None:
        self.woken.append((self.now, send.message.job_id, send.message.reason))
        worker = self.region.advance_job(self.fuse, f"worker {len(self.woken)}")
        work = worker.advance(send.message, delivery=delivery, stop_at=self.region.clock.monotonic() + self.seconds)
        self._working[Process("worker", self._machinery).start(work)] = (send, delivery)

    async def _let_work(self, latest: float | None) -> None:
        seconds = 1.0 if latest is None else min(1.0, max(0.0, latest - self.now))
        done, _ = await asyncio.wait(self._working, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            send, delivery = self._working.pop(task)
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
            if isinstance(error, asyncio.CancelledError | StateUnavailable | LaneUnavailable):
                if self.comes_again:
                    self._late.append((self.now + VISIBILITY_SECONDS, send, delivery + 1))
            elif error is not None:
                raise error

    async def _let_time_pass(self, latest: float | None) -> None:
        moments = [at for at, _, _ in self._late]
        moments += [] if latest is None else [latest]
        moments += self._due_moments() if self.sweeping else []
        assert moments, f"nothing will ever happen again: {self.woken[-10:]}"
        await pass_time(max(0.0, min(moments) - self.now))

    def _is_idle_and_late(self) -> bool:
        """Whether nobody works, and something has fallen due since the last sweep: stories need not wait for that."""
        return not self._working and any(moment <= self.now + 0.001 for moment in self._due_moments())

    def _due_moments(self) -> list[float]:
        table, name = self.region.table, self.region.name
        moments = [head.due_at for head in table.heads.values() if head.region == name and head.due_at is not None]
        moments += [row.due.at for row in table.segments.values() if row.due and row.segment.region == name]
        moments += [row.arrival.at for row in table.arrivals.values() if row.owner == name]
        left = (seconds_between(self.region.clock.now(), moment) for moment in moments)
        return [self.now + max(seconds, 0.001) for seconds in left if self.now + seconds >= self._swept]

    async def _look_for_due_jobs(self) -> None:
        self._sweep = self._sweep or self.region.sweep_jobs(self.fuse)
        before, self._swept = self._swept, self.now
        task = Process("sweeper", self._machinery).start(_swept_once(self._sweep))
        await asyncio.wait([task])
        if task.cancelled():
            self._sweep, self._swept = None, before
        elif (error := task.exception()) is not None:
            self._swept = before
            if not isinstance(error, StateUnavailable | LaneUnavailable):
                raise error


async def _swept_once(sweep: SweepJobs) -> None:
    await sweep.sweep()
