"""One attempt at a job: its agent runs until it ends, until all it does is wait, or until the worker's time is over.

Beside it a watcher keeps the job's due time ahead of the sweeper, and takes in what arrives meanwhile.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from functions.application.agent_ports import Agent, Agents, ContinueAsNew
from functions.application.call_child import CallChild
from functions.application.heed_limits import Permit
from functions.application.keep_payloads import KeepPayloads
from functions.application.lease_ports import UNFENCED, Fence
from functions.application.ports import (
    Alarm,
    AppendConflict,
    Clock,
    Entropy,
    HistoryStore,
    Model,
    PayloadUnavailable,
    Projections,
    StateUnavailable,
)
from functions.application.record_steps import Journal
from functions.application.redrive_letters import RedriveLetters
from functions.application.replay_steps import Recorder
from functions.application.standing_ports import Outlook
from functions.application.step_book import YieldNow
from functions.application.step_ends import LONGEST_DETAIL, ReplayDiverged
from functions.application.switch_ports import Pauses
from functions.application.wait_in_job import Idle, Waiting
from functions.application.weigh_errors import weightiest
from functions.domain.errors import AntipodeError
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.decider import unheard
from functions.domain.job.events import (
    AttemptYielded,
    CancelRequested,
    Event,
    JobAdmitted,
    JobCancelled,
    JobContinued,
    JobFailed,
    JobPaused,
    JobRedriven,
    JobResumed,
    JobStopped,
    JobSucceeded,
    JobWaiting,
    Json,
)
from functions.domain.job.history import Head
from functions.domain.job.redrive import link_after, terms_in
from functions.domain.job.state import JobState, head_of
from functions.domain.job.turns import memory_in
from functions.domain.moments import add_seconds
from functions.domain.payload import size_of_value

Result = TypeVar("Result")

#: So often a running job looks whether something has arrived for it.
LOOK_SECONDS = 2.0
#: A step that is under way when the worker's time is over gets so much longer, then it is given up.
OVERTIME_SECONDS = 5.0
#: So long a step under way may go on when its Region is evacuated; then it is given up, and done again elsewhere.
DRAIN_SECONDS = 60.0
#: Why an attempt ended whose job is then handed over.
EVACUATED = "evacuated"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAttempt:
    """What attempts share. An attempt ends with an event, which the caller writes."""

    history: HistoryStore
    projections: Projections
    agents: Agents
    model: Model
    children: CallChild
    payloads: KeepPayloads
    redrives: RedriveLetters
    clock: Clock
    entropy: Entropy
    region: str
    stall_seconds: float
    pauses: Pauses | None = None
    permit: Permit = field(default_factory=Permit)
    fence: Fence = UNFENCED
    outlook: Outlook | None = None

    async def run(
        self, journal: Journal, state: JobState, news: tuple[Arrival, ...], head: Head | None, stop_at: float
    ) -> Event:
        """Run the job's agent. Raises AppendConflict, StateUnavailable: then the job is left as it is."""
        agent = self.agents.find(state.job.agent, state.job.agent_version)
        if agent is None:
            detail = f"this release has no agent {state.job.agent!r} in version {state.job.agent_version!r}"
            return stopped(state, state.cancel, self.clock.now(), "agent_version_missing", detail)
        waiting = Waiting(self.clock, stop_at, list(news))
        recorder = Recorder(
            journal=journal,
            state=state,
            model=self.model,
            clock=self.clock,
            entropy=self.entropy,
            waiting=waiting,
            children=self.children,
            projections=self.projections,
            payloads=self.payloads,
            redrives=self.redrives,
            fence=self.fence,
        )
        attempt = _Attempt(self, recorder, waiting, state, head)
        return await attempt.run(agent)


