"""What of a running job's steps its history holds, what may be begun, and how the ends of steps are kept.

A step's key is its name on its branch, numbered by how often the branch has asked for that name; so it is the same in
every attempt, whatever order branches end in.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field

from functions.application.agent_ports import (
    Cancelled,
    ContinueAsNew,
)
from functions.application.keep_payloads import KeepPayloads
from functions.application.lease_ports import UNFENCED, Fence, RegionFenced
from functions.application.ports import (
    AppendConflict,
    Clock,
    PayloadUnavailable,
    StateUnavailable,
)
from functions.application.read_state import read_state
from functions.application.record_steps import Journal
from functions.application.step_ends import (
    REMEDY,
    ReplayDiverged,
    failure_of,
    same_step,
    tokens_of,
    within_budget,
)
from functions.application.tell_branches import ToldBranches
from functions.application.unasked_steps import UnaskedSteps
from functions.application.wait_in_job import SETTLE_TURNS, Waiting
from functions.domain.errors import AntipodeError
from functions.domain.job.events import (
    Json,
    StepFailed,
    StepSucceeded,
)
from functions.domain.job.progress import CANCELLED
from functions.domain.job.state import JobState, StepEnd
from functions.domain.payload import INLINE_BYTES, from_inline, reference_in, size_of_value

#: Where the peer may have taken the job over, the history is read again after so long, before the next effect. What a
#: lease is relied upon for is more than this and the time that a look at the leases may take.
ALONE_SECONDS = 3.0


class YieldNow(BaseException):
    """The worker's time is nearly over: stop before the next step and let the job go on elsewhere.

    Not an Exception, so that an agent's own `except Exception` cannot take it for a failure of the step.
    """


@dataclass(slots=True, kw_only=True)
class StepBook:
    """The steps of one running job: those that its history holds, and those that are being done."""

    journal: Journal
    state: JobState
    clock: Clock
    waiting: Waiting
    payloads: KeepPayloads
    pausing: bool = False
    broken: Exception | None = None
    fence: Fence = UNFENCED
    _alone_at: float | None = None
    _seen: dict[str, int] = field(default_factory=dict)
    _unasked: UnaskedSteps = field(init=False)
    _steps: int = 0
    _tokens: int = 0
    _stopped: bool = False
    _strayed: bool = False
    _diverged: ReplayDiverged | None = None
    _told: ToldBranches = field(default_factory=ToldBranches)
    _reading: asyncio.Task[None] | None = None
    _inside: list[asyncio.Task[object] | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        here = self.state.steps.values()
        self._steps = self.state.steps_ended - len(here)  # of the rounds before `continue_as_new`
        self._tokens = self.state.input_tokens + self.state.output_tokens - sum(map(tokens_of, here))
        self.waiting.cancelled = self.state.cancel is not None
        self._unasked = UnaskedSteps((*self.state.steps, *self.state.waits, *self.state.tries))

    @property
    def job_id(self) -> str:
        """The job that runs."""
        return self.journal.job_id

    def close(self) -> None:
        """Let nothing more be begun."""
        self._stopped = True

    async def stop(self) -> None:
        """End the branches that the agent has left behind: what they do would be recorded in nobody's history."""
        self._stopped = True
        left = [task for task in self._inside if task is not None and task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if isinstance(self.broken, RegionFenced):
            await self.journal.flush()  # what has been done is written down; if the job is the peer's by now, in vain

    @property
    def told_of_cancel(self) -> bool:
        """Whether the agent has learned that the job is to end, now or in the history."""
        return bool(self._told) or any(map(self._tells_of_cancel, self.state.steps.values()))

    def cancel(self) -> None:
        """Have the agent learn, wherever it is, that somebody asked that the job end."""
        self.waiting.cancel(self._inside)

    def key_of(self, name: str) -> str:
        """Steps of one name on one branch are numbered in the order in which the agent asks for them."""
        path = self._path(name)
        count = self._seen[path] = self._seen.get(path, 0) + 1
        key = path if count == 1 else f"{path}#{count}"
        self._unasked.ask(key)
        return key

    def begun(self, branch: str) -> None:
        """See StepRecorder."""
        self._told.begin(self._path(branch))
        self._unasked.begin(self._path(branch))

    async def ended(self, branch: str, error: BaseException | None = None) -> None:
        """See StepRecorder. Raises ReplayDiverged when the history has steps for which it should have asked."""
        path = self._path(branch) if branch else ""
        if self._diverged is not None:
            raise self._diverged
        if self._cut_short(error):
            return
        for _ in range(SETTLE_TURNS):  # tasks that it has left behind may be about to ask
            if self._unasked.left_by(path) is None:
                return
            await self.clock.sleep(0)
        if (key := self._unasked.left_by(path)) is not None:
            who = f"branch {path.rstrip('/')!r}" if path else "the agent"
            how = "returned" if error is None else f"raised {type(error).__name__}"
            self._diverged = ReplayDiverged(
                f"step {key!r}: the history has it, but {who} {how} without asking for it: {REMEDY}"
            )
            raise self._diverged

    async def to_its_end(self, work: Awaitable[Json]) -> Json:
        """Return what the agent returns. Raises what it raises; ReplayDiverged when its history tells of more."""
        try:
            result = await work
        except (Exception, Cancelled, ContinueAsNew) as error:
            await self.ended("", error)
            raise
        await self.ended("")
        return result

    def _cut_short(self, error: BaseException | None) -> bool:
        """Whether something else than the agent's own way has led to an end."""
        refused = isinstance(error, AppendConflict | StateUnavailable | PayloadUnavailable)
        return refused or self.broken is not None or self._stopped or self._strayed

    def _path(self, name: str) -> str:
        return name if self.state.round == 1 else f"r{self.state.round}:{name}"

    async def replayed(self, ended: StepEnd, kind: str, digest: str) -> Json:
        """Steps that are read again count as they did when they were carried out, so that each attempt ends alike."""
        same_step(ended.step, (ended.step_kind, ended.arguments), (kind, digest))
        self.spend(tokens_of(ended))
        match ended:
            case StepSucceeded(result=result):
                if reference_in(result) is None:
                    return from_inline(result)
                with self.at_step(ended.step):
                    return await self.read(result)
            case StepFailed() if self._tells_of_cancel(ended):
                await self._all_read()  # what was recorded by then it knew of, on whichever branch (seed 503)
                self._told.tell(ended.step)
                raise Cancelled
            case StepFailed(code=code, detail=detail):
                raise AntipodeError(code, detail)

    async def admit(self, key: str) -> None:
        """Raise what forbids another step."""
        self.journal.check()
        if self._stopped:
            raise YieldNow
        if self.waiting.cancelled and (key in self.state.cut or not self._told.know(key)):
            await self._all_read()  # so that the agent knows all that there is to undo
            raise Cancelled
        if self.pausing or self.clock.monotonic() >= self.waiting.stop_at:
            self._strayed = True
            raise YieldNow
        deadline = self.state.job.deadline
        if deadline is not None and self.clock.now() >= deadline:
            raise AntipodeError("deadline_passed", f"the deadline was {deadline}")
        within_budget(self.state, steps=self._steps, tokens=self._tokens)
        if key not in self.state.waits and key not in self.state.tries:
            await self._expect_new(key)

    async def may_begin(self) -> None:
        """Raise what forbids an effect at this moment: RegionFenced, or AppendConflict where the peer has the job.

        Nothing is waited for between the last look and the return.
        """
        if self.fence.apart:
            await self._look_for_the_peer()
        await self.fence.check()

    async def _look_for_the_peer(self) -> None:
        """While what the peer did may come to light here at any time: see that the job is still this Region's.

        It may have a newer epoch, or an earlier submission, with steps that are not to be done again (leased seed 36).
        """
        now = self.clock.monotonic()
        if self._alone_at is None or now - self._alone_at >= ALONE_SECONDS:
            _, state = await read_state(self.journal.history, self.job_id)
            ours = (self.journal.epoch, self.journal.region)
            if state is not None and (state.epoch, state.owner_region) != ours:
                raise AppendConflict("the job is the peer's")
            self._alone_at = now

    async def recorded_first(self) -> None:
        """Let all branches read what is recorded before anything new is, so that what they count together is right."""
        quiet, left = 0, len(self._unasked)
        while left and quiet < SETTLE_TURNS:
            await self.clock.sleep(0)
            before, left = left, len(self._unasked)
            quiet = quiet + 1 if left == before else 0

    async def _all_read(self) -> None:
        """Let all branches read what is recorded; whoever waits for that goes on at one and the same moment."""
        if self._reading is None and self._unasked:
            self._reading = asyncio.create_task(self.recorded_first())
        if self._reading is not None:
            await asyncio.shield(self._reading)

    async def _expect_new(self, key: str) -> None:
        """A step is new only where its branch has no recorded one left: else the agent takes another path."""
        left = self._unasked.beside(key)
        for _ in range(SETTLE_TURNS if left else 0):  # other tasks on the same branch may be about to ask for it
            await self.clock.sleep(0)
        if left:
            raise ReplayDiverged(f"step {key!r} is asked for where the history has {min(left)!r}: {REMEDY}")

    async def fail(
        self, key: str, digest: str, kind: str, error: Exception, arrival: str | None = None
    ) -> AntipodeError:
        """Record that the step has failed for good, and return what it raises now and at every replay."""
        code, detail = failure_of(error)
        self.journal.record(
            StepFailed(
                at=self.clock.now(),
                step=key,
                step_kind=kind,
                arguments=digest,
                code=code,
                detail=detail,
                arrival=arrival,
            ),
            len(detail) + 200,
        )
        await self.written()
        return error if isinstance(error, AntipodeError) else AntipodeError(code, detail)

    async def note_cancelled(self, key: str, digest: str, kind: str) -> None:
        """Record at which step the agent learns that the job is to end: it learns it there at every replay."""
        detail = "somebody asked that the job end"
        failed = StepFailed(
            at=self.clock.now(), step=key, step_kind=kind, arguments=digest, code=CANCELLED, detail=detail
        )
        self.journal.record(failed)
        await self.written()

    async def written(self, *, at_once: bool = False) -> None:
        """Have the recorded end of a step written, soon or at once.

        A branch that is ended meanwhile still learns how its step has ended, for it would in every replay; then it is
        ended. Else the agent would not know of all that it may have to undo.
        """
        try:
            await (self.journal.flush() if at_once else self.journal.flush_soon())
        except asyncio.CancelledError:
            if not await self.journal.is_written():
                raise
            me = asyncio.current_task()
            assert me is not None
            asked = me.cancelling()
            asyncio.get_running_loop().call_soon(lambda: me.cancel() if me.cancelling() >= asked else None)

    def _tells_of_cancel(self, ended: StepEnd) -> bool:
        return self.state.cancel is not None and isinstance(ended, StepFailed) and ended.code == CANCELLED

    def at_step(self, key: str) -> "_AtStep":
        """Keep account of who is at a step, and of the one who learns that the job is cancelled."""
        return _AtStep(self, key)

    def enter(self, task: "asyncio.Task[object] | None") -> None:
        """Somebody comes to a step."""
        self._inside.append(task)
        self.waiting.enter_step()

    def leave(self, task: "asyncio.Task[object] | None", key: str, error: BaseException | None) -> None:
        """Somebody leaves the step `key`, with an error or without."""
        self.waiting.leave_step()
        self._inside.remove(task)
        match error:
            case Cancelled():
                self._told.tell(key)
            case AppendConflict() | StateUnavailable() | PayloadUnavailable():
                self.broken = error
                self._stopped = True
                raise YieldNow from error  # which the agent's own `except Exception` cannot take for its own
            case _:
                pass

    async def keep(self, value: Json, what: str) -> tuple[Json, int]:
        """Return what to record for a value, and its size there: a large one is kept in both Regions' stores."""
        size = size_of_value(value, what)
        kept = await self.payloads.externalise(self.state.job.tenant, value, size)
        return kept, size if size <= INLINE_BYTES else 0

    async def read(self, kept: Json) -> Json:
        """Return the value for which `kept` was recorded."""
        try:
            return await self.payloads.resolve(self.state.job.tenant, kept)
        except AntipodeError:
            self._strayed = True
            raise

    def spend(self, tokens: int) -> None:
        """Count tokens. Raises AntipodeError budget_exceeded."""
        self._tokens += tokens
        try:
            within_budget(self.state, steps=self._steps, tokens=self._tokens)
        except AntipodeError:
            self._strayed = True  # a redrive may have lowered it: then a replay ends before all that is recorded
            raise


class _AtStep:
    """The time that a task is at a step. A class, for there is one for each step: a generator costs thrice as much."""

    __slots__ = ("_book", "_key", "_task")

    def __init__(self, book: StepBook, key: str) -> None:
        self._book = book
        self._key = key
        self._task: asyncio.Task[object] | None = asyncio.current_task()

    def __enter__(self) -> None:
        self._book.enter(self._task)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._book.leave(self._task, self._key, error)
