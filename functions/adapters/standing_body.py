"""Reads the requests by which a Region is told to go or to come back."""

from pydantic import BaseModel, Field

from functions.adapters.api_gateway import Request
from functions.adapters.json_body import CLOSED, SMALL_BODY_BYTES, fitting, json_object
from functions.domain.errors import AntipodeError

MOVES = "regions:move"


class StandingBody(BaseModel):
    """The body of POST /v1/regions/{region}/evacuate and /return; none is as good as {}."""

    model_config = CLOSED
    reason: str | None = Field(default=None, min_length=1, max_length=1000)


def read_standing(request: Request) -> tuple[str, bool, str | None]:
    """Return the Region, whether it is to go, and why. Raises AntipodeError."""
    if MOVES not in request.scopes:
        raise AntipodeError("forbidden", f"moving Regions takes a token with the scope {MOVES}")
    given = json_object(request, SMALL_BODY_BYTES) if request.body.strip() else {}
    away = request.path.endswith("/evacuate")
    return request.path_parameters["region"], away, fitting(StandingBody, given).reason