class _Over:
    """Who is told that an attempt is over, whatever the reason, and what runs beside its agent until then."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.told: asyncio.Future[None] = loop.create_future()
        self._beside: list[asyncio.Task[Any]] = []

    def tell(self, _: object = None) -> None:
        """Have it be over."""
        if not self.told.done():
            self.told.set_result(None)

    def beside(self, work: Coroutine[Any, Any, Result]) -> "asyncio.Task[Result]":
        """Do something beside the agent."""
        task = asyncio.create_task(work)
        self._beside.append(task)
        return task

    async def end(self, main: "asyncio.Task[Json]") -> None:
        """End what still runs."""
        if main.done() and not self._beside:
            main.cancelled() or main.exception()  # so that it counts as seen: what broke the recorder is raised instead
            return
        for task in (main, *self._beside):
            task.cancel()
        await asyncio.gather(main, *self._beside, return_exceptions=True)


@dataclass(slots=True)
class _Attempt:
    """One of them, under way."""

    parts: RunAttempt
    recorder: Recorder
    waiting: Waiting
    state: JobState
    head: Head | None
    pause: Arrival | None = None
    cancel: CancelRequested | None = None
    left_for: str | None = None
    idle: asyncio.Task[Idle] | None = None
    known: set[str] = field(default_factory=set)

    async def run(self, agent: Agent) -> Event:
        """Run the agent until it has ended or must be left."""
        main = asyncio.create_task(self._run_agent(agent))
        self.known = {arrival.key for arrival in self.waiting.inbox}
        over = _Over(asyncio.get_running_loop())
        main.add_done_callback(over.tell)
        self.waiting.look = self._look
        self.waiting.first_wait = lambda: self._leave_when_idle(over)
        begin = self._watch_from_now_on(over)
        try:
            await over.told
        finally:
            ended_by_itself = main.done()
            self.recorder.close()
            begin.cancel()
            await over.end(main)
            await self.recorder.stop()
        if self.recorder.broken is not None:
            raise self.recorder.broken
        if ended_by_itself:
            return self._end(main)
        now = self.parts.clock.now()
        if self.pause is not None:
            return self._paused(self.pause)
        if self.idle is not None and not self.idle.cancelled():
            found = self.idle.result()
            return JobWaiting(at=now, until=found.until, awaits=found.awaits)
        reason = self.left_for if self.left_for == EVACUATED else "overtime"
        return AttemptYielded(at=now, seconds_left=self._seconds_left(), reason=reason)

    def _leave_when_idle(self, over: "_Over") -> None:
        self.idle = over.beside(self.waiting.idle())
        self.idle.add_done_callback(over.tell)

    async def _run_agent(self, agent: Agent) -> Json:
        payloads, tenant = self.parts.payloads, self.state.job.tenant
        given = await payloads.resolve(tenant, self.state.input)
        try:
            result = await self.recorder.to_its_end(agent.run(self.recorder, given))
            return await payloads.externalise(tenant, result, size_of_value(result, "the result"))
        except ContinueAsNew as again:
            size = size_of_value(again.value, "the input to continue with")
            raise ContinueAsNew(await payloads.externalise(tenant, again.value, size)) from again

    def _end(self, main: "asyncio.Task[Json]") -> Event:
        """Return the event that an agent which has ended leads to. Raises what is not about the job itself."""
        now = self.parts.clock.now()
        cancel = self.cancel or self.state.cancel
        error: BaseException | None = asyncio.CancelledError() if main.cancelled() else main.exception()
        if isinstance(error, BaseExceptionGroup):
            error = weightiest(error)
        match error:
            case AppendConflict() | StateUnavailable() | PayloadUnavailable():
                raise error
            case YieldNow() if self.pause is not None:
                return self._paused(self.pause)
            case YieldNow():
                return AttemptYielded(at=now, seconds_left=self._seconds_left(), reason=self.left_for or "time")
            case ReplayDiverged():
                return stopped(self.state, cancel, now, "replay_diverged", str(error)[:LONGEST_DETAIL])
            case _ if cancel is not None and self.recorder.told_of_cancel:  # else it came too late to undo anything
                return JobCancelled(at=now, by=cancel.by, reason=cancel.reason)
            case None:
                return JobSucceeded(at=now, result=main.result())
            case ContinueAsNew(value=value):
                return JobContinued(at=now, input=value)
            case AntipodeError():
                return JobFailed(at=now, code=error.code, detail=error.detail[:LONGEST_DETAIL])
            case Exception():
                detail = f"{type(error).__name__}: {error}"[:LONGEST_DETAIL]
                return JobFailed(at=now, code="agent_raised", detail=detail)
            case _:
                raise error

    def _paused(self, pause: Arrival) -> JobPaused:
        return JobPaused(at=self.parts.clock.now(), by=pause.by, arrival=pause.key)

    def _seconds_left(self) -> float:
        return round(self.waiting.stop_at - self.parts.clock.monotonic(), 3)

    def _watch_from_now_on(self, over: "_Over") -> Alarm:
        """Have the watchers begun when the first of them has something to do: most attempts are over before that."""
        alive = self.parts.stall_seconds / 3
        left = max(0.0, self.waiting.stop_at - self.parts.clock.monotonic()) + OVERTIME_SECONDS
        soonest = min(LOOK_SECONDS, alive, left)

        def begin() -> None:
            over.beside(self._keep_alive(alive - soonest))
            over.beside(self._look_out(LOOK_SECONDS - soonest, over))
            over.beside(self._give_up(left - soonest, over))

        return self.parts.clock.call_later(soonest, begin)

    async def _give_up(self, pause: float, over: "_Over") -> None:
        """Leave an agent that is still at a step when its time is over."""
        await self.parts.clock.sleep(pause)
        over.tell()

    async def _keep_alive(self, pause: float) -> None:
        """Keep the job's due time ahead of the sweeper, which would else start it a second time."""
        while True:
            await self.parts.clock.sleep(pause)
            pause = self.parts.stall_seconds / 3
            due_at = add_seconds(self.parts.clock.now(), self.parts.stall_seconds)
            job_id, region = self.recorder.job_id, self.parts.region
            head = head_of(job_id, self.state, region, self.head, due_at, status="running")
            with contextlib.suppress(StateUnavailable):
                await self.parts.projections.put_head(head)

    async def _look_out(self, pause: float, over: "_Over") -> None:
        """Take in what arrives for the job while it runs."""
        await self.parts.clock.sleep(pause)
        with contextlib.suppress(AppendConflict, StateUnavailable):  # which the next step is told
            await self.recorder.journal.flush()  # so that whoever asks something of the job sees that it runs
        while True:
            await self._heed_switches(over)
            with contextlib.suppress(StateUnavailable):
                await self._look()
            await self.parts.clock.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        arrivals = await self.parts.history.arrivals(self.recorder.job_id)
        for arrival in unheard(self.state, arrivals, self.parts.region):
            if arrival.key not in self.known:
                self.known.add(arrival.key)
                self._take_in(arrival)

    async def _heed_switches(self, over: "_Over") -> None:
        """Stop before the next step when the tenant or the agent is paused, unless the job is to undo its work.

        So, too, when a limit's slot may soon be somebody else's, or the Region is evacuated, whatever the job is to do.
        """
        job, pauses, outlook = self.state.job, self.parts.pauses, self.parts.outlook
        if outlook is not None and await outlook.hands_over():
            if self.left_for != EVACUATED:
                over.beside(self._give_up(DRAIN_SECONDS, over))
            self.left_for, self.recorder.pausing = EVACUATED, True
        elif self.parts.permit.lost or (
            pauses is not None and not self._to_end and await pauses.pausing(job.tenant, job.agent) is not None
        ):
            self.left_for, self.recorder.pausing = self.left_for or "paused", True

    @property
    def _to_end(self) -> bool:
        return self.cancel is not None or self.state.cancel is not None

    def _take_in(self, arrival: Arrival) -> None:
        match arrival.kind:
            case ArrivalKind.CANCEL:
                event = request_event(arrival, self.parts.clock.now())
                assert isinstance(event, CancelRequested)
                self.recorder.journal.record(event)
                if not self._to_end:  # an agent that undoes its work is left to it
                    self.recorder.cancel()
                self.cancel, self.pause, self.recorder.pausing = event, None, False
            case ArrivalKind.PAUSE if not self._to_end:
                self.pause = arrival
                self.recorder.pausing = True
            case ArrivalKind.PAUSE:
                self.recorder.journal.record(request_event(arrival, self.parts.clock.now()))
            case ArrivalKind.RESUME:
                if self.pause is None:  # else it is taken in once the job is halted
                    self.recorder.journal.record(request_event(arrival, self.parts.clock.now()))
            case _:
                self.waiting.arrive([arrival])


