"""What an agent works through: every effect goes by the context, so it is recorded once and replayed after."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

from functions.application.ports import ModelRequest, StepOutcome, StepRecorder
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.sdk.tool import options_of
from functions.sdk.values import from_json, parse_answer, schema_of, to_json

Answer = TypeVar("Answer")

#: How often a model is asked again when its answer does not fit; after that the job fails with model_answer_invalid.
ASKS = 3


class Context:
    """Given to a running agent. Its methods are steps: carried out once, their results read from the history later."""

    def __init__(self, recorder: StepRecorder) -> None:
        self._recorder = recorder

    @property
    def job_id(self) -> str:
        """The id of the running job."""
        return self._recorder.job_id

    async def tool(self, function: Callable[..., Any], /, *args: object, **kwargs: object) -> Any:
        """Call a plain or async function once and return what it returned, now and at every replay.

        Arguments and result must be JSON values or types that pydantic can write; a result is read back as the
        function's annotated return type. A parameter named `idempotency_key` gets the step's key.
        """
        options = options_of(function)
        returns = get_type_hints(function).get("return", Any)
        arguments = to_json([list(args), kwargs], f"the arguments of tool {options.name!r}")

        async def effect(idempotency_key: str) -> StepOutcome:
            keyed = {"idempotency_key": idempotency_key} if _wants_key(function) else {}
            if inspect.iscoroutinefunction(function):
                result = await function(*args, **kwargs, **keyed)
            else:
                result = await asyncio.to_thread(function, *args, **kwargs, **keyed)
            return StepOutcome(to_json(result, f"the result of tool {options.name!r}"))

        recorded = await self._recorder.step(
            options.name, "tool", arguments, effect, expensive=options.expensive, repeatable=options.repeatable
        )
        if returns in (Any, type(None), None):
            return recorded
        return from_json(returns, recorded, "value_not_serialisable", f"the result of tool {options.name!r}")

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
    ) -> Answer:
        """Ask the model for an `answer` (a pydantic type) and return it, validated.

        `check` may raise ValueError to reject an answer that fits its type but is wrong. A rejected answer is shown to
        the model with what is wrong, up to three asks; then the job fails with model_answer_invalid.
        """
        ask = _Ask(self._recorder, prompt, system, answer, check, max_tokens, temperature)
        arguments: Json = {"prompt": prompt, "system": system, "max_tokens": max_tokens, "temperature": temperature}
        recorded = await self._recorder.step(name, "model", arguments, ask, expensive=True)
        value: Answer = from_json(answer, recorded, "model_answer_invalid", f"the recorded answer of {name!r}")
        return value


class _Ask:
    """The effect of a model step: ask, validate, and ask again with the reason when the answer does not fit."""

    def __init__(
        self,
        recorder: StepRecorder,
        prompt: str,
        system: str,
        answer: type[Any],
        check: Callable[[Any], None] | None,
        max_tokens: int,
        temperature: float,
    ) -> None:
        self._recorder = recorder
        self._prompt = prompt
        self._system = (
            f"{system}\n\nAnswer with one JSON object of this schema, nothing else:\n{schema_of(answer)}".strip()
        )
        self._answer = answer
        self._check = check
        self._max_tokens = max_tokens
        self._temperature = temperature

    async def __call__(self, idempotency_key: str) -> StepOutcome:
        spent_in = spent_out = 0
        prompt, wrong = self._prompt, ""
        for ask in range(1, ASKS + 1):
            request = ModelRequest(
                self._system, prompt, self._max_tokens, self._temperature, f"{idempotency_key}/{ask}"
            )
            reply = await self._recorder.model.converse(request)
            spent_in += reply.input_tokens
            spent_out += reply.output_tokens
            try:
                value = parse_answer(self._answer, reply.text)
                if self._check is not None:
                    self._check(value)
            except ValueError as error:
                wrong = str(error)
                prompt = (
                    f"{self._prompt}\n\nYour last answer was:\n{reply.text}\n\nIt was rejected: {wrong}. Correct it."
                )
            else:
                return StepOutcome(to_json(value, "the model's answer"), spent_in, spent_out)
        raise AntipodeError("model_answer_invalid", f"after {ASKS} asks the model's answer is still wrong: {wrong}")


def _wants_key(function: Callable[..., object]) -> bool:
    return "idempotency_key" in inspect.signature(function).parameters
