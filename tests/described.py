"""Holds answers to the API's own description: what the OpenAPI document does not say, nobody may be answered."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from functions.adapters.api_description.document import openapi_document


def template_of(path: str, method: str) -> str | None:
    """Return the described route to which a path leads; None when there is none."""
    for template, operations in _by_length():
        pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in operations:
            return template
    return None


def undescribed(method: str, template: str, status: int, content_type: str, body: object) -> str | None:
    """Say what of an answer is not described; None when all of it is."""
    operation = openapi_document()["paths"].get(template, {}).get(method.lower())
    if operation is None:
        return f"{method} {template}: no such route is described"
    described = operation["responses"].get(str(status))
    if described is None:
        return f"{method} {template}: the status {status} is not described: {json.dumps(body)[:300]}"
    content = described["content"].get(content_type.partition(";")[0])
    if content is None:
        return f"{method} {template}: {status} as {content_type} is not described"
    complaint = complaint_of(content["schema"], body)
    return None if complaint is None else f"{method} {template} {status}: {complaint}"


def complaint_of(schema: Mapping[str, Any], value: object) -> str | None:
    """Say how a value does not fit a schema of the document; None when it does."""
    validator = _validator(json.dumps(schema))
    errors = [
        f"{'/'.join(map(str, each.instance_path))}: {each.message}"[:500] for each in validator.iter_errors(value)
    ]
    return "; ".join(errors[:3]) or None


@cache
def _by_length() -> list[tuple[str, dict[str, Any]]]:
    """Routes without a parameter come before those whose parameter would take them in."""
    return sorted(openapi_document()["paths"].items(), key=lambda item: item[0].count("{"))


@cache
def _validator(schema: str) -> Any:
    whole = {**json.loads(schema), "components": openapi_document()["components"]}
    return jsonschema_rs.Draft202012Validator(whole)
