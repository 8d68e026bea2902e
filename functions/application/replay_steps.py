"""The recorder that agents' steps go through: what the history holds is read from it, all else is done and recorded."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from functions.application.agent_ports import (
    Begin,
    CallRequest,
    Cancelled,
    EndRequest,
    RedrivePage,
    StepOutcome,
    StepRequest,
    TellRequest,
    WaitRequest,
)
from functions.application.call_child import CallChild
from functions.application.ports import (
    AppendConflict,
    Entropy,
    Model,
    PayloadUnavailable,
    Projections,
    StateUnavailable,
)
from functions.application.record_steps import size_of
from functions.application.redrive_letters import RedriveLetters, read_page
from functions.application.step_book import StepBook
from functions.application.step_ends import (
    APPROVAL,
    ask_of,
    failure_of,
    result_of_child,
    same_step,
)
from functions.domain.errors import AntipodeError
from functions.domain.ids import child_job_id, digest_of, step_idempotency_key
from functions.domain.job.arrivals import Arrival, ArrivalKind, awaited
from functions.domain.job.events import (
    Json,
    ProgressReported,
    StepAttemptFailed,
    StepSucceeded,
    WaitOpened,
)
from functions.domain.job.redrive import call_name
from functions.domain.job.turns import session_of
from functions.domain.moments import add_seconds


@dataclass(slots=True, kw_only=True)
class Recorder(StepBook):
    """What an agent's Context is built on (port StepRecorder): replays recorded steps and records new ones."""

    model: Model
    entropy: Entropy
    children: CallChild
    projections: Projections
    redrives: RedriveLetters

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
        key, digest = self.key_of(request.name), digest_of(request.arguments)
        ended = self.state.steps.get(key)
        self._steps += 1
        if ended is not None:
            return await self.replayed(ended, request.kind, digest)
        with self.at_step(key):
            opened = self.state.waits.get(key)
            if opened is not None:
                same_step(key, (opened.step_kind, opened.arguments), (request.kind, digest))
            try:
                await self.admit(key)
                return await self._do(key, digest, request)
            except Cancelled:
                await self.note_cancelled(key, digest, request.kind)
                raise

    async def wait(self, request: WaitRequest) -> Json:
        """See StepRecorder. Raises YieldNow, Cancelled, AntipodeError, and what the journal raises."""
        key, digest = self.key_of(request.name), digest_of(request.arguments)
        ended = self.state.steps.get(key)
        self._steps += 1
        if ended is not None:
            return await self.replayed(ended, request.kind, digest)
        with self.at_step(key):
            opened = self.state.waits.get(key)
            try:
                await self.admit(key)
                if opened is None:
                    opened = await self._open(key, digest, request)
                else:
                    same_step(key, (opened.step_kind, opened.arguments), (request.kind, digest))
                    await self.recorded_first()
                if request.begin is not None:
                    await self._begin(key, digest, request, request.begin, opened)
                if request.kind == APPROVAL:
                    await self._ask(opened)
                arrival = await self.waiting.until(key, opened.until, opened.awaits)
            except Cancelled:
                await self._let_go(key, request, opened)
                await self.note_cancelled(key, digest, request.kind)
                raise
            if arrival is None or request.kind == APPROVAL:
                await self._let_go(key, request, opened)
            return await self._settle(key, digest, request, arrival)

    async def call(self, request: CallRequest) -> Json:
        """See StepRecorder."""

        async def choose(step: str) -> str:
            return await self.children.choose(self.job_id, self.state, step, request)

        async def begin(step: str, child: str) -> None:
            await self.children.begin(self.job_id, self.state, step, request, child)

        async def abandon(step: str, child: str) -> None:
            await self.children.end_child(self.state, child, "the job that called it waits for it no longer")

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
                about={"agent": request.agent},
                choose=choose,
                begin=begin,
                abandon=abandon,
            )
        )

    async def tell(self, request: TellRequest) -> Json:
        """See StepRecorder."""

        async def effect(idempotency_key: str) -> StepOutcome:
            return StepOutcome(await self.children.tell.tell(self.state, request, idempotency_key))

        told: list[Json] = [request.job_id, request.kind.value, request.topic, request.body]
        # what led to it is made durable first: it must not be told and then be decided otherwise
        return await self.step(
            StepRequest(name=request.name, kind="tell", arguments=told, effect=effect, repeatable=False)
        )

    async def end_that_counts(self, request: EndRequest) -> Json:
        """See StepRecorder."""

        async def effect(idempotency_key: str) -> StepOutcome:
            return StepOutcome(await self.children.tell.end_that_counts(self.state, request))

        asked: list[Json] = [request.job_id, *request.places]
        return await self.step(StepRequest(name=request.name, kind="end", arguments=asked, effect=effect))

    async def redrive(self, request: RedrivePage) -> Json:
        """See StepRecorder."""
        page, tenant = read_page(request), self.state.job.tenant

        async def effect(idempotency_key: str) -> StepOutcome:
            return StepOutcome(await self.redrives.page(tenant, page))

        arguments: list[Json] = [request.plan, request.before, request.limit]
        return await self.step(StepRequest(name=request.name, kind="redrive", arguments=arguments, effect=effect))

    @property
    def session(self) -> str | None:
        """See StepRecorder."""
        return session_of(self.state)

    @property
    def memory(self) -> Sequence[Json]:
        """See StepRecorder."""
        return self.state.memory

    async def report(self, name: str, note: Json) -> None:
        """See StepRecorder."""
        key = self.key_of(name)
        if key not in self.state.reported:
            self.journal.check()
            size = size_of(note, "the progress note")
            self.journal.record(ProgressReported(at=self.clock.now(), step=key, note=note), size + 100)
            await self.journal.flush_soon()

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
                kept, size = await self.keep(outcome.result, f"the result of step {key!r}")
            except (AppendConflict, StateUnavailable, PayloadUnavailable):
                raise
            except Exception as error:
                if not request.retry.mends(error, attempt):
                    raise await self.fail(key, digest, request.kind, error) from error
                await self._note_failed_try(key, request, attempt, error)
            else:
                await self._succeed(key, digest, request, outcome, kept, size)
                return outcome.result

    async def _try_once(self, key: str, request: StepRequest) -> StepOutcome:
        if not request.repeatable:
            await self.journal.flush()
        await self.may_begin()
        work = request.effect(step_idempotency_key(self.job_id, key))
        try:
            if request.seconds is None:
                return await self.waiting.effect(work)
            async with asyncio.timeout(request.seconds):
                return await self.waiting.effect(work)
        except TimeoutError as error:
            if request.seconds is None or error.args:
                raise
            raise TimeoutError(f"no result within {request.seconds:g} s") from error

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
        await self.admit(key)

    async def _succeed(
        self, key: str, digest: str, request: StepRequest, outcome: StepOutcome, kept: Json, size: int
    ) -> None:
        self.journal.record(
            StepSucceeded(
                at=self.clock.now(),
                step=key,
                step_kind=request.kind,
                arguments=digest,
                result=kept,
                input_tokens=outcome.input_tokens,
                output_tokens=outcome.output_tokens,
            ),
            size + 200,
        )
        await self.written(at_once=request.expensive)
        self.spend(outcome.input_tokens + outcome.output_tokens)

    async def _ask(self, opened: WaitOpened, *, over: bool = False) -> None:
        """List, or list no longer, what a group of people is asked: once it is in the history."""
        await self.journal.flush()
        ask = ask_of(self.job_id, self.state, opened, self.journal.region, open=not over)
        await self.projections.put_ask(ask)

    async def _let_go(self, key: str, request: WaitRequest, opened: WaitOpened | None) -> None:
        """See to it that nobody goes on for the sake of a wait that is over."""
        if request.abandon is not None:
            await request.abandon(key, self._child(key, opened))
        if request.kind == APPROVAL and opened is not None:
            await self._ask(opened, over=True)

    async def _begin(self, key: str, digest: str, request: WaitRequest, begin: Begin, opened: WaitOpened) -> None:
        """Set going what is waited for, once the wait is durable: else nobody would know of it if this process died.

        What led to it is durable then, too, so it is the same however often it is begun. It has been begun when the job
        has waited for it, if its Region has not been lost since; of an earlier child, which goes on, that is looked at
        each time. A branch that is given up meanwhile ends it.
        """
        child = self._child(key, opened)
        if self._waited_for(key) and not self.state.adoptions and child == self._child(key, None):
            return
        await self.journal.flush()
        await self.may_begin()
        beginning = asyncio.ensure_future(begin(key, child))
        try:
            await asyncio.shield(beginning)
        except AntipodeError as error:
            raise await self.fail(key, digest, request.kind, error) from None
        except asyncio.CancelledError:
            await asyncio.wait([beginning])
            beginning.cancelled() or beginning.exception()  # so that it counts as seen: the branch is ended anyway
            if not self._stopped and request.abandon is not None:
                await request.abandon(key, child)
            raise

    def _waited_for(self, key: str) -> bool:
        opened = self.state.waits.get(key)
        return opened is not None and opened.awaits in self.state.waiting_for

    def _child(self, key: str, opened: WaitOpened | None) -> str:
        """Return the child that a step waits for, or would have, had it come to that."""
        about = {} if opened is None else opened.about or {}
        return str(about.get("job_id") or child_job_id(self.job_id, call_name(key, self.state.redrives)))

    async def _open(self, key: str, digest: str, request: WaitRequest) -> WaitOpened:
        about, topic = dict(request.about or {}), request.topic or key
        if request.choose is not None:
            about["job_id"], topic = await request.choose(key), call_name(key, self.state.redrives)
        now = self.clock.now()
        opened = WaitOpened(
            at=now,
            step=key,
            step_kind=request.kind,
            arguments=digest,
            until=request.until or add_seconds(now, request.seconds),
            awaits=None if request.arrives is None else awaited(request.arrives, topic),
            about=about or None,
        )
        self.journal.record(opened, size_of(opened.about, "what the wait is about") + 300)
        await self.journal.flush_soon()
        return opened

    async def _settle(self, key: str, digest: str, request: WaitRequest, arrival: Arrival | None) -> Json:
        taken = None if arrival is None else arrival.key
        try:
            result = request.settle(arrival)
            if request.arrives is ArrivalKind.CHILD_ENDED:
                result = await self.read(result)  # a child's result comes as the child has recorded it
            kept, size = await self.keep(result, f"the result of step {key!r}")
        except AntipodeError as error:
            raise await self.fail(key, digest, request.kind, error, taken) from None
        self.journal.record(
            StepSucceeded(
                at=self.clock.now(), step=key, step_kind=request.kind, arguments=digest, result=kept, arrival=taken
            ),
            size + 200,
        )
        await self.written()
        return result
