"""AWS's events as JSON files, in the form that its documentation gives them; one is read anew for each test."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "events"


def event(name: str) -> dict[str, Any]:
    """Return the event of that name."""
    value: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return value


def request_event(
    method: str,
    resource: str,
    parameters: Mapping[str, str] | None = None,
    *,
    query: Mapping[str, str] | None = None,
    body: object = None,
    authorizer: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the event of a request to `resource`, such as "/v1/jobs/{id}", by the tenant acme; a body is sent as JSON.

    `authorizer` is what the authorizer has said besides. There is no Idempotency-Key.
    """
    made = event("submit_job")
    path = resource.format(**(parameters or {}))
    made |= {"httpMethod": method, "resource": resource, "path": path, "pathParameters": dict(parameters or {}) or None}
    made |= {"queryStringParameters": query, "body": None if body is None else json.dumps(body)}
    del made["headers"]["Idempotency-Key"]
    made["requestContext"] |= {"httpMethod": method, "resourcePath": resource, "path": path}
    made["requestContext"]["authorizer"] |= authorizer or {}
    return made
