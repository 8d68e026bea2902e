"""Makes the OpenAPI 3.1 document of all routes: their models are the ones that requests are checked with."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from functions.adapters.api_description import (
    dead_letters,
    jobs,
    limits,
    operations,
    people,
    schedules,
    webhooks,
)
from functions.adapters.api_description.event_kinds import EVENT_SCHEMA, event_schemas
from functions.adapters.api_description.row import Parameter, RouteDescription
from functions.domain.errors import CATALOGUE
from functions.sdk.answers import JobEvent, Problem

ROUTES: tuple[RouteDescription, ...] = (
    *jobs.ROUTES,
    *people.ROUTES,
    *dead_letters.ROUTES,
    *limits.ROUTES,
    *schedules.ROUTES,
    *webhooks.ROUTES,
    *operations.ROUTES,
)
_COMPONENTS = "#/components/schemas/"
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string"}}}
_HEADERS: Mapping[int, Mapping[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "Always Bearer.", "schema": {"type": "string"}}},
    429: _RETRY_AFTER,
    500: _RETRY_AFTER,
    503: _RETRY_AFTER,
    504: _RETRY_AFTER,
}
#: API Gateway answers so when a function says nothing in time.
_IN_NO_TIME = 504
_ABOUT = """Durable jobs of AI agents in two AWS Regions. Every route is served by both; a job is the same in either.
Refusals are problem details (RFC 9457) with a stable `code`."""


@cache
def openapi_document() -> dict[str, Any]:
    """Return the document. The caller leaves it as it is."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Antipode", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/", "description": "The Region that serves this, or whichever the name leads to."}],
        "security": [{"token": []}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made by `antipode tokens create`. The same token works in both Regions.",
                }
            },
        },
    }


def _paths() -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return paths


def _operation(route: RouteDescription) -> dict[str, Any]:
    needs = f"Needs a token with the scope `{route.scope}`." if route.scope else "Needs no token."
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": needs,
        "responses": {str(route.status): _success(route), **_also(route), **_refusals(route)},
    }
    if route.scope is None:
        operation["security"] = []
    if route.parameters:
        operation["parameters"] = [_parameter(each) for each in route.parameters]
    if route.request is not None:
        content: dict[str, Any] = {"schema": _schema_of(route.request)}
        if route.sent is not None:
            content["example"] = route.sent
        operation["requestBody"] = {"required": route.body_required, "content": {"application/json": content}}
    return operation


def _parameter(each: Parameter) -> dict[str, Any]:
    said = {"name": each.name, "in": each.place, "description": each.description, "schema": dict(each.schema)}
    return {**said, "required": each.required or each.place == "path"}


def _success(route: RouteDescription) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"type": "object"} if route.answer is None else _schema_of(route.answer)}
    if route.answered is not None:
        content["example"] = route.answered
    said: dict[str, Any] = {"description": route.summary, "content": {"application/json": content}}
    if route.headers:
        headers = {name: {"description": text, "schema": {"type": "string"}} for name, text in route.headers.items()}
        said["headers"] = headers
    return said


def _also(route: RouteDescription) -> dict[str, Any]:
    return {
        str(status): {"description": route.summary, "content": {"application/json": {"schema": _schema_of(answer)}}}
        for status, answer in route.also.items()
    }


def _refusals(route: RouteDescription) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {_IN_NO_TIME: ["internal"]}
    for code in route.all_codes:
        by_status.setdefault(CATALOGUE[code].status, []).append(code)
    return {str(status): _refusal(status, codes) for status, codes in sorted(by_status.items())}


def _refusal(status: int, codes: Iterable[str]) -> dict[str, Any]:
    known = sorted(codes)
    narrowed = {"properties": {"status": {"const": status}, "code": {"enum": known}}}
    said: dict[str, Any] = {
        "description": " ".join(f"`{code}`: {CATALOGUE[code].title}. {CATALOGUE[code].remedy}" for code in known),
        "content": {
            "application/problem+json": {"schema": {"allOf": [{"$ref": f"{_COMPONENTS}{Problem.__name__}"}, narrowed]}}
        },
    }
    return {**said, "headers": dict(_HEADERS[status])} if status in _HEADERS else said


def _schema_of(model: type[BaseModel] | Mapping[str, Any]) -> dict[str, Any]:
    return {"$ref": _COMPONENTS + model.__name__} if isinstance(model, type) else dict(model)


def _schemas() -> dict[str, Any]:
    models: dict[type[BaseModel], None] = {Problem: None}
    for route in ROUTES:
        models |= {each: None for each in (route.request, route.answer, *route.also.values()) if isinstance(each, type)}
    _, found = models_json_schema([(each, "validation") for each in models], ref_template=_COMPONENTS + "{model}")
    schemas: dict[str, Any] = {name: _without_null(schema) for name, schema in found["$defs"].items()}
    return {**_in_json_schemas_words(schemas), **event_schemas(), JobEvent.__name__: EVENT_SCHEMA}


def _in_json_schemas_words(schema: Any) -> Any:
    """The signs for the beginning and the end of a text in Python's patterns are not those of JSON Schema's."""
    match schema:
        case {"pattern": str(pattern), **rest}:
            return {"pattern": pattern.replace(r"\A", "^").replace(r"\z", "$"), **_in_json_schemas_words(rest)}
        case dict():
            return {name: _in_json_schemas_words(each) for name, each in schema.items()}
        case list():
            return [_in_json_schemas_words(each) for each in schema]
        case _:
            return schema


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A field that may be left out is left out: null is neither sent nor answered for it."""
    properties = {name: _one_without_null(each) for name, each in schema.get("properties", {}).items()}
    return {**schema, "properties": properties} if properties else schema


def _one_without_null(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("default", "") is not None:
        return schema
    rest = {name: value for name, value in schema.items() if name not in ("default", "anyOf")}
    kinds = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    match kinds:
        case []:
            return rest
        case [one]:
            return {**one, **rest}
        case _:
            return {"anyOf": kinds, **rest}
