"""Run a job from its last recorded step to its end, a wait, a yield or a retry.

If the process dies at any line, the message comes back after its visibility timeout, or the sweeper finds the job by
its due time; the next worker folds the history and goes on. Two workers on one job are told apart by the append fence.
"""

import contextlib
from dataclasses import dataclass, replace
from typing import assert_never

from functions.application.agent_ports import Agents
from functions.application.ask_permit import PUT_OFF, ask_permit
from functions.application.call_child import CallChild
from functions.application.change_hands import ChangeHands
from functions.application.flow_ports import FlowCounts
from functions.application.heed_limits import LIMITED, HeedLimits, Permit
from functions.application.keep_payloads import KeepPayloads
from functions.application.lease_ports import UNFENCED, Fence
from functions.application.note_failure import NoteFailure
from functions.application.ports import (
    AppendConflict,
    Clock,
    Entropy,
    HistoryStore,
    Lanes,
    LaneUnavailable,
    Model,
    Projections,
    StateUnavailable,
    hint,
)
from functions.application.read_state import read_state, write_down
from functions.application.record_steps import Journal
from functions.application.redrive_letters import redrives_of
from functions.application.resend_webhooks import ResendWebhooks
from functions.application.run_attempt import RunAttempt, cancelled_by, heeded_event
from functions.application.step_ends import APPROVAL, ask_of, end_event
from functions.application.switch_ports import Pauses
from functions.application.wait_in_job import LINGER_SECONDS
from functions.domain.errors import AntipodeError
from functions.domain.job.arrivals import Arrival
from functions.domain.job.decider import (
    ARRIVED,
    LONGEST_UNSEEN_SECONDS,
    ORPHANED,
    Cancel,
    Decision,
    Enlist,
    Fail,
    Heed,
    Ignore,
    Run,
    Succeed,
    TakeOver,
    Wait,
    decide_advance,
    look_at_halted,
    unheard,
    wakes_now,
)
from functions.domain.job.ended import last_look, status_after
from functions.domain.job.events import (
    AttemptStarted,
    AttemptYielded,
    Event,
    JobContinued,
    JobFailed,
    JobPaused,
    JobStopped,
    JobSucceeded,
    JobWaiting,
)
from functions.domain.job.history import JobRecord, Segment
from functions.domain.job.snapshot import SNAPSHOT_EVENTS
from functions.domain.job.state import JobState, fold, head_of
from functions.domain.job.turns import HELD_LOOK_SECONDS, SESSION_AGENT
from functions.domain.lanes import LONGEST_LANE_DELAY, LaneMessage, can_be_hinted, look_at
from functions.domain.moments import add_seconds, seconds_between


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a job as it is worked on: its record, its state, and the journal that writes on."""

    job_id: str
    record: JobRecord
    state: JobState
    news: tuple[Arrival, ...]
    journal: Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceJob:
    """The use case of every worker, in Lambda and in a container alike. `worker` names the process in the history."""

    history: HistoryStore
    projections: Projections
    lanes: Lanes
    agents: Agents
    model: Model
    children: CallChild
    payloads: KeepPayloads
    failures: NoteFailure
    clock: Clock
    entropy: Entropy
    region: str
    worker: str
    stall_seconds: float
    pauses: Pauses | None = None
    counts: FlowCounts | None = None
    limits: HeedLimits | None = None
    webhooks: ResendWebhooks | None = None
    fence: Fence = UNFENCED
    hands: ChangeHands | None = None

    async def advance(self, message: LaneMessage, *, delivery: int, stop_at: float) -> None:
        """Do what the job needs now. `stop_at` is the monotonic time at which to yield.

        Raises StateUnavailable, LaneUnavailable or PayloadUnavailable when the message must come again.
        """
        if self.hands is None or not await self.hands.outlook.hands_over():
            await self.fence.check()  # to hand a job over begins nothing, and needs no lease
        record, state = await read_state(self.history, message.job_id)
        if state is None:
            return
        with contextlib.suppress(AppendConflict):  # somebody else in this Region is ahead of us
            await self._advance(self._known(message.job_id, record, state), message, delivery, stop_at)

    async def _advance(
        self, known: _Known, message: LaneMessage, delivery: int, stop_at: float, *, heeded: bool = False
    ) -> None:
        match await self._decision(known, message, "" if heeded else message.reason):
            case Ignore():
                if known.state.finished and known.state.owner_region == self.region:
                    await self.children.settle_family(known.job_id, known.state)
                    await self.failures.settle(known.job_id, known.record, known.state)
            case TakeOver(why=why):
                if self.hands is not None:
                    taken = await self.hands.take_over(known.job_id, known.state, why)
                    await self.advance(taken, delivery=delivery, stop_at=stop_at)
            case _ if self.hands is not None and not await self.hands.outlook.may_work():
                await self.hands.leave(known.job_id, known.record, known.state, known.journal)
            case Heed(requests=requests):
                await self._advance(await self._heed(known, requests), message, delivery, stop_at, heeded=True)
            case Wait() | Run() if await self._is_over_already(known, message.reason):
                pass
            case Wait(until=until):
                if not self._hinted_already(known, until):
                    if known.state.adoptions:  # what the lost Region has listed may not have arrived here
                        await self._list_asks(known.job_id, known.state, open=True)
                    await self._look_again(known, until, "due")
            case Fail(code=code, detail=detail):
                await self._conclude(known, JobFailed(at=self.clock.now(), code=code, detail=detail))
            case Cancel():
                await self._conclude(known, cancelled_by(known.state, self.clock.now()))
            case Enlist():
                await self._enlist(known)
            case Succeed(result=result):
                await self._conclude(known, JobSucceeded(at=self.clock.now(), result=result))
            case Run():
                await self.fence.check()
                permit = await self._permit(known)
                if permit is not None:
                    await self._run(known, message, delivery, stop_at, permit)
            case decision:
                assert_never(decision)

    async def _decision(self, known: _Known, message: LaneMessage, reason: str) -> Decision:
        lost = message.reason == ORPHANED and self.hands is not None and await self.hands.peer_lost()
        state, epoch, now, news = known.state, message.epoch, self.clock.now(), known.news
        return decide_advance(state, region=self.region, epoch=epoch, now=now, news=news, reason=reason, peer_lost=lost)

    async def _heed(self, known: _Known, requests: tuple[Arrival, ...]) -> _Known:
        """Take in what people have asked for, and return what is known then."""
        now = self.clock.now()
        events = tuple(heeded_event(request, known.state, now) for request in requests)
        for event in events:
            known.journal.record(event)
        segment = Segment(known.job_id, known.state.epoch, self.region, known.journal.next_sequence, events)
        await self._be_found(known, LONGEST_LANE_DELAY + self.stall_seconds)  # what is due before has its hint
        await known.journal.flush()
        if known.state.finished:
            await self.failures.redriven(known.record)
        record = replace(known.record, segments=(*known.record.segments, segment))
        state = fold(record.segments, record.snapshot)
        assert state is not None
        return self._known(known.job_id, record, state)

    async def _enlist(self, known: _Known) -> None:
        """Ask the turn's session to let it run, and look again at times, for what is said may be lost with a Region."""
        now = self.clock.now()
        try:
            told = await self.children.turns.enlist(known.job_id, known.state)
        except AntipodeError as error:
            await self._conclude(known, JobFailed(at=now, code=error.code, detail=error.detail))
            return
        end = end_event(told, now, by=SESSION_AGENT)
        if end is not None:
            await self._conclude(known, end)
            return
        later = add_seconds(now, HELD_LOOK_SECONDS)
        await self._put_head(known, min(later, known.state.job.deadline or later), "queued")

    async def _run(self, known: _Known, message: LaneMessage, delivery: int, stop_at: float, permit: Permit) -> None:
        await self._be_found(known, self.stall_seconds)
        journal = known.journal
        started = AttemptStarted(at=self.clock.now(), worker=self.worker, reason=message.reason, delivery=delivery)
        journal.record(started)
        if self.counts is not None:
            self.counts.started(known.state, started.at)
        if delivery > 1 or message.reason != "submitted":
            await journal.flush()  # so that a job that kills its worker has its attempts counted
        attempt = RunAttempt(
            history=self.history,
            projections=self.projections,
            agents=self.agents,
            model=self.model,
            children=self.children,
            payloads=self.payloads,
            redrives=redrives_of(self.children.send, self.agents, self.failures, self.clock, self.webhooks),
            clock=self.clock,
            entropy=self.entropy,
            region=self.region,
            stall_seconds=self.stall_seconds,
            pauses=self.pauses,
            permit=permit,
            fence=self.fence,
            outlook=None if self.hands is None else self.hands.outlook,
        )
        try:
            async with permit:
                end = await attempt.run(journal, known.state, known.news, known.record.head_of(self.region), stop_at)
            await self._leave(known, end)
        finally:
            await journal.close()

    async def _permit(self, known: _Known) -> Permit | None:
        """Return the permit to run the job. One that may not run is put off, unless a hint is on its way already."""
        now = self.clock.now()
        found = await ask_permit(self.pauses, self.limits, known.job_id, known.state, now, self.entropy)
        if isinstance(found, Permit):
            return found
        head = known.record.head_of(self.region)
        noted = head.due_at if head is not None and head.status == found.status else None
        if noted is None or noted <= add_seconds(now, self.stall_seconds):
            await self._look_again(known, found.until, found.status)
        return None

    async def _be_found(self, known: _Known, seconds: float) -> None:
        """Let the sweeper find it if this worker dies: if woken early it is noted for later, if ended nowhere."""
        head, now, job = known.record.head_of(self.region), self.clock.now(), known.state.job
        noted = job.run_at if head is None else head.due_at
        stood = head is None and add_seconds(job.run_at or job.at, self.stall_seconds) <= now
        if known.state.finished or stood or (noted is not None and noted > add_seconds(now, seconds)):
            await self._put_head(known, add_seconds(now, self.stall_seconds), known.state.status)

    async def _leave(self, known: _Known, end: Event) -> None:
        """Write how an attempt has ended, and see to it that the job is looked at again when it needs it."""
        match end:
            case JobWaiting(until=until):
                known.journal.record(end)
                await known.journal.flush()
                await self._look_again(known, min(until, known.state.job.deadline or until), "due")
                await self._look_once_more(known)
            case JobPaused() | JobStopped():
                known.journal.record(end)
                await known.journal.flush()
                await self._put_head(known, look_at_halted(known.state, self.clock.now()), "waiting")
                await self._look_once_more(known)
            case AttemptYielded(reason="evacuated") if self.hands is not None:
                known.journal.record(end)
                await self.hands.hand_over(known.job_id, known.record, known.state, known.journal)
            case AttemptYielded() | JobContinued():
                if isinstance(end, JobContinued):
                    await self._end_left_children(known)
                known.journal.record(end)
                await known.journal.flush()
                await self._look_again(known, self.clock.now(), "yielded")
                if known.journal.next_sequence - known.record.snapshot_sequence > SNAPSHOT_EVENTS:
                    await self._look_once_more(known)
            case _:
                await self._conclude(known, end)

    async def _end_left_children(self, known: _Known) -> None:
        """Before the agent begins anew: nobody will wait for the children that it has left behind."""
        await known.journal.flush()
        _, state = await read_state(self.history, known.job_id)
        if state is not None:
            await self.children.end_children(state, "the job that called it has begun anew")

    async def _look_once_more(self, known: _Known) -> None:
        """What arrived before the job was seen to wait has sent no hint: look for it now that it is seen to.

        Whoever sends something writes it first and then looks whether the job waits; we do it the other way round, so
        one of the two sees the other.
        """
        record, state = await read_state(self.history, known.job_id)
        if state is None:
            return
        await write_down(self.projections, known.job_id, record, state, self.region)
        if wakes_now(state, unheard(state, record.arrivals, self.region), self.clock.now()):
            await self._hint(known, ARRIVED, 0.0)

    async def _is_over_already(self, known: _Known, reason: str) -> bool:
        """See to a job that somebody has been told has ended, or whose parent has."""
        told = await self._end_already_told(known, reason)
        if told is not None:
            await self._conclude(known, told)
            return True
        return await self.children.outlives_parent(known.job_id, known.state)

    async def _end_already_told(self, known: _Known, reason: str) -> Event | None:
        """A job that was adopted may have ended before, with a part of its history that is lost: see CallChild.

        So may one that the sweeper starts afresh: its Region may have been lost and come back before it was adopted.
        """
        state, now = known.state, self.clock.now()
        afresh = reason in ("stalled", "due") and state.waiting_until is None
        if not (state.adoptions or afresh):
            return None
        end = end_event(await self.children.end_from_parent(state), now, by="parent")
        if end is None and state.job.session is not None:
            end = end_event(await self.children.turns.end_told(known.job_id, state), now, by=SESSION_AGENT)
        return end

    async def _conclude(self, known: _Known, outcome: Event) -> None:
        if known.state.adoptions:  # what somebody has been told may have arrived here meanwhile
            outcome = await self._end_already_told(known, "") or outcome
        known.journal.record(outcome)
        await known.journal.finish()
        if self.counts is not None:
            self.counts.ended(known.state.job.lane, failed=isinstance(outcome, JobFailed))
        alone = known.state.job.parent is None and known.state.job.session is None
        if not alone or known.state.waits or known.journal.opened_waits:
            await self._settle_others(known)
        if isinstance(outcome, JobFailed):
            await self.failures.failed(known.job_id, known.state, outcome)
        else:
            await self.failures.redriven(known.record)
        await self._settle_head(known, outcome)  # last, for by it the sweeper finds what is left undone

    async def _settle_others(self, known: _Known) -> None:
        """Tell whoever has to do with a job that it has ended."""
        _, state = await read_state(self.history, known.job_id)
        if state is None or not state.finished:
            return  # the peer has taken the job over meanwhile: it has not ended, whatever we have written
        await self.children.settle_family(known.job_id, state)
        await self._list_asks(known.job_id, state, open=False)

    async def _list_asks(self, job_id: str, state: JobState, *, open: bool) -> None:
        for wait in state.waits.values():
            if wait.step_kind == APPROVAL:
                await self.projections.put_ask(ask_of(job_id, state, wait, self.region, open=open))

    async def _settle_head(self, known: _Known, outcome: Event) -> None:
        """Take the job off the due index, if it is there by a head: see `last_look`. If it ended at once it is not."""
        head, status = known.record.head_of(self.region), status_after(outcome)
        look = last_look(known.state, head, status, outcome.at, self.clock.now())
        if head is None and look is None and self.clock.monotonic() - known.journal.opened_at < self.stall_seconds / 3:
            return
        last = known.journal.next_sequence - 1
        settled = replace(head_of(known.job_id, known.state, self.region, head, look, status=status), sequence=last)
        with contextlib.suppress(StateUnavailable):  # a projection: the sweeper will find and settle it
            await self.projections.put_head(settled)

    async def _look_again(self, known: _Known, at: str, reason: str) -> None:
        """Note when the job is due, then send the hint: if the hint is lost, the sweeper goes by the note."""
        now = self.clock.now()
        status = {"yielded": "running", PUT_OFF: PUT_OFF, LIMITED: LIMITED}.get(reason, "waiting")
        unseen = add_seconds(now, LONGEST_UNSEEN_SECONDS)
        await self._put_head(known, min(look_at(now, at, self.stall_seconds), unseen), status)
        if can_be_hinted(now, at):
            await self._hint(known, reason, max(0.0, seconds_between(now, at)))

    def _hinted_already(self, known: _Known, until: str) -> bool:
        """Whether a hint for this very moment is on its way: else each early hint would beget another."""
        head = known.record.head_of(self.region)
        far = seconds_between(self.clock.now(), until) > LINGER_SECONDS
        return far and head is not None and head.due_at == add_seconds(until, self.stall_seconds)

    async def _hint(self, known: _Known, reason: str, delay: float) -> None:
        with contextlib.suppress(LaneUnavailable):
            await self.lanes.send([hint(known.job_id, known.state.epoch, known.state.job, reason, delay)])

    async def _put_head(self, known: _Known, due_at: str, status: str) -> None:
        old = known.record.head_of(self.region)
        await self.projections.put_head(head_of(known.job_id, known.state, self.region, old, due_at, status=status))

    def _known(self, job_id: str, record: JobRecord, state: JobState) -> _Known:
        journal = Journal(
            history=self.history,
            clock=self.clock,
            job_id=job_id,
            epoch=state.epoch,
            region=self.region,
            next_sequence=state.last.sequence + 1,
            opened_at=self.clock.monotonic(),
        )
        return _Known(job_id, record, state, unheard(state, record.arrivals, self.region), journal)