def stopped(
    state: JobState, cancel: CancelRequested | None, now: str, code: str, detail: str
) -> JobStopped | JobCancelled:
    """Return the event by which a job that cannot go on is left.

    A cancel ends one that was stopped for this before: whoever asked for that knew that it cannot undo its work.
    """
    if cancel is not None and state.error is not None and state.error["code"] == code:
        return JobCancelled(at=now, by=cancel.by, reason=cancel.reason)
    return JobStopped(at=now, code=code, detail=detail)


def cancelled_by(state: JobState, now: str) -> JobCancelled:
    """Return the end of a job that has done nothing yet, of which somebody has asked that it end."""
    assert state.cancel is not None
    return JobCancelled(at=now, by=state.cancel.by, reason=state.cancel.reason)


def request_event(arrival: Arrival, now: str) -> JobPaused | JobResumed | CancelRequested | JobAdmitted:
    """Return the event by which a request of somebody's, or a session's admission, is taken into the history."""
    match arrival.kind:
        case ArrivalKind.SIGNAL:
            return JobAdmitted(at=now, arrival=arrival.key, memory=memory_in(arrival))
        case ArrivalKind.PAUSE:
            return JobPaused(at=now, by=arrival.by, arrival=arrival.key)
        case ArrivalKind.RESUME:
            return JobResumed(at=now, by=arrival.by, arrival=arrival.key)
        case _:
            reason = arrival.body if isinstance(arrival.body, str) else "cancelled on request"
            return CancelRequested(at=now, by=arrival.by, reason=reason, arrival=arrival.key)


def heeded_event(arrival: Arrival, state: JobState, now: str) -> Event:
    """Return the event by which what was asked of a job that no worker has is taken in."""
    if arrival.kind is not ArrivalKind.REDRIVE:
        return request_event(arrival, now)
    terms, deadline = terms_in(arrival.body), state.job.deadline
    passed = terms.deadline is None and deadline is not None and now >= deadline
    return JobRedriven(
        at=now,
        by=arrival.by,
        arrival=arrival.key,
        agent_version=terms.agent_version,
        deadline=terms.deadline,
        without_deadline=passed or None,
        budget=terms.budget,
        parent=link_after(terms, state.job.parent),
    )
