"""Reads the requests about schedules and says of a wrong one what is wrong, before anything is written."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from functions.adapters.api_gateway import Request
from functions.adapters.json_body import CLOSED, fitting, json_object
from functions.application.fire_schedules import FIRE_TAG, SCHEDULE_TAG
from functions.application.set_schedule import SHOWN_FIRES, ScheduleRequest
from functions.domain.errors import AntipodeError
from functions.domain.schedule import MOST_CATCH_UP, SCHEDULE_NAME

#: A schedule's input is read at each fire; what is larger is uploaded once and named by its reference.
LARGEST_SCHEDULE_BYTES = 32_768
MOST_SHOWN_FIRES = 50


class AllUpTo(BaseModel):
    """Make up for so many missed fires."""

    model_config = CLOSED
    all: int = Field(ge=1, le=MOST_CATCH_UP)


class ScheduleBody(BaseModel):
    """The body of PUT /v1/schedules/{name}."""

    model_config = CLOSED
    cron: str = Field(min_length=1, max_length=200)
    time_zone: str = Field(default="UTC", min_length=1, max_length=64)
    agent: str = Field(min_length=1, max_length=100)
    input: Any
    lane: str | None = Field(default=None, min_length=1, max_length=100)
    tags: dict[str, str] | None = Field(default=None, max_length=18)
    overlap: Literal["skip", "queue", "replace"] = "skip"
    catch_up: Literal["none", "latest"] | AllUpTo = "latest"
    paused: bool = False


def read_schedule(request: Request) -> ScheduleRequest:
    """Return what the client asks for. Raises AntipodeError with the field that is wrong."""
    value = json_object(request, LARGEST_SCHEDULE_BYTES, None, "input")
    body = _fitting(value)
    for name, tag in (body.tags or {}).items():
        if not 1 <= len(name) <= 64 or len(tag) > 256 or name in (SCHEDULE_TAG, FIRE_TAG):
            detail = f"a tag's name has 1 to 64 characters and is not {SCHEDULE_TAG} or {FIRE_TAG}, its value up to 256"
            raise AntipodeError("invalid_body", detail, field=f"tags.{name}"[:100])
    return ScheduleRequest(
        tenant=request.tenant,
        name=read_name(request),
        by=request.principal,
        cron=body.cron,
        time_zone=body.time_zone,
        agent=body.agent,
        input=body.input,
        lane=body.lane,
        tags=dict(body.tags) if body.tags else None,
        overlap=body.overlap,
        catch_up=body.catch_up.all if isinstance(body.catch_up, AllUpTo) else body.catch_up,
        paused=body.paused,
    )


def _fitting(value: dict[str, Any]) -> ScheduleBody:
    try:
        return fitting(ScheduleBody, value, nullable=frozenset({"input"}))
    except AntipodeError as error:
        if not (error.field or "").startswith("catch_up"):
            raise
        detail = f'catch_up: none, latest, or {{"all": N}} with N from 1 to {MOST_CATCH_UP}'
        raise AntipodeError("invalid_body", detail, field="catch_up") from None


def read_name(request: Request) -> str:
    """Return the schedule that is meant. Raises AntipodeError invalid_parameter."""
    name = request.path_parameters["name"]
    if not SCHEDULE_NAME.fullmatch(name):
        detail = "a schedule's name has 1 to 64 letters, digits, dots, dashes or underscores"
        raise AntipodeError("invalid_parameter", detail, field="name")
    return name


def read_fires(request: Request) -> int:
    """Return how many of the next fires are asked for. Raises AntipodeError invalid_parameter."""
    text = request.query.get("fires", str(SHOWN_FIRES))
    if not (text.isascii() and text.isdigit() and len(text) < 5 and int(text) <= MOST_SHOWN_FIRES):
        raise AntipodeError("invalid_parameter", f"fires is a number from 0 to {MOST_SHOWN_FIRES}", field="fires")
    return int(text)
