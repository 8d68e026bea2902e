"""Run a job from its last recorded step to its end, a wait, a yield or a retry.

If the process dies at any line, the message comes back after its visibility timeout, or the sweeper finds the job by
its due time; the next worker folds the history and goes on. Two workers on one job are told apart by the append fence.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import assert_never

from functions.application.ports import (
    Agents,
    AppendConflict,
    Clock,
    Entropy,
    HistoryStore,
    Lanes,
    LaneSend,
    LaneUnavailable,
    Model,
    ModelUnavailable,
    Projections,
    StateUnavailable,
)
from functions.application.record_steps import Journal, Recorder, YieldNow, size_of
from functions.application.submit_job import LONGEST_LANE_DELAY
from functions.domain.errors import AntipodeError
from functions.domain.job.decider import Fail, Ignore, Run, Wait, decide_advance, retry_moment
from functions.domain.job.events import (
    AttemptFailed,
    AttemptStarted,
    AttemptYielded,
    Event,
    JobFailed,
    JobSucceeded,
)
from functions.domain.job.history import Head, JobRecord
from functions.domain.job.state import JobState, fold
from functions.domain.lanes import LaneMessage
from functions.domain.moments import add_seconds, seconds_between

#: Of an error's text so much is kept.
LONGEST_DETAIL = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceJob:
    """The use case of every worker, in Lambda and in a container alike. `worker` names the process in the history."""

    history: HistoryStore
    projections: Projections
    lanes: Lanes
    agents: Agents
    model: Model
    clock: Clock
    entropy: Entropy
    region: str
    worker: str
    stall_seconds: float

    async def advance(self, message: LaneMessage, *, delivery: int, stop_at: float) -> None:
        """Do what the job needs now. `stop_at` is the monotonic time at which to yield.

        Raises StateUnavailable or LaneUnavailable when the message must come again.
        """
        record = await self.history.read(message.job_id)
        state = fold(record.segments)
        decision = decide_advance(state, region=self.region, epoch=message.epoch, now=self.clock.now())
        if state is None or isinstance(decision, Ignore):
            return
        match decision:
            case Wait(until=until):
                await self._look_again(message.job_id, record, state, until, "due")
            case Fail(code=code, detail=detail):
                journal = self._journal(message.job_id, state)
                await self._conclude(journal, record, state, JobFailed(at=self.clock.now(), code=code, detail=detail))
            case Run():
                with contextlib.suppress(AppendConflict):  # somebody else in this Region is ahead of us
                    await self._run(message, delivery, stop_at, record, state)
            case _:
                assert_never(decision)

    async def _run(
        self, message: LaneMessage, delivery: int, stop_at: float, record: JobRecord, state: JobState
    ) -> None:
        journal = self._journal(message.job_id, state)
        started = AttemptStarted(at=self.clock.now(), worker=self.worker, reason=message.reason, delivery=delivery)
        journal.record(started)
        if delivery > 1 or message.reason != "submitted":
            await journal.flush()  # so that a job that kills its worker has its attempts counted
        recorder = Recorder(journal, state, self.model, self.clock, stop_at)
        try:
            async with self._kept_alive(message.job_id, record, state):
                outcome = await self._outcome(recorder, state)
        except YieldNow:
            left = stop_at - self.clock.monotonic()
            journal.record(AttemptYielded(at=self.clock.now(), seconds_left=round(left, 3)))
            await journal.flush()
            await self._look_again(message.job_id, record, state, self.clock.now(), "yielded")
            return
        except ModelUnavailable as error:
            await self._retry_later(journal, record, state, str(error))
            return
        finally:
            await journal.close()
        await self._conclude(journal, record, state, outcome)

    async def _outcome(self, recorder: Recorder, state: JobState) -> Event:
        """Run the agent and return the event that ends the job. What is not about the job itself is raised."""
        try:
            agent = self.agents.find(state.job.agent)
            if agent is None:
                raise AntipodeError("unknown_agent", f"this release has no agent {state.job.agent!r}")
            result = await agent.run(recorder, state.job.input)
            size_of(result, "the result")
            return JobSucceeded(at=self.clock.now(), result=result)
        except BaseExceptionGroup as group:  # of branches that ended together
            return self._failed(_weightiest(group))
        except Exception as error:  # noqa: BLE001 - whatever an author's code raises is final: it would only repeat
            return self._failed(error)
        finally:
            await recorder.stop()

    def _failed(self, error: BaseException) -> JobFailed:
        """Return the end of a job whose agent raised this: it would only raise it again. Re-raise all else."""
        match error:
            case AntipodeError():
                return JobFailed(at=self.clock.now(), code=error.code, detail=error.detail[:LONGEST_DETAIL])
            case AppendConflict() | StateUnavailable() | ModelUnavailable():
                raise error
            case Exception():
                detail = f"{type(error).__name__}: {error}"[:LONGEST_DETAIL]
                return JobFailed(at=self.clock.now(), code="agent_raised", detail=detail)
            case _:
                raise error

    async def _conclude(self, journal: Journal, record: JobRecord, state: JobState, outcome: Event) -> None:
        journal.record(outcome)
        try:
            await journal.flush()
        except AppendConflict:
            return  # somebody else in this Region runs the job, and needs its due entry
        await self._settle_head(journal, record, state, outcome)

    async def _settle_head(self, journal: Journal, record: JobRecord, state: JobState, outcome: Event) -> None:
        """Take the job off the due index, if it is there by a head. Jobs that ended at once never had one."""
        head = record.head_of(self.region)
        if head is None and self.clock.monotonic() - journal.opened_at < self._keep_alive_seconds:
            return
        status = "succeeded" if isinstance(outcome, JobSucceeded) else "failed"
        settled = Head(
            journal.job_id,
            self.region,
            state.epoch,
            journal.next_sequence - 1,
            status,
            state.job.lane,
            durability=head.durability if head else None,
        )
        with contextlib.suppress(StateUnavailable):  # a projection: the sweeper will find and settle it
            await self.projections.put_head(settled)

    async def _retry_later(self, journal: Journal, record: JobRecord, state: JobState, detail: str) -> None:
        now = self.clock.now()
        retry_at = retry_moment(now, state.attempts_in_vain + 1, self.entropy.fraction())
        failed = AttemptFailed(at=now, code="model_unavailable", detail=detail[:LONGEST_DETAIL], retry_at=retry_at)
        journal.record(failed)
        await journal.flush()
        await self._look_again(journal.job_id, record, state, retry_at, "retry")

    async def _look_again(self, job_id: str, record: JobRecord, state: JobState, at: str, reason: str) -> None:
        """Note when the job is due, then send the hint: if the hint is lost, the sweeper goes by the note."""
        now = self.clock.now()
        delay = max(0.0, seconds_between(now, at))
        soon = delay <= LONGEST_LANE_DELAY
        await self._put_head(job_id, record, state, add_seconds(at, self.stall_seconds) if soon else at)
        if soon:
            hint = LaneSend(
                state.job.lane, LaneMessage(job_id, state.epoch, reason), state.job.tenant, math.ceil(delay)
            )
            with contextlib.suppress(LaneUnavailable):
                await self.lanes.send([hint])

    async def _put_head(self, job_id: str, record: JobRecord, state: JobState, due_at: str) -> None:
        known = record.head_of(self.region)
        durability = known.durability if known else None
        head = Head(
            job_id, self.region, state.epoch, state.last_sequence, "running", state.job.lane, due_at, durability
        )
        await self.projections.put_head(head)

    @property
    def _keep_alive_seconds(self) -> float:
        return self.stall_seconds / 3

    @contextlib.asynccontextmanager
    async def _kept_alive(self, job_id: str, record: JobRecord, state: JobState) -> AsyncIterator[None]:
        """While the job runs, keep its due time ahead of the sweeper, which would else start it a second time."""

        async def keep() -> None:
            while True:
                await self.clock.sleep(self._keep_alive_seconds)
                due_at = add_seconds(self.clock.now(), self.stall_seconds)
                with contextlib.suppress(StateUnavailable):
                    await self._put_head(job_id, record, state, due_at)

        keeper = asyncio.create_task(keep())
        try:
            yield
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper

    def _journal(self, job_id: str, state: JobState) -> Journal:
        return Journal(
            history=self.history,
            clock=self.clock,
            job_id=job_id,
            epoch=state.epoch,
            region=self.region,
            next_sequence=state.last_sequence + 1,
            opened_at=self.clock.monotonic(),
        )


def _weightiest(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Of the errors in a group return the one that decides: what is not about the job itself comes first."""
    ranks = (AppendConflict, StateUnavailable, YieldNow, ModelUnavailable, AntipodeError)
    errors = list(_single_errors(group))
    foreign = next((error for error in errors if not isinstance(error, (Exception, YieldNow))), None)
    if foreign is not None:
        return foreign
    return min(
        errors, key=lambda error: next((n for n, kind in enumerate(ranks) if isinstance(error, kind)), len(ranks))
    )


def _single_errors(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _single_errors(error)
        else:
            yield error
