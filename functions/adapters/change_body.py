"""Reads the requests that act on jobs, approvals and switches, and says of a wrong one what is wrong."""

import re
from typing import Any

from pydantic import BaseModel, Field

from functions.adapters.api_gateway import Request
from functions.adapters.json_body import (
    CLOSED,
    SMALL_BODY_BYTES,
    fitting,
    idempotency_key,
    json_object,
    json_value,
)
from functions.application.decide_approval import Decision
from functions.application.request_change import ChangeRequest
from functions.application.signal_job import SignalRequest
from functions.domain.errors import AntipodeError
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.turns import RESERVED, is_reserved
from functions.domain.moments import to_datetime, to_moment
from functions.domain.payload import INLINE_BYTES

#: JSON may be written at length: blanks and escapes count here, and not in the value.
LARGEST_SIGNAL_BYTES = 6 * INLINE_BYTES
_NAME = re.compile(r"[^/#:\[\]\x00-\x1f]{1,100}")
_POSITION = re.compile(r"[0-9TZ:.-]{24}#job_[a-z2-7]{32}")


class ReasonBody(BaseModel):
    """The body of POST /v1/jobs/{id}/cancel, /pause and /resume."""

    model_config = CLOSED
    reason: str | None = Field(default=None, min_length=1, max_length=1000)


class BulkBody(BaseModel):
    """The body of POST /v1/jobs/cancel."""

    model_config = CLOSED
    agent: str | None = Field(default=None, min_length=1, max_length=100)
    before: str | None = Field(default=None, min_length=1, max_length=64)
    reason: str | None = Field(default=None, min_length=1, max_length=1000)


class DecisionBody(BaseModel):
    """The body of POST /v1/approvals/{id}."""

    model_config = CLOSED
    approved: bool
    by: str | None = Field(default=None, min_length=1, max_length=200)
    comment: str = Field(default="", max_length=4000)


class SwitchBody(BaseModel):
    """The body of PUT /v1/switches/..."""

    model_config = CLOSED
    paused: bool
    reason: str | None = Field(default=None, min_length=1, max_length=1000)


def read_change(request: Request, kind: ArrivalKind) -> ChangeRequest:
    """Return what is asked of one job; no body is as good as {}."""
    body = fitting(ReasonBody, _optional(request))
    return ChangeRequest(kind=kind, by=request.principal, reason=body.reason, key=idempotency_key(request))


def read_signal(request: Request) -> SignalRequest:
    """Return a signal; no body is null."""
    name = request.path_parameters["name"]
    if not _NAME.fullmatch(name):
        detail = "a signal's name has 1 to 100 characters, none of them / # : [ ] or a control character"
        raise AntipodeError("invalid_parameter", detail, field="name")
    if is_reserved(name):
        detail = f"names that begin with {RESERVED!r} are Antipode's own signals"
        raise AntipodeError("invalid_parameter", detail, field="name")
    too_large = f"a signal's body may have {INLINE_BYTES:,} bytes, no more"
    value = json_value(request, LARGEST_SIGNAL_BYTES, too_large) if request.body.strip() else None
    return SignalRequest(name=name, body=value, by=request.principal, key=idempotency_key(request))


def read_bulk(request: Request) -> BulkBody:
    """Return which jobs are to end: `before` is a moment, or what an answer's `next` said."""
    body = fitting(BulkBody, _optional(request))
    if body.before is None or _POSITION.fullmatch(body.before):
        return body
    try:
        return body.model_copy(update={"before": to_moment(to_datetime(body.before))})
    except (ValueError, OverflowError) as error:
        detail = f"before is neither an ISO 8601 time nor what `next` said: {error}"
        raise AntipodeError("invalid_body", detail, field="before") from None


def read_decision(request: Request) -> Decision:
    """Return a decision; whoever holds the token decides, unless the body names another."""
    body = fitting(DecisionBody, json_object(request, SMALL_BODY_BYTES))
    return Decision(
        approved=body.approved,
        comment=body.comment,
        by=body.by or request.principal,
        via=request.principal,
        key=idempotency_key(request),
    )


def read_switch(request: Request) -> SwitchBody:
    """Return whether to pause."""
    return fitting(SwitchBody, json_object(request, SMALL_BODY_BYTES))


def _optional(request: Request) -> dict[str, Any]:
    return json_object(request, SMALL_BODY_BYTES) if request.body.strip() else {}
