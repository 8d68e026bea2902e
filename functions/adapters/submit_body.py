"""Reads the request that submits a job and says of a wrong one what is wrong, before anything is written."""

import json
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.adapters.api_gateway import Request
from functions.application.submit_job import SubmitRequest
from functions.domain.callback import check_callback_url
from functions.domain.errors import AntipodeError
from functions.domain.moments import to_datetime, to_moment

#: A function is called with 6 MB at most, in which the body is a string: quotes and what is not ASCII take more there.
LARGEST_BODY_BYTES = 4_000_000
_TOO_LARGE = f"the body may have {LARGEST_BODY_BYTES} bytes, no more; upload a larger input with POST /v1/payloads"
DEEPEST_NESTING = 64
_JSON_TYPE = re.compile(r"application/(?:[a-z0-9.!#$&^_+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
_IDEMPOTENCY_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_CLOSED = ConfigDict(extra="forbid", strict=True, frozen=True)


class BudgetBody(BaseModel):
    """How much a job may use."""

    model_config = _CLOSED
    steps: int | None = Field(default=None, ge=1, le=1_000_000)
    tokens: int | None = Field(default=None, ge=1, le=1_000_000_000)


class SubmitBody(BaseModel):
    """The body of POST /v1/jobs."""

    model_config = _CLOSED
    agent: str = Field(min_length=1, max_length=100)
    input: Any
    lane: str | None = Field(default=None, min_length=1, max_length=100)
    delay_seconds: float = Field(default=0, ge=0, le=31_536_000, allow_inf_nan=False)
    deadline: str | None = Field(default=None, max_length=64)
    budget: BudgetBody | None = None
    callback_url: str | None = None
    tags: dict[str, str] | None = Field(default=None, max_length=20)


def read_submit(request: Request) -> SubmitRequest:
    """Return what the client asks for. Raises AntipodeError with the field that is wrong."""
    if len(request.body) > LARGEST_BODY_BYTES:
        raise AntipodeError("payload_too_large", _TOO_LARGE)
    content_type = request.headers.get("content-type", "application/json")
    if not _JSON_TYPE.fullmatch(content_type.strip()):
        raise AntipodeError("unsupported_media_type", f"the body is sent as {content_type[:100]}", field="Content-Type")
    key = request.headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        detail = "Idempotency-Key must have 1 to 255 printable ASCII characters"
        raise AntipodeError("invalid_parameter", detail, field="Idempotency-Key")
    body = _checked(_parsed(request.body))
    return SubmitRequest(
        tenant=request.tenant,
        agent=body.agent,
        input=body.input,
        idempotency_key=key,
        lane=body.lane,
        delay_seconds=body.delay_seconds,
        deadline=_moment(body.deadline),
        budget=body.budget.model_dump(exclude_none=True) if body.budget else None,
        callback_url=body.callback_url,
        tags=body.tags,
    )


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw.decode())
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # refuses half characters, NaN and 1e999
    except RecursionError:
        raise AntipodeError("invalid_body", "the body is nested too deeply") from None
    except ValueError as error:
        raise AntipodeError("invalid_json", f"the body is not JSON: {error}"[:300]) from None
    if not isinstance(value, dict):
        raise AntipodeError("invalid_body", "the body must be a JSON object")
    if _depth(value) > DEEPEST_NESTING:
        raise AntipodeError("invalid_body", f"the body may be nested {DEEPEST_NESTING} deep, no more", field="input")
    return value


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            item
            for parent in level
            if isinstance(parent, dict | list)
            for item in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return depth


def _checked(value: dict[str, Any]) -> SubmitBody:
    if "session" in value:
        raise AntipodeError("not_available", "sessions are not served by this version", field="session")
    for name, part in value.items():
        if part is None and name != "input":
            raise AntipodeError("invalid_body", f"{name}: leave it out instead of sending null"[:300], field=name[:100])
    try:
        body = SubmitBody.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise AntipodeError("invalid_body", f"{name}: {first['msg']}"[:300], field=name[:100]) from None
    for name, tag in (body.tags or {}).items():
        if not 1 <= len(name) <= 64 or len(tag) > 256:
            detail = "a tag's name has 1 to 64 characters, its value up to 256"
            raise AntipodeError("invalid_body", detail, field=f"tags.{name}"[:100])
    if body.callback_url is not None:
        check_callback_url(body.callback_url)
    return body


def _moment(deadline: str | None) -> str | None:
    if deadline is None:
        return None
    try:
        return to_moment(to_datetime(deadline))
    except (ValueError, OverflowError) as error:
        raise AntipodeError("invalid_body", f"deadline is no ISO 8601 time: {error}", field="deadline") from None
