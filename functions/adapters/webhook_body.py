"""Reads the requests that set webhooks, and says of a wrong one what is wrong."""

from pydantic import BaseModel, Field

from functions.adapters.api_gateway import Request
from functions.adapters.json_body import CLOSED, SMALL_BODY_BYTES, fitting, json_object
from functions.application.set_webhook import Wanted
from functions.domain.callback import check_callback_url
from functions.domain.errors import AntipodeError
from functions.domain.job.public_events import NAMES
from functions.domain.webhooks import ALL, CALLBACKS, NAME, unknown_events


class WebhookBody(BaseModel):
    """The body of PUT /v1/webhooks/{name}."""

    model_config = CLOSED
    url: str = Field(min_length=1, max_length=2048)
    events: list[str] = Field(min_length=1, max_length=20)
    agents: list[str] | None = Field(default=None, min_length=1, max_length=50)
    tags: dict[str, str] | None = Field(default=None, min_length=1, max_length=20)
    active: bool = True


def read_webhook(request: Request, *, loopback: bool) -> Wanted:
    """Return what a webhook is to be. Raises AntipodeError with the field that is wrong."""
    if webhook_name(request) == CALLBACKS:
        detail = f"{CALLBACKS!r} is the name of the secret for jobs' callbacks: it has no address of its own"
        raise AntipodeError("invalid_parameter", detail, field="name")
    body = fitting(WebhookBody, json_object(request, SMALL_BODY_BYTES))
    unknown = unknown_events(body.events)
    if unknown:
        detail = f"no event is named {unknown[0]!r}; there are {ALL}, {', '.join(NAMES)}"
        raise AntipodeError("invalid_body", detail[:600], field="events")
    check_callback_url(body.url, field="url", loopback=loopback)
    return Wanted(
        url=body.url,
        events=tuple(dict.fromkeys(body.events)),
        agents=None if body.agents is None else tuple(dict.fromkeys(body.agents)),
        tags=body.tags,
        active=body.active,
    )


def webhook_name(request: Request) -> str:
    """Return the webhook's name in the path. Raises AntipodeError invalid_parameter."""
    name = request.path_parameters["name"]
    if not NAME.fullmatch(name):
        detail = "a webhook's name has 1 to 63 lower-case letters, digits, - or _, and begins with none of the last two"
        raise AntipodeError("invalid_parameter", detail, field="name")
    return name
