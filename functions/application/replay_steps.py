"""The recorder that agents' steps go through: what the history holds is read from it, all else is done and recorded.

A step's key is its name on its branch, numbered by how often the branch has asked for that name; so it is the same in
every attempt, whatever order branches end in.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from functions.application.agent_ports import (
    CallRequest,
    Cancelled,
    StepOutcome,
    StepRequest,
    WaitRequest,
)
from functions.application.call_child import CallChild
from functions.application.ports import (
    AppendConflict,
    Clock,
    Entropy,
    Model,
    Projections,
    StateUnavailable,
)
from functions.application.record_steps import Journal, size_of
from functions.application.step_ends import (
    APPROVAL,
    REMEDY,
    ReplayDiverged,
    branch_of,
    failure_of,
    result_of_child,
    same_step,
    tokens_of,
    within_budget,
)
from functions.application.wait_in_job import SETTLE_TURNS, Waiting
from functions.domain.errors import AntipodeError
from functions.domain.ids import digest_of, step_idempotency_key
from functions.domain.job.arrivals import Arrival, ArrivalKind, awaited
from functions.domain.job.events import (
    Json,
    ProgressReported,
    StepAttemptFailed,
    StepFailed,
    StepSucceeded,
    WaitOpened,
)
from functions.domain.job.history import Ask
from functions.domain.job.state import JobState, StepEnd
from functions.domain.moments import add_seconds


class YieldNow(BaseException):
    """The worker's time is nearly over: stop before the next step and let the job go on elsewhere.

    Not an Exception, so that an agent's own `except Exception` cannot take it for a failure of the step.
    """


@dataclass(slots=True, kw_only=True)
class Recorder:
    """What an agent's Context is built on (port StepRecorder): replays recorded steps and records new ones."""

    journal: Journal
    state: JobState
    model: Model
    clock: Clock
    entropy: Entropy
    waiting: Waiting
    children: CallChild
    projections: Projections
    pausing: bool = False
    broken: Exception | None = None
    _seen: dict[str, int] = field(default_factory=dict)
    _left: dict[str, set[str]] = field(default_factory=dict)
    _steps: int = 0
    _tokens: int = 0
    _stopped: bool = False
    _delivered: bool = False
    _inside: list[asyncio.Task[object] | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        here = self.state.steps.values()
        self._steps = self.state.steps_ended - len(here)  # of the rounds before `continue_as_new`
        self._tokens = self.state.input_tokens + self.state.output_tokens - sum(map(tokens_of, here))
        self.waiting.cancelled = self.state.cancel is not None
        for key in (*self.state.steps, *self.state.waits, *self.state.tries):
            self._left.setdefault(branch_of(key), set()).add(key)

    @property
    def job_id(self) -> str:
        """The job that runs."""
        return self.journal.job_id

    def now(self) -> str:
        """See StepRecorder."""
        return self.clock.now()

    def fraction(self) -> float:
        """See StepRecorder."""
        return self.entropy.fraction()

    def token(self) -> str:
        """See StepRecorder."""
        return self.entropy.token()

    async def step(self, request: StepRequest) -> Json:
        """See StepRecorder. Raises YieldNow, Cancelled, AntipodeError, and what the journal raises."""
        key, digest = self._key(request.name), digest_of(request.arguments)
        ended = self.state.steps.get(key)
        self._steps += 1
        if ended is not None:
            return self._replayed(ended, request.kind, digest)
        with self._at_step():
            await self._admit(key)
            return await self._do(key, digest, request)

    async def wait(self, request: WaitRequest) -> Json:
        """See StepRecorder. Raises YieldNow, Cancelled, AntipodeError, and what the journal raises."""
        key, digest = self._key(request.name), digest_of(request.arguments)
        ended = self.state.steps.get(key)
        self._steps += 1
        if ended is not None:
            return self._replayed(ended, request.kind, digest)
        with self._at_step():
            await self._admit(key)
            opened = self.state.waits.get(key)
            if opened is None:
                opened = await self._open(key, digest, request)
            else:
                same_step(key, (opened.step_kind, opened.arguments), (request.kind, digest))
            if request.kind == APPROVAL:
                await self._ask(opened)
            arrival = await self.waiting.until(key, opened.until, opened.awaits)
            result = await self._settle(key, digest, request, arrival)
            if request.kind == APPROVAL:
                await self._ask(opened, over=True)
            return result

    async def call(self, request: CallRequest) -> Json:
        """See StepRecorder."""

        async def begin(step: str) -> dict[str, Json]:
            return {"job_id": await self.children.begin(self.job_id, self.state, step, request), "agent": request.agent}

        def settle(arrival: Arrival | None) -> Json:
            if arrival is None:
                raise AntipodeError("wait_timed_out", f"the job of {request.agent!r} has not ended in time")
            return result_of_child(arrival, request.agent)

        return await self.wait(
            WaitRequest(
                name=request.name,
                kind="call",
                arguments=[request.agent, request.input],
                settle=settle,
                seconds=request.seconds,
                arrives=ArrivalKind.CHILD_ENDED,
                begin=begin,
            )
        )

    async def report(self, name: str, note: Json) -> None:
        """See StepRecorder."""
        key = self._key(name)
        if key not in self.state.reported:
            self.journal.check()
            size = size_of(note, "the progress note")
            self.journal.record(ProgressReported(at=self.clock.now(), step=key, note=note), size + 100)
            await self.journal.flush_soon()

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

    def cancel(self) -> None:
        """Have the agent learn, wherever it is, that somebody asked that the job end."""
        self.waiting.cancel()

    def _key(self, name: str) -> str:
        """Steps of one name on one branch are numbered in the order in which the agent asks for them."""
        path = name if self.state.round == 1 else f"r{self.state.round}:{name}"
        count = self._seen[path] = self._seen.get(path, 0) + 1
        key = path if count == 1 else f"{path}#{count}"
        self._left.get(branch_of(key), set()).discard(key)
        return key

    def _replayed(self, ended: StepEnd, kind: str, digest: str) -> Json:
        """Steps that are read again count as they did when they were carried out, so that each attempt ends alike."""
        same_step(ended.step, (ended.step_kind, ended.arguments), (kind, digest))
        self._spend(tokens_of(ended))
        match ended:
            case StepSucceeded(result=result):
                return result
            case StepFailed(code=code, detail=detail):
                raise AntipodeError(code, detail)

    async def _admit(self, key: str) -> None:
        """Raise what forbids another step."""
        self.journal.check()
        if self._stopped:
            raise YieldNow
        if self.waiting.cancelled and not self._delivered:
            self._delivered = True
            raise Cancelled
        if self.pausing or self.clock.monotonic() >= self.waiting.stop_at:
            raise YieldNow
        deadline = self.state.job.deadline
        if deadline is not None and self.clock.now() >= deadline:
            raise AntipodeError("deadline_passed", f"the deadline was {deadline}")
        within_budget(self.state, steps=self._steps, tokens=self._tokens)
        if key not in self.state.waits and key not in self.state.tries:
            await self._expect_new(key)

    async def _expect_new(self, key: str) -> None:
        """A step is new only where its branch has no recorded one left: else the agent takes another path."""
        left = self._left.get(branch_of(key))
        for _ in range(SETTLE_TURNS if left else 0):  # other tasks on the same branch may be about to ask for it
            await self.clock.sleep(0)
        if left:
            raise ReplayDiverged(f"step {key!r} is asked for where the history has {min(left)!r}: {REMEDY}")

    async def _do(self, key: str, digest: str, request: StepRequest) -> Json:
        """Carry the effect out, again where its retry says so, and record what came of it."""
        tried = self.state.tries.get(key)
        attempt = 0
        if tried is not None:
            attempt = tried.attempt
            await self.waiting.until(key, tried.retry_at)
        while True:
            attempt += 1
            try:
                outcome = await self._try_once(key, request)
            except (AppendConflict, StateUnavailable):
                raise
            except Exception as error:
                if not request.retry.mends(error, attempt):
                    raise await self._fail(key, digest, request.kind, error) from error
                await self._note_failed_try(key, request, attempt, error)
            else:
                return await self._succeed(key, digest, request, outcome)

    async def _try_once(self, key: str, request: StepRequest) -> StepOutcome:
        if not request.repeatable:
            await self.journal.flush()
        work = request.effect(step_idempotency_key(self.job_id, key))
        try:
            async with asyncio.timeout(request.seconds):
                outcome = await self.waiting.effect(work)
        except TimeoutError as error:
            if request.seconds is None or error.args:
                raise
            raise TimeoutError(f"no result within {request.seconds:g} s") from error
        size_of(outcome.result, f"the result of step {key!r}")
        return outcome

    async def _note_failed_try(self, key: str, request: StepRequest, attempt: int, error: Exception) -> None:
        retry_at = request.retry.moment(self.clock.now(), attempt, self.entropy.fraction(), error)
        code, detail = failure_of(error)
        self.journal.record(
            StepAttemptFailed(
                at=self.clock.now(), step=key, code=code, detail=detail, attempt=attempt, retry_at=retry_at
            ),
            len(detail) + 200,
        )
        await self.journal.flush_soon()
        await self.waiting.until(key, retry_at)
        await self._admit(key)

    async def _succeed(self, key: str, digest: str, request: StepRequest, outcome: StepOutcome) -> Json:
        self.journal.record(
            StepSucceeded(
                at=self.clock.now(),
                step=key,
                step_kind=request.kind,
                arguments=digest,
                result=outcome.result,
                input_tokens=outcome.input_tokens,
                output_tokens=outcome.output_tokens,
            ),
            size_of(outcome.result, key) + 200,
        )
        await (self.journal.flush() if request.expensive else self.journal.flush_soon())
        self._spend(outcome.input_tokens + outcome.output_tokens)
        return outcome.result

    async def _fail(
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
        await self.journal.flush_soon()
        return error if isinstance(error, AntipodeError) else AntipodeError(code, detail)

    @contextlib.contextmanager
    def _at_step(self) -> Iterator[None]:
        """Keep account of who is at a step, and of the one who learns that the job is cancelled."""
        task = asyncio.current_task()
        self._inside.append(task)
        try:
            with self.waiting.step():
                yield
        except Cancelled:
            self._delivered = True
            raise
        except (AppendConflict, StateUnavailable) as error:
            self.broken = error
            self._stopped = True
            raise YieldNow from error  # which the agent's own `except Exception` cannot take for its own
        finally:
            self._inside.remove(task)

    async def _ask(self, opened: WaitOpened, *, over: bool = False) -> None:
        """List, or list no longer, what a group of people is asked: once it is in the history."""
        await self.journal.flush()
        group = str((opened.about or {}).get("group"))
        job = self.state.job
        await self.projections.put_ask(
            Ask(self.job_id, self.journal.region, opened.step, job.tenant, group, opened.at, open=not over)
        )

    async def _open(self, key: str, digest: str, request: WaitRequest) -> WaitOpened:
        begun = {} if request.begin is None else await request.begin(key)
        now = self.clock.now()
        opened = WaitOpened(
            at=now,
            step=key,
            step_kind=request.kind,
            arguments=digest,
            until=request.until or add_seconds(now, request.seconds),
            awaits=None if request.arrives is None else awaited(request.arrives, request.topic or key),
            about={**(request.about or {}), **begun} or None,
        )
        self.journal.record(opened, size_of(opened.about, "what the wait is about") + 300)
        await self.journal.flush_soon()
        return opened

    async def _settle(self, key: str, digest: str, request: WaitRequest, arrival: Arrival | None) -> Json:
        taken = None if arrival is None else arrival.key
        try:
            result = request.settle(arrival)
            size = size_of(result, f"the result of step {key!r}")
        except AntipodeError as error:
            raise await self._fail(key, digest, request.kind, error, taken) from None
        self.journal.record(
            StepSucceeded(
                at=self.clock.now(), step=key, step_kind=request.kind, arguments=digest, result=result, arrival=taken
            ),
            size + 200,
        )
        await self.journal.flush_soon()
        return result

    def _spend(self, tokens: int) -> None:
        self._tokens += tokens
        within_budget(self.state, steps=self._steps, tokens=self._tokens)
