"""What all bodies have in common: they are JSON of a bounded size and depth, and a wrong field is named.

The requests that only read need none of this, nor pydantic.
"""

import json
import re
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from functions.adapters.api_gateway import Request
from functions.domain.errors import AntipodeError

DEEPEST_NESTING = 64
#: Of bodies that hold no value of an agent's.
SMALL_BODY_BYTES = 16_384
_JSON_TYPE = re.compile(r"application/(?:[a-z0-9.!#$&^_+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
_IDEMPOTENCY_KEY = re.compile(r"[\x20-\x7e]{1,255}")
CLOSED = ConfigDict(extra="forbid", strict=True, frozen=True)
Body = TypeVar("Body", bound=BaseModel)


def idempotency_key(request: Request) -> str | None:
    """Return the header Idempotency-Key. Raises AntipodeError invalid_parameter."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        detail = "Idempotency-Key must have 1 to 255 printable ASCII characters"
        raise AntipodeError("invalid_parameter", detail, field="Idempotency-Key")
    return key


def json_value(request: Request, largest: int, too_large: str | None = None, field: str | None = None) -> Any:
    """Return the body's value; `field` is named when it is nested too deeply. Raises AntipodeError."""
    if len(request.body) > largest:
        raise AntipodeError("payload_too_large", too_large or f"the body may have {largest} bytes, no more")
    content_type = request.headers.get("content-type", "application/json")
    if not _JSON_TYPE.fullmatch(content_type.strip()):
        raise AntipodeError("unsupported_media_type", f"the body is sent as {content_type[:100]}", field="Content-Type")
    try:
        value = json.loads(request.body.decode())
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # refuses half characters, NaN and 1e999
    except RecursionError:
        raise AntipodeError("invalid_body", "the body is nested too deeply") from None
    except ValueError as error:
        raise AntipodeError("invalid_json", f"the body is not JSON: {error}"[:300]) from None
    if _depth(value) > DEEPEST_NESTING:
        raise AntipodeError("invalid_body", f"the body may be nested {DEEPEST_NESTING} deep, no more", field=field)
    return value


def json_object(
    request: Request, largest: int, too_large: str | None = None, field: str | None = None
) -> dict[str, Any]:
    """Return the body's object: see `json_value`."""
    value = json_value(request, largest, too_large, field)
    if not isinstance(value, dict):
        raise AntipodeError("invalid_body", "the body must be a JSON object")
    return value


def fitting(model: type[Body], value: dict[str, Any], *, nullable: frozenset[str] = frozenset()) -> Body:
    """Return an object as `model` has it. Raises AntipodeError invalid_body with the first field that is wrong."""
    for name, part in value.items():
        if part is None and name not in nullable:
            raise AntipodeError("invalid_body", f"{name}: leave it out instead of sending null"[:300], field=name[:100])
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise AntipodeError("invalid_body", f"{name}: {first['msg']}"[:300], field=name[:100]) from None


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
