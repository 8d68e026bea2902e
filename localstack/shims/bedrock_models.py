"""Bedrock fails as the model behind it does, and asks permission for the model that is really called.

The emulator passes a Converse request to an OpenAI-compatible endpoint, and answers with a made-up text when that
endpoint is slow, throttles or fails: a test would take the text for an answer. Here each failure becomes the error that
Bedrock has for it. The emulator also drops why the model stopped, and takes an inference profile (`us.amazon...`) for a
foundation model of that name: no policy written for AWS would allow a call (permitted_actions.py has the other half).
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, module, wrap

_BEDROCK = "services.bedrock_runtime"
_ASK_MODEL = Target(_BEDROCK, "_proxy_openai_chat_message", "4ab1ac947f94d0b5")
_BLOCKS = Target(_BEDROCK, "_converse_blocks_from_message", "e607700639b83b85")
_CALLS = (
    Target(_BEDROCK, "_converse", "66685980b631290c"),
    Target(_BEDROCK, "_converse_stream", "b1dcc223e9633e3c"),
    Target(_BEDROCK, "_invoke_model", "56729612ff723ee8"),
    Target(_BEDROCK, "_invoke_model_with_response_stream", "a5b78603fe10bbb2"),
)
_RESOURCE = Target("core.iam_actions", "extract_resource_arn", "82f51700695c62fd")

_MODEL_PATH = re.compile(r"^/model/(.+)/(?:converse|converse-stream|invoke|invoke-with-response-stream)$")
_INFERENCE_PROFILE = re.compile(r"^(us|us-gov|eu|apac|ca|jp|au|global)\.")
_STOP_REASONS = {"length": "max_tokens", "content_filter": "content_filtered"}
_ERRORS = {
    400: ("ValidationException", 400),
    401: ("AccessDeniedException", 403),
    403: ("AccessDeniedException", 403),
    404: ("ResourceNotFoundException", 404),
    408: ("ModelTimeoutException", 408),
    413: ("ValidationException", 400),
    422: ("ValidationException", 400),
    429: ("ThrottlingException", 429),
    500: ("InternalServerException", 500),
    503: ("ServiceUnavailableException", 503),
    504: ("ModelTimeoutException", 408),
}
_OTHER_ERROR = ("ModelErrorException", 424)


class _ModelFailed(Exception):
    """The model gave no answer; what Bedrock calls that, and its status."""

    def __init__(self, name_and_status: tuple[str, int], message: str) -> None:
        super().__init__(message)
        self.name, self.status = name_and_status


def install(_: Neighbourhood) -> None:
    wrap(_ASK_MODEL, lambda _original: _ask_model)
    wrap(_BLOCKS, _with_stop_reason)
    for target in _CALLS:
        wrap(target, _answering_failures)
    wrap(_RESOURCE, _naming_inference_profiles)


def _ask_model(
    model_id: str, messages: Any, system: Any, inference_config: Any, tool_config: Any = None
) -> tuple[dict[str, Any], tuple[int, int] | None]:
    """The model's message with its finish reason, and how many tokens it read and wrote."""
    bedrock = module(_BEDROCK)
    url = bedrock._PROXY_URL
    if not url:
        raise _ModelFailed(_ERRORS[503], "no model server stands behind this Bedrock")
    request = urllib.request.Request(
        f"{url}/v1/chat/completions",
        data=json.dumps(_chat_request(model_id, messages, system, inference_config or {}, tool_config)).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    completion = _completion(request, bedrock._PROXY_TIMEOUT_S)
    try:
        (choice, *_) = completion["choices"]
        message = dict(choice["message"]) | {"finish_reason": choice.get("finish_reason")}
        usage = completion.get("usage") or {}
        counts = (int(usage["prompt_tokens"]), int(usage["completion_tokens"])) if usage else None
    except (KeyError, TypeError, ValueError) as malformed:
        raise _ModelFailed(_OTHER_ERROR, f"the model server answered no chat completion: {malformed!r}") from None
    return message, counts


def _completion(request: urllib.request.Request, timeout: float) -> Any:
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return json.load(response)
    except urllib.error.HTTPError as refusal:
        with refusal:
            text = refusal.read().decode(errors="replace")
        raise _ModelFailed(_ERRORS.get(refusal.code, _OTHER_ERROR), text) from None
    except TimeoutError:
        raise _ModelFailed(_ERRORS[408], f"the model did not answer within {timeout} s") from None
    except OSError as failure:
        if isinstance(getattr(failure, "reason", None), TimeoutError):
            raise _ModelFailed(_ERRORS[408], f"the model server did not answer within {timeout} s") from None
        raise _ModelFailed(_ERRORS[503], f"the model server cannot be reached: {failure}") from None
    except ValueError as malformed:
        raise _ModelFailed(_OTHER_ERROR, f"the model server answered no JSON: {malformed}") from None


def _chat_request(model_id: str, messages: Any, system: Any, config: dict[str, Any], tool_config: Any) -> Any:
    bedrock = module(_BEDROCK)
    request = {"model": model_id, "messages": bedrock._openai_messages(messages, system), "stream": False}
    tools, choice = bedrock._openai_tools(tool_config)
    if tools:
        request |= {"tools": tools} | ({"tool_choice": choice} if choice is not None else {})
    names = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p", "stopSequences": "stop"}
    return request | {theirs: config[ours] for ours, theirs in names.items() if ours in config}


def _with_stop_reason(blocks_of: Callable[[Any], tuple[Any, str]]) -> Callable[[Any], tuple[Any, str]]:
    def blocks_from_message(message: Any) -> tuple[Any, str]:
        blocks, stop_reason = blocks_of(message)
        if stop_reason == "end_turn":
            stop_reason = _STOP_REASONS.get(message.get("finish_reason"), stop_reason)
        return blocks, stop_reason

    return blocks_from_message


def _answering_failures(call: Callable[..., Any]) -> Callable[..., Any]:
    def answer(*arguments: Any) -> Any:
        try:
            return call(*arguments)
        except _ModelFailed as failed:
            return module(_BEDROCK)._error(failed.name, str(failed), failed.status)

    return answer


def _naming_inference_profiles(extract: Callable[..., str]) -> Callable[..., str]:
    def extract_resource_arn(
        service: str, method: str, path: str, headers: Any, body: Any, query: Any, region: str, account: str
    ) -> str:
        called = _MODEL_PATH.match(path) if service == "bedrock-runtime" else None
        if called is None:
            return extract(service, method, path, headers, body, query, region, account)
        model = unquote(called.group(1))
        if model.startswith("arn:"):
            return model
        if _INFERENCE_PROFILE.match(model):
            return f"arn:aws:bedrock:{region}:{account}:inference-profile/{model}"
        return f"arn:aws:bedrock:{region}::foundation-model/{model}"

    return extract_resource_arn
