"""What the JSON schema validator behind API Gateway says about a request body.

The emulator's validator only says yes or no. The words are those that AWS shows in its documentation of request
validation; like them, they leave out where in the body the complaint arose.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any


def complaints(schema: Any, value: Any, root: Any, resolve: Callable[[str, Any], tuple[Any, Any]]) -> Iterator[str]:
    """What the validator behind API Gateway says about a value; like it, without the place where it found it."""
    while isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        schema, root = resolve(schema["$ref"], root)
    if not isinstance(schema, dict):
        return
    allowed = schema.get("type")
    kind = _kind(value)
    if allowed is not None:
        names = [allowed] if isinstance(allowed, str) else list(allowed)
        if kind not in names and not (kind == "integer" and "number" in names):
            listed = _listed({*names, "integer"} if "number" in names else names)
            yield f"instance type ({kind}) does not match any allowed primitive type (allowed: {listed})"
            return
    if "enum" in schema and value not in schema["enum"]:
        possible = ",".join(json.dumps(each) for each in schema["enum"])
        yield f"instance value ({json.dumps(value)}) not found in enum (possible values: [{possible}])"
    yield from _limits(schema, value)
    for each in schema.get("allOf", []):
        yield from complaints(each, value, root, resolve)
    for keyword in ("anyOf", "oneOf"):
        choices = schema.get(keyword, [])
        matched = sum(1 for each in choices if not any(complaints(each, value, root, resolve)))
        if choices and keyword == "anyOf" and not matched:
            yield f"instance failed to match at least one required schema among {len(choices)}"
        if choices and keyword == "oneOf" and matched != 1:
            yield f"instance failed to match exactly one schema (matched {matched} out of {len(choices)})"
    for sub_schema, item in _children(schema, value):
        yield from complaints(sub_schema, item, root, resolve)


def _limits(schema: dict[str, Any], value: Any) -> Iterator[str]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if "minimum" in schema and value < schema["minimum"]:
            yield f"numeric instance is lower than the required minimum (minimum: {schema['minimum']}, found: {value})"
        if "maximum" in schema and value > schema["maximum"]:
            yield (
                f"numeric instance is greater than the required maximum (maximum: {schema['maximum']}, found: {value})"
            )
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0):
            minimum = schema["minLength"]
            yield f'string "{value}" is too short (length: {len(value)}, required minimum: {minimum})'
        if "maxLength" in schema and len(value) > schema["maxLength"]:
            yield f'string "{value}" is too long (length: {len(value)}, maximum allowed: {schema["maxLength"]})'
        if "pattern" in schema and re.search(schema["pattern"], value) is None:
            yield f'ECMA 262 regex "{schema["pattern"]}" does not match input string "{value}"'
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            required = f"must have at least {schema['minItems']} elements"
            yield f"array is too short: {required} but instance has {len(value)} elements"
        if "maxItems" in schema and len(value) > schema["maxItems"]:
            required = f"must have at most {schema['maxItems']} elements"
            yield f"array is too long: {required} but instance has {len(value)} elements"
    if isinstance(value, dict):
        missing = [name for name in schema.get("required", []) if name not in value]
        if missing:
            yield f"object has missing required properties ({_listed(missing)})"
        if schema.get("additionalProperties") is False:
            known = schema.get("properties", {})
            strange = [name for name in value if name not in known]
            if strange:
                yield f"object instance has properties which are not allowed by the schema: {_listed(strange)}"


def _children(schema: dict[str, Any], value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        yield from ((schema["items"], item) for item in value)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        others = schema.get("additionalProperties")
        for name, item in value.items():
            sub_schema = known.get(name, others)
            if isinstance(sub_schema, dict):
                yield sub_schema, item


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float) and value.is_integer():
        return "integer"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def _listed(names: Any) -> str:
    return "[" + ",".join(json.dumps(name) for name in sorted(names)) + "]"
