"""Between Python values and the JSON of histories. pydantic is loaded on first use: a worker's start must be quick."""

import functools
import json
from collections.abc import Callable
from typing import Any, TypeVar

from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json

Value = TypeVar("Value")

#: Types of values that are their own JSON.
_AS_THEY_ARE = frozenset({type(None), bool, int, str})
_check = json.JSONEncoder(allow_nan=False).encode


@functools.lru_cache(maxsize=256)
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


@functools.cache
def _written() -> tuple[Callable[[object], Any], type[Exception]]:
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    return to_jsonable_python, PydanticSerializationError


def arguments_to_json(args: tuple[object, ...], kwargs: dict[str, object], where: str) -> Json:
    """Return the arguments of a call as JSON. Raises value_not_serialisable."""
    if not kwargs and all(type(each) in _AS_THEY_ARE and (type(each) is not str or each.isascii()) for each in args):
        plain: Any = list(args)
        return [plain, {}]
    return to_json([list(args), kwargs], where)


def to_json(value: object, where: str) -> Json:
    """Return `value` (JSON values, pydantic models, dataclasses, dates, ...) as JSON. Raises value_not_serialisable."""
    if type(value) in _AS_THEY_ARE:
        return value  # type: ignore[return-value]
    to_jsonable_python, not_serialisable = _written()
    try:
        plain = to_jsonable_python(value)
        _check(plain)
    except (not_serialisable, TypeError, ValueError) as error:
        raise AntipodeError("value_not_serialisable", f"{where} cannot be written as JSON: {error}") from error
    return plain  # type: ignore[no-any-return]


def from_json(kind: Any, value: Json, code: str, where: str) -> Any:
    """Read `value` as `kind`. Raises AntipodeError `code` that names the first field that does not fit."""
    if type(value) is kind and kind in _AS_THEY_ARE and (kind is not str or value.isascii()):  # type: ignore[union-attr]
        return value  # as pydantic would; text beyond ASCII may hold half a character, which it refuses
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
