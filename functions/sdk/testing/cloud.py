"""What runs jobs in a test as the cloud does: workers that may be killed, a sweeper, and people who answer."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any

from functions.application.advance_job import AdvanceJob
from functions.application.ports import LaneSend
from functions.application.submit_job import SubmitRequest
from functions.domain.ids import job_id
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import (
    AttemptStarted,
    CancelRequested,
    JobCancelled,
    JobFailed,
    JobPaused,
    JobResumed,
    JobStopped,
    JobSubmitted,
    JobSucceeded,
    JobWaiting,
    Json,
    StepFailed,
    StepSucceeded,
    WaitOpened,
)
from functions.domain.job.history import Segment
from functions.domain.job.state import JobState, fold
from functions.domain.moments import seconds_between
from functions.sdk.agent import AgentDefinition
from functions.sdk.testing.faked_agent import Effects, Fakes, faked
from functions.sdk.testing.lifetime import Lifetime
from functions.sdk.testing.region_in_memory import EagerClock, RegionInMemory
from functions.sdk.testing.scripts import ANSWER_SECONDS, Script
from functions.sdk.testing.virtual_time import VirtualClock

TENANT = "tester"
#: As deployed by default: so long a worker has for a job before it yields.
WORKER_SECONDS = 110.0
#: So long after a worker was killed its messages come again.
REDELIVERY_SECONDS = 1.0
#: A sweeper comes by so long after an entry has become due.
SWEEP_DELAY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A message in a worker's hands."""

    send: LaneSend
    number: int
    lifetime: Lifetime


