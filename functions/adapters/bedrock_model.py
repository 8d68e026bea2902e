"""Model on Bedrock's Converse API, which speaks to every model in the same form."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from functions.adapters.aws_refusals import refusal_in
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.client_calls import ClientCalls
from functions.application.ports import ModelAnswer, ModelRefused, ModelRequest, ModelUnavailable
from functions.application.record_steps import Say

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

_REFUSALS = frozenset({"ValidationException", "AccessDeniedException", "ResourceNotFoundException"})
_BLOCKED = frozenset({"content_filtered", "guardrail_intervened"})
#: What Bedrock takes as a value of request metadata.
_NOT_METADATA = re.compile(r"[^a-zA-Z0-9\s:_@$#=/+,.-]")
_METADATA_LENGTH = 256


class BedrockModel:
    """One model, by its id or inference profile."""

    def __init__(
        self, model_id: str, make_client: Callable[[], "BedrockRuntimeClient"], calls: BlockingCalls, say: Say
    ) -> None:
        self._model_id = model_id
        self._calls = ClientCalls(make_client, calls)
        self._say = say

    async def converse(self, request: ModelRequest) -> ModelAnswer:
        """See Model."""
        try:
            answer = await self._calls.call("converse", **self._parameters(request))
        except Exception as error:
            raise self._meaning(error) from error
        return _answer(answer)

    def _parameters(self, request: ModelRequest) -> dict[str, Any]:
        key = _NOT_METADATA.sub("_", request.idempotency_key)[:_METADATA_LENGTH]
        parameters: dict[str, Any] = {
            "modelId": self._model_id,
            "messages": [{"role": "user", "content": [{"text": request.prompt}]}],
            "inferenceConfig": {"maxTokens": request.max_tokens, "temperature": request.temperature},
            "requestMetadata": {"idempotency_key": key},
        }
        if request.system:
            parameters["system"] = [{"text": request.system}]
        return parameters

    def _meaning(self, error: Exception) -> Exception:
        refusal = refusal_in(error)
        if refusal is None:
            return ModelRefused(str(error))
        if refusal.code not in _REFUSALS:
            return ModelUnavailable(refusal.detail, refusal.retry_after)
        self._say("model_refused", level="ERROR", model=self._model_id, error=refusal.detail)
        return ModelRefused(refusal.detail)


def _answer(answer: Any) -> ModelAnswer:
    if answer["stopReason"] in _BLOCKED:
        raise ModelRefused(f"the answer was blocked: {answer['stopReason']}")
    content = answer["output"]["message"]["content"]
    usage = answer["usage"]
    said = "".join(block["text"] for block in content if "text" in block)
    return ModelAnswer(said, usage["inputTokens"], usage["outputTokens"])
