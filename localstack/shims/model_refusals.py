"""Bedrock passes on what the model behind it refuses, and says when an answer was cut off.

The emulator hides every failure of the endpoint behind it: throttled, broken or unreachable, the caller gets canned
text and status 200, and an answer cut at `maxTokens` looks complete. Here each failure is the error that Bedrock has
for it, so that retries, budgets and drills meet what they would meet on AWS.
"""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Callable
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, edit, module, wrap

_ASK = Target("services.bedrock_runtime", "_proxy_openai_chat_message", "4ab1ac947f94d0b5")
_READ = Target("services.bedrock_runtime", "_converse_blocks_from_message", "e607700639b83b85")
_OPERATIONS = (
    Target("services.bedrock_runtime", "_converse", "66685980b631290c"),
    Target("services.bedrock_runtime", "_converse_stream", "b1dcc223e9633e3c"),
    Target("services.bedrock_runtime", "_invoke_model", "56729612ff723ee8"),
    Target("services.bedrock_runtime", "_invoke_model_with_response_stream", "a5b78603fe10bbb2"),
)

_NOT_REACHED = """logger.debug("bedrock proxy unreachable, falling back to mock: %s", e)
        return None, None"""
_NOT_UNDERSTOOD = """logger.exception("bedrock proxy returned malformed response, falling back to mock")
        return None, None"""
_CHOSEN = """message = data["choices"][0]["message"]
    except (KeyError, IndexError, TypeError):
        return None, None
    if not isinstance(message, dict):
        return None, None"""
_CHOSEN_WITH_REASON = """message = {**data["choices"][0]["message"]}
        message["finish_reason"] = data["choices"][0].get("finish_reason")
    except (KeyError, IndexError, TypeError) as e:
        raise malformed() from e"""

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
_UNREACHABLE = ("ServiceUnavailableException", 503)
_TIMED_OUT = ("ModelTimeoutException", 408)

Reply = tuple[int, dict[str, str], bytes]


class ModelRefusal(Exception):
    """The endpoint behind Bedrock gave no answer."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def install(_: Neighbourhood) -> None:
    edit(
        _ASK,
        (_NOT_REACHED, "raise refusal_of(e) from e"),
        (_NOT_UNDERSTOOD, "raise malformed()"),
        (_CHOSEN, _CHOSEN_WITH_REASON),
        names={"refusal_of": _refusal_of, "malformed": _malformed},
    )
    wrap(_READ, _say_when_cut)
    for operation in _OPERATIONS:
        wrap(operation, _answer_refusals)


def _refusal_of(error: OSError) -> ModelRefusal:
    """The error of Bedrock for what went wrong on the way to the endpoint."""
    if isinstance(error, urllib.error.HTTPError):
        code, status = _ERRORS.get(error.code, _OTHER_ERROR)
        return ModelRefusal(code, status, _words_of(error))
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    code, status = _TIMED_OUT if isinstance(reason, TimeoutError) else _UNREACHABLE
    return ModelRefusal(code, status, f"The model endpoint did not answer: {reason}")


def _words_of(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"]["message"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"The model endpoint answered {error.code}"


def _malformed() -> ModelRefusal:
    return ModelRefusal(*_OTHER_ERROR, "The model endpoint's answer is not a chat completion")


def _say_when_cut(read: Callable[[dict[str, Any]], tuple[list[Any], str]]) -> Any:
    def converse_blocks_from_message(message: dict[str, Any]) -> tuple[list[Any], str]:
        blocks, stop_reason = read(message)
        return blocks, "max_tokens" if message.get("finish_reason") == "length" else stop_reason

    return converse_blocks_from_message


def _answer_refusals(operation: Callable[..., Any]) -> Any:
    def answer_or_refuse(*arguments: Any) -> Any:
        try:
            return operation(*arguments)
        except ModelRefusal as refusal:
            status, headers, body = module("services.bedrock_runtime")._error(
                refusal.code, str(refusal), refusal.status
            )
            return status, {**headers, "x-amzn-ErrorType": refusal.code}, body

    return answer_or_refuse
