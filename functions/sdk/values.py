"""Between Python values and the JSON of histories. pydantic is loaded on first use: a worker's start must be quick."""

import functools
import json
from typing import Any, TypeVar

from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json

Value = TypeVar("Value")


@functools.lru_cache(maxsize=256)
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def to_json(value: object, where: str) -> Json:
    """Return `value` (JSON values, pydantic models, dataclasses, dates, ...) as JSON. Raises value_not_serialisable."""
    if value is None or isinstance(value, bool | int | str):
        return value
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    try:
        plain = to_jsonable_python(value)
        json.dumps(plain, allow_nan=False)
    except (PydanticSerializationError, TypeError, ValueError) as error:
        raise AntipodeError("value_not_serialisable", f"{where} cannot be written as JSON: {error}") from error
    return plain  # type: ignore[no-any-return]


def from_json(kind: Any, value: Json, code: str, where: str) -> Any:
    """Read `value` as `kind`. Raises AntipodeError `code` that names the first field that does not fit."""
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_json(json.dumps(value))  # by JSON's rules: a strict model still reads its dates
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join([where, *(str(part) for part in first["loc"])])
        raise AntipodeError(code, f"{path}: {first['msg']}", field=path) from error


def schema_of(kind: Any) -> dict[str, Json]:
    """Return the JSON schema of a type."""
    return _adapter(kind).json_schema()  # type: ignore[no-any-return]


def parse_answer(kind: Any, text: str) -> Any:
    """Read a model's answer, JSON bare or within prose, as `kind`. Raises ValueError with what is wrong."""
    from pydantic import ValidationError

    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise ValueError("the answer holds no JSON object")
    try:
        return _adapter(kind).validate_json(text[start : end + 1])
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_url=False)]
        raise ValueError("; ".join(problems[:5])) from error
