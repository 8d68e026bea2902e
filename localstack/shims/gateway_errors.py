"""What API Gateway itself answers: which field is wrong, and nothing of a function's own error.

The emulator leaves `$context.error.validationErrorString` in the answer as it stands, shows the caller the text of a
function's exception, and turns an answer without the proxy format into a 200. AWS fills the variable with what its
JSON schema validator says and answers 502 `Internal server error` in both other cases, through the API's own
DEFAULT_5XX response.
"""

from __future__ import annotations

import json
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, edit, module
from localstack.shims.schema_complaints import complaints

_GATEWAY = "services.apigateway_v1"
_VALIDATE = Target(_GATEWAY, "_check_request_validation", "9605a07a083f3c7c")
_ANSWER = Target(_GATEWAY, "_gateway_error_response", "c0a3f091df36886a")
_INVOKE = Target(_GATEWAY, "_invoke_lambda_proxy_v1", "5651a96fa7ba1ad6")

_INVALID = """\
    if not valid:
        return _gw_error("BAD_REQUEST_BODY",
                         _GATEWAY_ERROR_MESSAGES["BAD_REQUEST_BODY"])
"""
_FAILED = """\
    if err:
        return 502, {"Content-Type": "application/json"}, json.dumps({"message": err}).encode()
"""
_MESSAGE = '"context.error.messageString": message_string,'
_VALIDATION_ERROR = '"context.error.validationErrorString": _antipode_validation_error(error)'


def install(_: Neighbourhood) -> None:
    edit(
        _VALIDATE,
        (_INVALID, "    if not valid:\n        return _antipode_invalid_body(schema, document)\n"),
        names={"_antipode_invalid_body": _invalid_body},
    )
    edit(
        _ANSWER,
        (_MESSAGE, f"{_MESSAGE} {_VALIDATION_ERROR},"),
        ('response.get("statusCode") or', 'response.get("statusCode") or getattr(error, "status", None) or'),
        names={"_antipode_validation_error": _validation_error},
    )
    edit(
        _INVOKE,
        (_FAILED, "    if err or _antipode_is_malformed(result):\n        return _antipode_bad_gateway()\n"),
        names={"_antipode_is_malformed": _is_malformed, "_antipode_bad_gateway": _bad_gateway},
    )


def _bad_gateway() -> Any:
    error = module(_GATEWAY)._GatewayError("DEFAULT_5XX", "Internal server error")
    error.status = 502
    return error


def _is_malformed(result: dict[str, Any]) -> bool:
    """Whether a function that ended well returned something else than a proxy response."""
    if result.get("throttle"):
        return False
    reply = result.get("body")
    if not isinstance(reply, dict):
        return True
    status, headers, body = reply.get("statusCode"), reply.get("headers"), reply.get("body")
    return not (
        (isinstance(status, int | str) and not isinstance(status, bool) and str(status).isdigit())
        and (headers is None or (isinstance(headers, dict) and not any(map(_is_container, headers.values()))))
        and isinstance(body, str | None)
    )


def _is_container(value: object) -> bool:
    return isinstance(value, dict | list)


def _invalid_body(schema: Any, document: Any) -> Any:
    gateway = module(_GATEWAY)
    error = gateway._GatewayError("BAD_REQUEST_BODY", gateway._GATEWAY_ERROR_MESSAGES["BAD_REQUEST_BODY"])
    error.complaints = list(complaints(schema, document, schema, gateway._resolve_schema_ref))
    return error


def _validation_error(error: Any) -> str:
    """The variable's text, escaped for the inside of a JSON string."""
    text = f"[{', '.join(error.complaints)}]" if hasattr(error, "complaints") else error.message or ""
    return json.dumps(text)[1:-1]
