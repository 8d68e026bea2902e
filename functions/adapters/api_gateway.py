"""API Gateway's proxy events on one side, requests and responses on the other: the one place that knows its notation.

Nothing here needs pydantic: the body of a submit, which does, is read in `submit_body`.
"""

import base64
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from functions.adapters.process_loop import run_to_end
from functions.application.ports import LaneUnavailable, PayloadUnavailable, StateUnavailable
from functions.domain.errors import AntipodeError
from functions.observability import EventLog

Event: TypeAlias = Mapping[str, Any]

LONGEST_WAIT_SECONDS = 20
RETRY_AFTER_SECONDS = 2
LONGEST_NAME = 256
#: DynamoDB compares with no longer ones.
LONGEST_POSITION = 1024
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?=[,;]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request. Names of headers are in lower case.

    `tenant`, and `principal`, the name of the token's holder, are '' where no authorizer has spoken.
    """

    method: str
    path: str
    tenant: str
    path_parameters: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    principal: str = ""
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response with a JSON body."""

    body: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def serve(event: Event, log: EventLog, respond: Callable[[Request], Awaitable[Response]]) -> dict[str, Any]:
    """Answer one event by `respond`. What it raises becomes a problem document, and a log line if it is our failure."""
    request = read_request(event)
    try:
        response = run_to_end(respond(request))
    except AntipodeError as error:
        response = problem(error)
    except StateUnavailable as error:
        log.failed("state_unavailable", error, request_id=request.request_id)
        response = problem(AntipodeError("state_unavailable", "the state table refuses; send again"))
    except PayloadUnavailable as error:
        log.failed("payload_unavailable", error, request_id=request.request_id)
        response = problem(AntipodeError("payload_unavailable", "the payload store refuses; send again"))
    except LaneUnavailable as error:
        log.failed("lane_unavailable", error, request_id=request.request_id)
        response = problem(AntipodeError("lane_unavailable", "a lane refuses; send again"))
    except Exception as error:  # noqa: BLE001 - the client gets an answer, the log gets the traceback
        log.failed("request_failed", error, request_id=request.request_id)
        response = problem(AntipodeError("internal", "the service failed; the request's id leads to its log"))
    body = response.body
    if response.status >= 400:
        body = {**body, "request_id": request.request_id}
    log.say(
        "answered",
        method=request.method,
        path=request.path,
        status=response.status,
        code=response.body.get("code"),
        tenant=request.tenant,
        request_id=request.request_id,
    )
    return {
        "statusCode": response.status,
        "headers": {"Content-Type": "application/json", "Cache-Control": "no-store", **response.headers},
        "body": json.dumps(body, separators=(",", ":")),
        "isBase64Encoded": False,
    }


def read_request(event: Event) -> Request:
    """Read a proxy event."""
    context = event.get("requestContext") or {}
    authorizer = context.get("authorizer") or {}
    body = event.get("body") or ""
    return Request(
        method=event.get("httpMethod", ""),
        path=event.get("path", ""),
        tenant=authorizer.get("tenant", ""),
        path_parameters=event.get("pathParameters") or {},
        query=event.get("queryStringParameters") or {},
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass"),
        request_id=context.get("requestId", ""),
        principal=authorizer.get("principal") or authorizer.get("tenant", ""),
        scopes=frozenset(str(authorizer.get("scopes", "")).split()),
    )


def problem(error: AntipodeError) -> Response:
    """Return an error as problem details (RFC 9457). Those that waiting can mend say how long to wait."""
    body: dict[str, Any] = {
        "type": f"urn:antipode:error:{error.code}",
        "title": error.row.title,
        "status": error.row.status,
        "detail": error.detail,
        "code": error.code,
        **({"field": error.field} if error.field is not None else {}),
        **error.extra,
    }
    headers = {"Content-Type": "application/problem+json"}
    if error.row.status in (429, 503):
        headers["Retry-After"] = str(error.extra.get("retry_after_seconds", RETRY_AFTER_SECONDS))
    return Response(body, error.row.status, headers)


def whole_number(request: Request, name: str, *, default: int, lowest: int, highest: int) -> int:
    """Return a query parameter as a number. Raises AntipodeError invalid_parameter."""
    text = request.query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
        raise AntipodeError("invalid_parameter", f"{name} must be a number from {lowest} to {highest}", field=name)
    return int(text)


def one_of(request: Request, name: str, allowed: frozenset[str]) -> str | None:
    """Return a query parameter that may have certain values only. Raises AntipodeError invalid_parameter."""
    value = request.query.get(name)
    if value is not None and value not in allowed:
        raise AntipodeError("invalid_parameter", f"{name} must be one of {', '.join(sorted(allowed))}", field=name)
    return value


def needed(request: Request, name: str) -> str:
    """Return a query parameter that must be given. Raises AntipodeError invalid_parameter."""
    value = request.query.get(name)
    if not value or len(value) > LONGEST_NAME:
        detail = f"{name} must be given, as in ?{name}=..., with {LONGEST_NAME} characters at most"
        raise AntipodeError("invalid_parameter", detail, field=name)
    return value


def position(request: Request, name: str) -> str | None:
    """Return a query parameter that says where a page begins. Raises AntipodeError invalid_parameter."""
    value = request.query.get(name)
    if value and len(value.encode("utf-8", "surrogatepass")) > LONGEST_POSITION:
        raise AntipodeError("invalid_parameter", f"{name} must be what `next` said", field=name)
    return value or None


def seconds_to_wait(request: Request) -> int:
    """Return the N of `Prefer: wait=N`, at most `LONGEST_WAIT_SECONDS`. What cannot be read is ignored (RFC 7240)."""
    found = _WAIT.search(request.headers.get("prefer", ""))
    return min(int(found.group(1)), LONGEST_WAIT_SECONDS) if found else 0