@dataclass(slots=True, kw_only=True)
class Cloud:
    """The cloud, from the first job on. `deaths`: at which place the first worker dies, the second, and so on.

    `eager`: each event is durable at once, not up to a quarter of a second later with others.
    """

    agents: Sequence[AgentDefinition]
    fakes: Fakes
    script: Script
    deaths: Sequence[int] = ()
    eager: bool = False
    effects: Effects = field(init=False)
    region: RegionInMemory = field(init=False)
    lives: list[Lifetime] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    ended: dict[str, float] = field(default_factory=dict)
    _advance: AdvanceJob = field(init=False)
    _halted: set[str] = field(default_factory=set)
    _waiting: dict[str, str] = field(default_factory=dict)
    _held: dict["asyncio.Task[None]", _Delivery] = field(default_factory=dict)
    _beside: set["asyncio.Task[None]"] = field(default_factory=set)
    _swept: set[tuple[str, str, str | None]] = field(default_factory=set)
    _failure: BaseException | None = None
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _outside: Context = field(default_factory=copy_context)

    def __post_init__(self) -> None:
        clock = EagerClock() if self.eager else VirtualClock()
        self.effects = Effects(self.script.memory.values)
        self.region = RegionInMemory(agents=self.agents, see=self._see, take=self._take, clock=clock)
        self._hire()

    async def run(self, agent: str, value: Json, cancel_after: float | None) -> str:
        """Submit a job, see it and all that it calls to their ends, and return its id."""
        request = SubmitRequest(tenant=TENANT, agent=agent, input=value, idempotency_key="test")
        await self.region.process().submit_job().submit(request)
        job = job_id(TENANT, "test")
        if cancel_after is not None:
            self._do_beside(self._cancel(job, cancel_after))
        sweeper = self.region.process().sweep_jobs()
        while not self._over():
            self._woken.clear()
            if not await self._woken_before_due():
                now = self.region.clock.now()
                self._swept |= {entry for entry in self._entries() if entry[1] <= now}
                await sweeper.sweep()
        await self._leave()
        return job

    def state(self, job: str) -> JobState:
        """Return the state of a job."""
        state = fold([row.segment for row in self.region.table.segments.values() if row.segment.job_id == job])
        assert state is not None
        return state

    async def value(self, recorded: Json) -> Json:
        """Return the value that was recorded, also where it is kept as a payload."""
        return await self.region.process().payloads.resolve(TENANT, recorded)

    def _over(self) -> bool:
        if self._failure is not None:
            raise self._failure
        return set(self.jobs) == self.ended.keys() | self._halted

    def _see(self, segment: Segment) -> None:
        """Look at what has become durable."""
        job = segment.job_id
        for event in segment.events:
            match event:
                case JobSubmitted():
                    self.jobs.append(job)
                case JobSucceeded() | JobFailed() | JobCancelled():
                    self.ended[job] = self.region.clock.monotonic()
                    self._woken.set()
                case JobPaused() | JobStopped():
                    self._halted.add(job)
                    self._woken.set()
                case JobResumed() | CancelRequested():
                    self._halted.discard(job)
                case JobWaiting(until=until):
                    self._waiting[job] = until
                case AttemptStarted():
                    self._waiting.pop(job, None)
                case StepSucceeded(step=step) | StepFailed(step=step):
                    self.effects.recorded.add(f"{job}/{step}")
                case WaitOpened():
                    self._do_beside(self._answer(job, event))
                case _:
                    pass

    # workers

    def _hire(self) -> None:
        """Have a new worker in place of the one that is gone."""
        number = len(self.lives)
        life = Lifetime(self.deaths[number] if number < len(self.deaths) else None)
        self.lives.append(life)
        agents = [faked(agent, self.fakes, self.effects, life, eager=self.eager) for agent in self.agents]
        self._advance = self.region.process(life).advance_job(agents, self.script, f"worker-{number + 1}")

    def _take(self, send: LaneSend) -> None:
        self._deliver_later(send.delay_seconds, send, 1)

    def _deliver_later(self, seconds: float, send: LaneSend, number: int) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, self._deliver, send, number, context=self._outside.copy())

    def _deliver(self, send: LaneSend, number: int) -> None:
        """Give a message to the worker. That one job is run twice at once is the runtime's affair, not the author's."""
        message, life = send.message, self.lives[-1]
        held = {each.send.message.job_id for each in self._held.values() if each.lifetime is life}
        if message.job_id in held and (number > 1 or message.reason == "stalled"):
            return
        stop_at = self.region.clock.monotonic() + WORKER_SECONDS
        task = life.begin(self._advance.advance(message, delivery=number, stop_at=stop_at))
        self._held[task] = _Delivery(send, number, life)
        task.add_done_callback(self._delivered)

    def _delivered(self, task: "asyncio.Task[None]") -> None:
        delivery = self._held.pop(task, None)
        self._woken.set()
        error = None if task.cancelled() else task.exception()
        if delivery is not None and delivery.lifetime.over.is_set():
            self._deliver_later(REDELIVERY_SECONDS, delivery.send, delivery.number + 1)
        elif error is not None:
            self._failure = error

    # the sweeper

    async def _woken_before_due(self) -> bool:
        """Wait until something has happened, or the sweeper has something to see to; say whether it is the former."""
        woken, died = asyncio.create_task(self._woken.wait()), asyncio.create_task(self.lives[-1].over.wait())
        try:
            await asyncio.wait({woken, died}, timeout=self._seconds_to_sweep(), return_when=asyncio.FIRST_COMPLETED)
            if died.done():
                await self.lives[-1].buried()
                self._hire()
            return woken.done() or died.done()
        finally:
            woken.cancel()
            died.cancel()

    def _seconds_to_sweep(self) -> float | None:
        due = min((entry[1] for entry in self._entries() if entry not in self._swept), default=None)
        if due is None:
            return None
        return max(0.0, seconds_between(self.region.clock.now(), due)) + SWEEP_DELAY_SECONDS

    def _entries(self) -> Iterator[tuple[str, str, str | None]]:
        """Yield the entries of the due index: which job, when, and by whose head.

        A job that waits for a year is looked at each hour, which would come to nothing here.
        """
        table = self.region.table
        for row in table.segments.values():
            if row.due is not None:
                yield row.segment.job_id, row.due.at, None
        for arrived in table.arrivals.values():
            yield arrived.arrival.job_id, arrived.arrival.at, None
        for head in table.heads.values():
            if head.due_at is not None:
                yield head.job_id, max(head.due_at, self._waiting.get(head.job_id, "")), head.region

    # people

    async def _answer(self, job: str, opened: WaitOpened) -> None:
        """Send a job that waits what the script has for it."""
        reply = self.script.reply(job, opened)
        if reply is None:
            return
        half = seconds_between(opened.at, opened.until) / 2
        await self.region.clock.sleep(min(ANSWER_SECONDS, half) if reply.after is None else reply.after)
        signal = (opened.about or {}).get("signal")
        kind = ArrivalKind.DECISION if signal is None else ArrivalKind.SIGNAL
        name = opened.step if signal is None else f"{signal}/{opened.step}"
        state = self.state(job)
        if not state.finished:
            send = self.region.process().send_arrival()
            await send.send_once(job, state, kind, name, by=reply.by, body=reply.body)

    async def _cancel(self, job: str, after: float) -> None:
        await self.region.clock.sleep(after)
        state = self.state(job)
        if not state.finished:
            send, reason = self.region.process().send_arrival(), "cancelled by the test"
            await send.send(job, state, ArrivalKind.CANCEL, "test", by="tester", body=reason)

    def _do_beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what no worker does, and what goes on when the worker that brought it about is killed."""
        task = self._outside.copy().run(asyncio.get_running_loop().create_task, work)
        self._beside.add(task)
        task.add_done_callback(self._done_beside)

    def _done_beside(self, task: "asyncio.Task[None]") -> None:
        self._beside.discard(task)
        self._woken.set()
        if not task.cancelled():
            self._failure = self._failure or task.exception()

    async def _leave(self) -> None:
        """End what is still under way when everything has come to its end."""
        left = [*self._held, *self._beside]
        self._held.clear()
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
