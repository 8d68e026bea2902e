"""The effect of a model step: ask, validate, and ask again with the reason when the answer does not fit."""

from collections.abc import Callable
from typing import Any

from functions.application.agent_ports import StepOutcome, StepRecorder
from functions.application.ports import ModelRequest, ModelUnavailable
from functions.domain.errors import AntipodeError
from functions.domain.job.retry import Retry
from functions.sdk.values import parse_answer, schema_of, to_json

#: How often a model is asked again when its answer does not fit; after that the step fails with model_answer_invalid.
ASKS = 3
#: A model that does not answer is asked again for about a quarter of an hour.
MODEL_RETRY = Retry(attempts=8, first_seconds=2.0, most_seconds=300.0, on=(ModelUnavailable,))


class ModelCall:
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
