"""What is said of a route, and of what several routes have in common: the one form that all descriptions have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

Schema = Mapping[str, Any]

#: Each of these may be answered to any request, and to any that needs a token.
ALWAYS = ("throttled", "internal", "state_unavailable")
WITH_TOKEN = ("unauthorized", "forbidden")
#: Of a route with a body, with parameters, and with parameters in its path.
WITH_BODY = ("invalid_json", "invalid_body", "payload_too_large", "unsupported_media_type")
WITH_PARAMETERS = ("invalid_parameter",)
WITH_PATH_PARAMETERS = ("not_found",)


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a request says outside its body. What stands in the path is always required."""

    place: Literal["path", "query", "header"]
    name: str
    description: str
    schema: Schema
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDescription:
    """One route. `answer` is the model of its answer, `codes` the errors of the catalogue that it may answer.

    `request` is the model of its body, or a schema where any JSON will do; `body_required` is false where the body may
    be left out; `also` are its other good answers. What all routes of its kind may answer is added by `all_codes`.
    """

    method: str
    path: str
    scope: str | None
    name: str
    summary: str
    answer: type[BaseModel] | None
    status: int = 200
    headers: Mapping[str, str] | None = None
    parameters: tuple[Parameter, ...] = ()
    request: type[BaseModel] | Schema | None = None
    body_required: bool = True
    codes: tuple[str, ...] = ()
    also: Mapping[int, type[BaseModel]] = field(default_factory=dict)
    sent: object = None
    answered: object = None

    @property
    def all_codes(self) -> tuple[str, ...]:
        """Every code that it may answer."""
        codes = [*self.codes, *ALWAYS]
        codes += WITH_TOKEN if self.scope is not None else ()
        codes += WITH_BODY if self.request is not None else ()
        codes += WITH_PARAMETERS if self.parameters else ()
        codes += WITH_PATH_PARAMETERS if any(each.place == "path" for each in self.parameters) else ()
        return tuple(dict.fromkeys(codes))


def whole_number(name: str, description: str, *, default: int, lowest: int, highest: int) -> Parameter:
    """Describe a query parameter that is a number."""
    schema = {"type": "integer", "minimum": lowest, "maximum": highest, "default": default}
    return Parameter("query", name, description, schema)


def position(name: str, of: str) -> Parameter:
    """Describe a query parameter that says where a page begins."""
    text = f"Where the page begins: the `next` of the answer before, which names {of}."
    return Parameter("query", name, text, {"type": "string", "maxLength": 1024})


JOB_ID = Parameter("path", "id", "The job's id.", {"type": "string", "pattern": "^job_[a-z2-7]{32}$"})
IDEMPOTENCY_KEY = Parameter(
    "header",
    "Idempotency-Key",
    "However often a request is sent with one key, in either Region, it happens once. With another body it is a 409.",
    {"type": "string", "pattern": "^[ -~]{1,255}$"},
)
PREFER = Parameter(
    "header",
    "Prefer",
    "`wait=N` answers when the job has ended, or after N seconds (20 at most) as it stands then.",
    {"type": "string", "examples": ["wait=20"]},
)
#: Where something may be said of whoever asked.
REASON = {"reason": "not needed any more"}

AN_ID = "job_c6hhcb4qurbati5f36ka3hbjckczm4px"
A_JOB: Schema = {
    "id": AN_ID,
    "agent": "probe",
    "agent_version": "1",
    "status": "queued",
    "lane": "standard",
    "durability": "both",
    "home_region": "us-east-1",
    "owner_region": "us-east-1",
    "epoch": 1,
    "attempts": 0,
    "created_at": "2030-01-01T00:00:00.000Z",
    "updated_at": "2030-01-01T00:00:00.000Z",
    "usage": {"input_tokens": 0, "output_tokens": 0, "steps": 0},
}
AN_ENDED_JOB: Schema = {
    **A_JOB,
    "status": "succeeded",
    "attempts": 1,
    "updated_at": "2030-01-01T00:00:02.000Z",
    "usage": {"input_tokens": 0, "output_tokens": 0, "steps": 3},
    "result": {"steps": 3, "payload_bytes": 0},
}
