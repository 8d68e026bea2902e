"""Reads the requests that set and clear limits, and says of a wrong one what is wrong."""

import re

from pydantic import BaseModel, Field

from functions.adapters.api_gateway import Request
from functions.adapters.json_body import CLOSED, SMALL_BODY_BYTES, fitting, json_object
from functions.application.set_limit import LimitRequest
from functions.domain.errors import AntipodeError
from functions.domain.limits import (
    MOST_AT_ONCE,
    MOST_STARTS_PER_MINUTE,
    WHOLE_TENANT,
    scope_of_agent,
    scope_of_key,
)

#: A key stands in a path and in an item's name.
LIMIT_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}")


class LimitBody(BaseModel):
    """The body of PUT /v1/limits/..."""

    model_config = CLOSED
    concurrency: int | None = Field(default=None, ge=1, le=MOST_AT_ONCE)
    starts_per_minute: float | None = Field(
        default=None, ge=0.01, le=MOST_STARTS_PER_MINUTE, allow_inf_nan=False, strict=False
    )


def read_limit(request: Request) -> LimitRequest:
    """Return the limit that is to hold from now on; of a DELETE, that none is. Raises AntipodeError."""
    scope = _scope(request)
    if request.method == "DELETE":
        return LimitRequest(scope=scope, by=request.principal)
    body = fitting(LimitBody, json_object(request, SMALL_BODY_BYTES))
    if body.concurrency is None and body.starts_per_minute is None:
        detail = "give concurrency, starts_per_minute or both; DELETE clears a limit"
        raise AntipodeError("invalid_body", detail, field="concurrency")
    return LimitRequest(
        scope=scope, by=request.principal, concurrency=body.concurrency, starts_per_minute=body.starts_per_minute
    )


def _scope(request: Request) -> str:
    if "name" in request.path_parameters:
        return scope_of_agent(request.path_parameters["name"])
    key = request.path_parameters.get("key")
    if key is None:
        return WHOLE_TENANT
    if not LIMIT_KEY.fullmatch(key):
        detail = "a key has 1 to 64 letters, digits and . _ : @ -, and begins with a letter or digit"
        raise AntipodeError("invalid_parameter", detail, field="key")
    return scope_of_key(key)
