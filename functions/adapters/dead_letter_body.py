"""Reads the requests about dead letters: which are meant, at which rate and on which terms they are redriven."""

import re
from typing import Annotated

from pydantic import BaseModel, Field

from functions.adapters.api_gateway import Request, one_of, position
from functions.adapters.json_body import CLOSED, fitting, idempotency_key, json_object
from functions.application.start_redrive import AskedRedrive
from functions.domain.dead_letter import LetterFilter, LetterType, read_public_id
from functions.domain.errors import AntipodeError
from functions.domain.job.redrive import Terms
from functions.domain.moments import to_datetime, to_moment

MOST_IDS = 1_000
LARGEST_BODY_BYTES = 262_144
FASTEST = 10_000.0
_TYPES = frozenset(each.value for each in LetterType)
_CODE = re.compile(r"[a-z0-9_]{1,64}")
_Name = Annotated[str, Field(min_length=1, max_length=256)]


class FilterBody(BaseModel):
    """Which letters are meant; {} means all of them. Times are ISO 8601 with a zone; `until` itself counts no more."""

    model_config = CLOSED
    type: _Name | None = None
    agent: _Name | None = None
    code: _Name | None = None
    since: _Name | None = None
    until: _Name | None = None


class _Meant(BaseModel):
    """Letters by a filter or by their ids, one of the two."""

    model_config = CLOSED
    filter: FilterBody | None = None
    ids: list[_Name] | None = Field(default=None, min_length=1, max_length=MOST_IDS)
    preview: bool = False


class BudgetBody(BaseModel):
    """A new budget."""

    model_config = CLOSED
    steps: int | None = Field(default=None, ge=1, le=1_000_000_000)
    tokens: int | None = Field(default=None, ge=1, le=1_000_000_000)


class RedriveBody(_Meant):
    """The body of POST /v1/dead-letters/redrive."""

    rate_per_second: float = Field(default=100.0, gt=0, le=FASTEST)
    agent_version: _Name | None = None
    deadline: _Name | None = None
    budget: BudgetBody | None = None
    alone: bool = False


class DismissBody(_Meant):
    """The body of POST /v1/dead-letters/dismiss: `before` is what an answer's `next` said."""

    before: _Name | None = None


def read_filter(request: Request) -> LetterFilter:
    """Return which letters a list is to hold, from the query. Raises AntipodeError invalid_parameter."""
    one_of(request, "type", _TYPES)
    names = ("type", "agent", "code", "since", "until")
    given = {name: value for name in names if (value := request.query.get(name))}
    return _filter(given, "invalid_parameter")


def read_place(request: Request) -> str | None:
    """Return where a page of the list begins. Raises AntipodeError invalid_parameter."""
    return position(request, "before")


def read_redrive(request: Request, now: str) -> tuple[AskedRedrive, bool]:
    """Return what is to be redriven, and whether this is only to be looked at. Raises AntipodeError invalid_body."""
    body = fitting(RedriveBody, json_object(request, LARGEST_BODY_BYTES))
    deadline = None if body.deadline is None else _moment(body.deadline, "deadline", "invalid_body")
    if deadline is not None and deadline <= now:
        raise AntipodeError("invalid_body", f"deadline: it has passed, it is {now}", field="deadline")
    budget = None if body.budget is None else body.budget.model_dump(exclude_none=True)
    asked = AskedRedrive(
        tenant=request.tenant,
        by=request.principal,
        wanted=_wanted(body),
        ids=_ids(body),
        rate=body.rate_per_second,
        terms=Terms(agent_version=body.agent_version, deadline=deadline, budget=budget or None, alone=body.alone),
        key=idempotency_key(request),
    )
    return asked, body.preview


def read_dismissal(request: Request) -> tuple[LetterFilter, list[str] | None, str | None, bool]:
    """Return the filter, the ids, where to go on, and whether this is only to be looked at."""
    body = fitting(DismissBody, json_object(request, LARGEST_BODY_BYTES))
    return _wanted(body), _ids(body), body.before, body.preview


def _wanted(body: _Meant) -> LetterFilter:
    if (body.filter is None) == (body.ids is None):
        detail = 'say which: {"filter": {...}}, where {} means all, or {"ids": [...]}'
        raise AntipodeError("invalid_body", detail, field="filter")
    given = {} if body.filter is None else body.filter.model_dump(exclude_none=True)
    return _filter(given, "invalid_body")


def _ids(body: _Meant) -> list[str] | None:
    for place, each in enumerate(body.ids or ()):
        if read_public_id(each) is None:
            raise AntipodeError("invalid_body", f"{each[:100]!r} is no id of a dead letter", field=f"ids.{place}")
    return body.ids


def _filter(given: dict[str, str], refusal: str) -> LetterFilter:
    where = "filter." if refusal == "invalid_body" else ""
    kind = given.get("type")
    if kind is not None and kind not in _TYPES:
        raise AntipodeError(refusal, f"type must be one of {', '.join(sorted(_TYPES))}", field=f"{where}type")
    code = given.get("code")
    if code is not None and not _CODE.fullmatch(code):
        raise AntipodeError(refusal, "code must be an error's code", field=f"{where}code")
    since, until = (
        None if name not in given else _moment(given[name], f"{where}{name}", refusal) for name in ("since", "until")
    )
    return LetterFilter(
        type=None if kind is None else LetterType(kind), agent=given.get("agent"), code=code, since=since, until=until
    )


def _moment(text: str, field: str, refusal: str) -> str:
    try:
        return to_moment(to_datetime(text))
    except (ValueError, OverflowError) as error:
        raise AntipodeError(refusal, f"{field} is no ISO 8601 time: {error}"[:300], field=field) from None
