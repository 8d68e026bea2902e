"""Reads the request that submits a job and says of a wrong one what is wrong, before anything is written."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from pydantic.config import JsonDict

from functions.adapters.api_gateway import Request
from functions.adapters.json_body import CLOSED, fitting, idempotency_key, json_object
from functions.adapters.limit_body import LIMIT_KEY
from functions.application.submit_job import LONGEST_DELAY_SECONDS, SubmitRequest
from functions.domain.callback import check_callback_url
from functions.domain.errors import AntipodeError
from functions.domain.job.turns import SESSION_NAME
from functions.domain.moments import to_datetime, to_moment

#: A function is called with 6 MB at most, in which the body is a string: quotes and what is not ASCII take more there.
LARGEST_BODY_BYTES = 4_000_000
_TOO_LARGE = f"the body may have {LARGEST_BODY_BYTES} bytes, no more; upload a larger input with POST /v1/payloads"

MOST_LIMIT_KEYS = 4


_MOMENT: JsonDict = {"format": "date-time"}


def _say_of_tags(schema: dict[str, Any]) -> None:
    """What `_checked` asks of tags, for the API's description."""
    schema["anyOf"][0] |= {"propertyNames": {"minLength": 1, "maxLength": 64}}
    schema["anyOf"][0]["additionalProperties"] = {"type": "string", "maxLength": 256}


def _say_of_session(schema: dict[str, Any]) -> None:
    """A session may be given by its name alone."""
    schema["anyOf"].insert(0, {"type": "string", "pattern": f"^{SESSION_NAME.pattern}$"})


class BudgetBody(BaseModel):
    """How much a job may use."""

    model_config = CLOSED
    steps: int | None = Field(default=None, ge=1, le=1_000_000)
    tokens: int | None = Field(default=None, ge=1, le=1_000_000_000)


class SessionBody(BaseModel):
    """The conversation of which the job is a turn, and what happens when it is at another turn."""

    model_config = CLOSED
    name: str = Field(pattern=rf"\A{SESSION_NAME.pattern}\z")
    on_busy: Literal["queue", "reject", "interrupt", "merge"] = "queue"


class SubmitBody(BaseModel):
    """The body of POST /v1/jobs."""

    model_config = CLOSED
    agent: str = Field(min_length=1, max_length=100)
    input: Any
    lane: str | None = Field(default=None, min_length=1, max_length=100)
    delay_seconds: float | None = Field(default=None, ge=0, le=LONGEST_DELAY_SECONDS, allow_inf_nan=False)
    run_at: str | None = Field(default=None, max_length=64, json_schema_extra=_MOMENT)
    deadline: str | None = Field(default=None, max_length=64, json_schema_extra=_MOMENT)
    budget: BudgetBody | None = None
    callback_url: str | None = None
    tags: dict[str, str] | None = Field(default=None, max_length=20, json_schema_extra=_say_of_tags)
    session: SessionBody | None = Field(default=None, json_schema_extra=_say_of_session)
    limit_keys: list[Annotated[str, Field(pattern=rf"\A{LIMIT_KEY.pattern}\z")]] | None = Field(
        default=None, min_length=1, max_length=MOST_LIMIT_KEYS
    )


def read_submit(request: Request, *, loopback: bool = False) -> SubmitRequest:
    """Return what the client asks for. Raises AntipodeError with the field that is wrong.

    With `loopback` a callback may go to this machine: in the local cloud.
    """
    value = json_object(request, LARGEST_BODY_BYTES, _TOO_LARGE, "input")
    key = idempotency_key(request)
    body = _checked(value, loopback)
    return SubmitRequest(
        tenant=request.tenant,
        agent=body.agent,
        input=body.input,
        idempotency_key=key,
        lane=body.lane,
        delay_seconds=0 if body.delay_seconds is None else body.delay_seconds,
        run_at=_moment("run_at", body.run_at),
        deadline=_moment("deadline", body.deadline),
        budget=body.budget.model_dump(exclude_none=True) if body.budget else None,
        callback_url=body.callback_url,
        tags=body.tags,
        session=body.session.model_dump() if body.session else None,
        limit_keys=tuple(sorted(set(body.limit_keys))) if body.limit_keys else None,
    )


def _checked(value: dict[str, Any], loopback: bool) -> SubmitBody:
    if isinstance(value.get("session"), str):
        value = {**value, "session": {"name": value["session"]}}
    body = fitting(SubmitBody, value, nullable=frozenset({"input"}))
    for name, tag in (body.tags or {}).items():
        if not 1 <= len(name) <= 64 or len(tag) > 256:
            detail = "a tag's name has 1 to 64 characters, its value up to 256"
            raise AntipodeError("invalid_body", detail, field=f"tags.{name}"[:100])
    if body.run_at is not None and body.delay_seconds is not None:
        raise AntipodeError("invalid_body", "run_at: give it or delay_seconds, not both", field="run_at")
    if body.callback_url is not None:
        check_callback_url(body.callback_url, loopback=loopback)
    return body


def _moment(field: str, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return to_moment(to_datetime(text))
    except (ValueError, OverflowError) as error:
        raise AntipodeError("invalid_body", f"{field} is no ISO 8601 time: {error}"[:300], field=field) from None
