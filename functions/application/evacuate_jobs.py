"""Hand over what an evacuated Region has not finished, and count what is left: done by its sweeper instead of sweeping.

Workers hand over the jobs that they hold, and those whose messages they get. Everything else is found here: jobs that
wait for a timer, a decision or another job, and jobs whose message is lost. A pass may be cut short anywhere and begun
again: an append is made once, and what was handed over is told to the peer until it has begun with it.
"""

import asyncio
from dataclasses import dataclass, field
from enum import Enum, auto

from functions.application.change_hands import ChangeHands
from functions.application.keep_pace import Pace
from functions.application.ports import AppendConflict, Clock, HistoryStore, Lanes, Projections
from functions.application.read_state import read_state
from functions.application.record_steps import Journal
from functions.application.run_attempt import DRAIN_SECONDS, LOOK_SECONDS
from functions.application.sweep_jobs import SweepJobs
from functions.application.walk_due import walk_due
from functions.application.watch_standing import FRESH_SECONDS
from functions.domain.job.decider import start_not_before
from functions.domain.job.events import UnreadableEvent
from functions.domain.job.history import DueEntry, JobRecord
from functions.domain.job.state import JobState
from functions.domain.moments import seconds_between

#: So long after the Region was told to go a worker may begin with a job that it has a message of: it goes by what was
#: read a while ago, and looks again from time to time. What it has begun it writes down with its first step only.
LEARNT_SECONDS = FRESH_SECONDS + LOOK_SECONDS


class _Fate(Enum):
    OVER = auto()
    GONE = auto()
    HANDING = auto()
    RUNNING = auto()
    LEFT = auto()


@dataclass(frozen=True, slots=True)
class Tally:
    """What a pass found. `left` are still this Region's, `running` of these at a worker; `handing` are handed over, but
    the peer has not begun with them; `handed_over` are all that were, since this process began. `whole`: all was seen.
    """

    left: int = 0
    running: int = 0
    handing: int = 0
    handed_over: int = 0
    whole: bool = True

    @property
    def done(self) -> bool:
        """Whether nothing of this Region's is left here."""
        return self.whole and not (self.left or self.handing)


@dataclass(slots=True, kw_only=True)
class EvacuateJobs:
    """The use case. An instance remembers whom it has told of what."""

    history: HistoryStore
    projections: Projections
    lanes: Lanes
    hands: ChangeHands
    sweep: SweepJobs
    clock: Clock
    region: str
    stall_seconds: float
    per_second: float = 400.0
    learnt_seconds: float = LEARNT_SECONDS
    _order: str = ""
    _learnt_at: float = 0.0
    _told_at: dict[str, float] = field(default_factory=dict)
    _handed_over: set[str] = field(default_factory=set)
    _pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.clock, self.per_second)

    async def evacuate(self, told_at: str, seconds: float) -> Tally:
        """Go through the Region's jobs once, for about so many seconds. Raises StateUnavailable, LaneUnavailable."""
        until = self.clock.monotonic() + seconds
        if self._order != told_at:
            self._order, self._learnt_at = told_at, self.clock.monotonic() + self.learnt_seconds
        fates: dict[str, _Fate] = {}
        whole = True
        async for batch in walk_due(self.projections, self.lanes.names(), self.region):
            if self.clock.monotonic() >= until:
                whole = False
                break
            await self._pace.take(len(batch))
            found = await asyncio.gather(*(self._see_to(entry, told_at) for entry in batch))
            fates.update((entry.job_id, fate) for entry, fate in zip(batch, found, strict=True))
        self._handed_over.update(job for job, fate in fates.items() if fate in (_Fate.GONE, _Fate.HANDING))
        count = list(fates.values()).count
        left = count(_Fate.LEFT) + count(_Fate.RUNNING)
        return Tally(left, count(_Fate.RUNNING), count(_Fate.HANDING), len(self._handed_over), whole)

    async def _see_to(self, entry: DueEntry, told_at: str) -> _Fate:
        job_id = entry.job_id
        try:
            record, state = await read_state(self.history, job_id)
        except UnreadableEvent:
            return _Fate.LEFT
        if state is None:
            return _Fate.OVER  # its entry came before it: it is looked at when it is here
        if await self.sweep.settle_if_over(entry, record, state):
            return _Fate.GONE if state.owner_region != self.region else _Fate.OVER
        if state.owner_region != self.region:
            return _Fate.HANDING  # the peer's epoch is on its way
        if state.handed_to is not None:
            await self._tell_again(job_id, state)
            return _Fate.HANDING
        if not state.complete:
            return _Fate.LEFT
        if self._is_at_a_worker(record, state, told_at):
            return _Fate.RUNNING
        if self._may_be_begun(state):
            return _Fate.LEFT
        try:
            await self.hands.hand_over(job_id, record, state, self._journal(job_id, state))
        except AppendConflict:
            return _Fate.RUNNING  # a worker has just written
        self._told_at[job_id] = self.clock.monotonic()
        return _Fate.HANDING

    async def _tell_again(self, job_id: str, state: JobState) -> None:
        told_at = self._told_at.get(job_id)
        if told_at is None or self.clock.monotonic() - told_at >= self.stall_seconds:
            self._told_at[job_id] = self.clock.monotonic()
            await self.hands.tell(job_id, state)

    def _is_at_a_worker(self, record: JobRecord, state: JobState, told_at: str) -> bool:
        """Whether a worker has it, which will hand it over itself; but for so long only."""
        now, head = self.clock.now(), record.head_of(self.region)
        if state.status != "running" or seconds_between(told_at, now) > DRAIN_SECONDS + self.stall_seconds:
            return False
        alive = head is not None and head.due_at is not None and head.due_at > now
        return alive or seconds_between(state.updated_at, now) < self.stall_seconds

    def _may_be_begun(self, state: JobState) -> bool:
        """Whether a worker that does not know yet may have begun with it, unwritten as yet (seed 22407 with leases)."""
        if state.status != "queued" or state.attempts or self.clock.monotonic() >= self._learnt_at:
            return False
        start = start_not_before(state)
        return start is None or start <= self.clock.now()

    def _journal(self, job_id: str, state: JobState) -> Journal:
        return Journal(
            history=self.history,
            clock=self.clock,
            job_id=job_id,
            epoch=state.epoch,
            region=self.region,
            next_sequence=state.last.sequence + 1,
        )
