"""What an agent works through: every effect goes by the context, so it is recorded once and replayed after."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from types import FunctionType
from typing import Any, NoReturn, TypeVar, get_type_hints
from uuid import UUID
from weakref import WeakKeyDictionary

from functions.application.agent_ports import (
    CallRequest,
    ContinueAsNew,
    StepOutcome,
    StepRecorder,
    StepRequest,
)
from functions.domain.errors import AntipodeError
from functions.domain.ids import uuid_from
from functions.domain.job.events import Json
from functions.domain.job.retry import Retry
from functions.domain.moments import to_datetime
from functions.sdk import conversation, waits
from functions.sdk.branches import Branch, Branches
from functions.sdk.model_call import MODEL_RETRY, ModelCall
from functions.sdk.step_options import NO_OPTIONS, NOTHING, StepOptions
from functions.sdk.tool import check_name, options_of
from functions.sdk.values import arguments_to_json, from_json, to_json

Answer = TypeVar("Answer")
Item = TypeVar("Item")
Result = TypeVar("Result")

#: How long a job waits for its child, if it does not say.
CALL_SECONDS = 86_400.0


class Context:
    """Given to a running agent. Its methods are steps: carried out once, their results read from the history later."""

    def __init__(
        self, recorder: StepRecorder, branches: Branches | None = None, options: StepOptions = NO_OPTIONS
    ) -> None:
        self._recorder = recorder
        self._branches = branches or Branches(recorder.begun, recorder.ended)
        self._options = options

    @property
    def recorder(self) -> StepRecorder:
        """What this context is built on; for what Antipode itself builds beside it."""
        return self._recorder

    @property
    def job_id(self) -> str:
        """The id of the running job."""
        return self._recorder.job_id

    def step(
        self,
        *,
        name: str | None = None,
        timeout: float | None = None,
        retry: Retry | None = None,
        otherwise: Any = NOTHING,
    ) -> "Context":
        """Return this context with something to say of a step: `await ctx.step(timeout=5, otherwise=[]).tool(look_up)`.

        For tools, model calls and calls of agents: a name of its own in the history, seconds a try (of a call: in all),
        when it is tried again, and what it results in when it has failed for good.
        """
        if name is not None:
            check_name(name)
        return Context(self._recorder, self._branches, StepOptions(name, timeout, retry, otherwise))

    async def tool(self, function: Callable[..., Any], /, *args: object, **kwargs: object) -> Any:
        """Call a plain or async function once and return what it returned, now and at every replay.

        Arguments and result must be JSON values or types that pydantic can write; a result is read back as the
        function's annotated return type. A parameter named `idempotency_key` gets the step's key. What it raises is
        raised here as AntipodeError (step_raised, or its own code), once its retries are over; see `sdk.tool`.
        """
        try:
            return await self._tool(function, args, kwargs)
        except AntipodeError as error:
            return self._options.instead_of(error)

    async def _tool(self, function: Callable[..., Any], args: tuple[object, ...], kwargs: dict[str, object]) -> Any:
        options, own = options_of(function), self._options
        form = _form_of(function)
        arguments = arguments_to_json(args, kwargs, f"the arguments of tool {options.name!r}")

        async def effect(idempotency_key: str) -> StepOutcome:
            keyed = {"idempotency_key": idempotency_key} if form.wants_key else {}
            if form.is_async:
                result = await function(*args, **kwargs, **keyed)
            else:
                result = await asyncio.to_thread(function, *args, **kwargs, **keyed)
            return StepOutcome(to_json(result, f"the result of tool {options.name!r}"))

        recorded = await self._recorder.step(
            StepRequest(
                name=self._branches.path(own.name or options.name),
                kind="tool",
                arguments=arguments,
                effect=effect,
                expensive=options.expensive,
                repeatable=options.repeatable,
                retry=own.retry or options.retry,
                seconds=own.timeout or options.timeout,
            )
        )
        if form.returns in (Any, type(None), None):
            return recorded
        return from_json(form.returns, recorded, "value_not_serialisable", f"the result of tool {options.name!r}")

    async def model(
        self,
        prompt: str,
        *,
        answer: type[Answer],
        system: str = "",
        check: Callable[[Answer], None] | None = None,
        max_tokens: int = 1024,
        temperature: float = 0.0,
        name: str = "model",
        retry: Retry = MODEL_RETRY,
        timeout: float | None = None,
    ) -> Answer:
        """Ask the model for an `answer` (a pydantic type) and return it, validated.

        `check` may raise ValueError to reject an answer that fits its type but is wrong. A rejected answer is shown to
        the model with what is wrong, up to three asks; then the step fails with model_answer_invalid. A model that does
        not answer is asked again as `retry` says; meanwhile the job waits, and holds no worker.
        """
        check_name(name)
        own = self._options
        ask = ModelCall(self._recorder, prompt, system, answer, check, max_tokens, temperature)
        arguments: Json = {"prompt": prompt, "system": system, "max_tokens": max_tokens, "temperature": temperature}
        request = StepRequest(
            name=self._branches.path(own.name or name),
            kind="model",
            arguments=arguments,
            effect=ask,
            expensive=True,
            retry=own.retry or retry,
            seconds=own.timeout or timeout,
        )
        try:
            recorded = await self._recorder.step(request)
            value: Answer = from_json(answer, recorded, "model_answer_invalid", f"the recorded answer of {name!r}")
        except AntipodeError as error:
            value = self._options.instead_of(error)
        return value

    async def call(
        self,
        agent: str,
        input: object = None,
        *,
        answer: Any = Any,
        timeout: float = CALL_SECONDS,
        lane: str | None = None,
        name: str | None = None,
        otherwise: Any = NOTHING,
    ) -> Any:
        """Have another agent do a job, wait for its end without holding a worker, and return its result.

        Raises AntipodeError: child_failed, wait_timed_out after `timeout` seconds, call_cycle, call_too_deep; or
        returns `otherwise` where that is given.
        """
        check_name(name or agent)
        own = self._options
        request = CallRequest(
            name=self._branches.path(own.name or name or agent),
            agent=agent,
            input=to_json(input, f"the input of {agent!r}"),
            seconds=own.timeout or timeout,
            lane=lane,
        )
        try:
            result = await self._recorder.call(request)
            return result if answer is Any else from_json(answer, result, "child_failed", f"the result of {agent!r}")
        except AntipodeError as error:
            return (own if otherwise is NOTHING else replace(own, otherwise=otherwise)).instead_of(error)

    async def sleep(self, seconds: float) -> None:
        """Wait so long, up to a year, without holding a worker."""
        await self._recorder.wait(waits.sleep(self._branches.path("sleep"), seconds))

    async def sleep_until(self, when: datetime) -> None:
        """Wait until then, without holding a worker. `when` needs a time zone."""
        await self._recorder.wait(waits.sleep_until(self._branches.path("sleep"), when))

    async def signal(self, name: str, *, timeout: float, answer: Any = Any, otherwise: Any = NOTHING) -> Any:
        """Wait for the next signal of that name (`POST /v1/jobs/{id}/signals/{name}`) and return its body.

        After `timeout` seconds returns `otherwise`, or raises AntipodeError wait_timed_out where that is not given.
        """
        given = [] if otherwise is NOTHING else [to_json(otherwise, "the value given as otherwise")]
        body = await self._recorder.wait(waits.signal(self._branches.path(f"signal-{name}"), name, timeout, given))
        return body if answer is Any else from_json(answer, body, "signal_invalid", f"the signal {name!r}")

    async def tell(self, job_id: str, signal: str, body: object = None) -> bool:
        """Send another job of the same tenant a signal, once. Returns whether it was sent: not to one that has ended.

        Also false of a job that this Region does not know (yet).
        """
        path = self._branches.path("tell")
        request = conversation.signal_to(path, job_id, signal, to_json(body, f"the signal {signal!r}"))
        return conversation.was_told(await self._recorder.tell(request))

    @property
    def session(self) -> str | None:
        """The name of the session of which this job is a turn."""
        return self._recorder.session

    def memory(self, *, max_tokens: int | None = None) -> list[conversation.Entry]:
        """Return what the session remembers from the turns before this one: the newest entries, the oldest first.

        Of these as many as count for at most `max_tokens` tokens: four characters are one.
        """
        return conversation.newest(self._recorder.memory, max_tokens)

    async def remember(self, role: str, content: object) -> None:
        """Add an entry to the session's memory, for the turns after this one; it is theirs when this turn has ended.

        Of a turn that remembers nothing, its input ("user") and its result ("assistant") are remembered. Raises
        AntipodeError memory_too_large.
        """
        path = self._branches.path("remember")
        kept = to_json(content, "what is to be remembered")
        await self._recorder.step(conversation.remember(path, role, kept))

    async def merged(self, *, timeout: float = 0.0, answer: Any = Any) -> list[Any]:
        """Return the inputs of turns that were submitted with `on_busy="merge"` while this one runs, none twice.

        Waits up to `timeout` seconds for the first; by default it only looks. What a turn has not taken when it ends
        runs as a turn of its own.
        """
        inputs: list[Any] = []
        while (taken := await self._recorder.wait(waits.merged(self._branches.path("merged"), timeout))) is not None:
            body = taken["input"] if isinstance(taken, dict) else None
            inputs.append(body if answer is Any else from_json(answer, body, "signal_invalid", "a merged input"))
            timeout = 0.0
        return inputs

    async def approval(
        self, group: str, question: object, *, timeout: float, otherwise: bool | None = None
    ) -> waits.Approval:
        """Ask a group of people for a decision (`antipode approvals`) and return it, with who decided.

        After `timeout` seconds the decision is `otherwise`, or AntipodeError wait_timed_out where that is not given.
        """
        asked = to_json(question, "the question")
        path = self._branches.path("approval")
        return waits.decision(await self._recorder.wait(waits.approval(path, group, asked, timeout, otherwise)))

    async def gather(self, *work: Awaitable[Any]) -> list[Any]:
        """Have all of them done at once and return their results in order; when one fails, end the others."""
        return await self._branches.gather(*work)

    async def map(
        self, function: Callable[[Item], Awaitable[Result]], items: Iterable[Item], *, concurrency: int = 10
    ) -> list[Result]:
        """Call the function for each item, at most `concurrency` at once, and return the results in order."""
        return await self._branches.map(function, items, concurrency)

    def spawn(self, work: Awaitable[Result]) -> Branch[Result]:
        """Begin a branch and go on at once; await what is returned for its result."""
        return self._branches.spawn(work)

    async def now(self) -> datetime:
        """Return the present moment, the same at every replay."""
        return to_datetime(str(await self._value("now", self._recorder.now)))

    async def random(self) -> float:
        """Return a random number in [0, 1), the same at every replay."""
        return float(str(await self._value("random", self._recorder.fraction)))

    async def uuid(self) -> UUID:
        """Return a random UUID, the same at every replay."""
        return UUID(str(await self._value("uuid", lambda: uuid_from(self._recorder.token()))))

    async def progress(self, note: object) -> None:
        """Say how far the job is: shown with it, and among its events."""
        await self._recorder.report(self._branches.path("progress"), to_json(note, "the progress note"))

    def continue_as_new(self, input: object) -> NoReturn:
        """Begin anew with another input, in the same job: what was done so far is not replayed any more."""
        raise ContinueAsNew(to_json(input, "the input to continue with"))

    async def _value(self, name: str, make: Callable[[], Json]) -> Json:
        async def effect(idempotency_key: str) -> StepOutcome:
            return StepOutcome(make())

        return await self._recorder.step(
            StepRequest(name=self._branches.path(name), kind="value", arguments=None, effect=effect)
        )


@dataclass(frozen=True, slots=True)
class _Form:
    """What calling a tool depends on. Finding it out takes longer than many a step, so it is done once."""

    returns: Any
    wants_key: bool
    is_async: bool


#: Of each function, for as long as it lives.
_forms: WeakKeyDictionary[object, _Form] = WeakKeyDictionary()


def _form_of(function: Callable[..., object]) -> _Form:
    plain = getattr(function, "__func__", function)  # a bound method is another object at each look
    if type(plain) is not FunctionType:
        return _look_at(function)
    form = _forms.get(plain)
    if form is None:
        form = _forms[plain] = _look_at(function)
    return form


def _look_at(function: Callable[..., object]) -> _Form:
    return _Form(
        returns=get_type_hints(function).get("return", Any),
        wants_key="idempotency_key" in inspect.signature(function).parameters,
        is_async=inspect.iscoroutinefunction(function),
    )
