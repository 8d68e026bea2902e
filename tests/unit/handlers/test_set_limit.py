"""PUT and DELETE /v1/limits/..."""

from typing import Any

import pytest

from functions.handlers import list_limits
from functions.handlers.set_limit import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of
from tests.unit.handlers.waiting_jobs import NOON

SAID = {"at": NOON, "by": "ann", "region": "us-east-1"}


def ask(method: str, scope: str, body: object = None, **parameters: str) -> dict[str, Any]:
    resource = f"/v1/limits/{scope}"
    return handle(request_event(method, resource, parameters, body=body, authorizer={"principal": "ann"}), None)


@pytest.mark.parametrize(
    ("scope", "parameters", "shown"),
    [
        ("tenant", {}, {"scope": "tenant"}),
        ("agents/{name}", {"name": "probe"}, {"scope": "agent", "agent": "probe"}),
        ("keys/{key}", {"key": "crm:main@eu"}, {"scope": "key", "key": "crm:main@eu"}),
    ],
)
def test_a_limit_is_answered_as_it_holds_listed_and_cleared(
    process: Process, scope: str, parameters: dict[str, str], shown: dict[str, str]
) -> None:
    numbers = {"concurrency": 2, "starts_per_minute": 30.0}
    answer = ask("PUT", scope, {"concurrency": 2, "starts_per_minute": 30}, **parameters)
    assert (answer["statusCode"], body_of(answer)) == (200, {**shown, **numbers, **SAID, "durability": "both"})
    listing = request_event("GET", "/v1/limits")
    assert body_of(list_limits.handle(listing, None)) == {"limits": [{**shown, **numbers, **SAID}]}
    cleared = ask("DELETE", scope, **parameters)
    assert cleared["statusCode"] == 200
    assert "concurrency" not in body_of(cleared)
    assert body_of(list_limits.handle(listing, None)) == {"limits": []}


def test_an_agent_that_does_not_exist_is_400(process: Process) -> None:
    answer = ask("PUT", "agents/{name}", {"concurrency": 1}, name="prob")
    assert (answer["statusCode"], body_of(answer)["code"]) == (400, "unknown_agent")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "concurrency"),
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": 1001}, "concurrency"),
        ({"concurrency": 1.5}, "concurrency"),
        ({"starts_per_minute": 0}, "starts_per_minute"),
        ({"starts_per_minute": "many"}, "starts_per_minute"),
        ({"concurrency": 1, "per": "hour"}, "per"),
    ],
)
def test_a_wrong_body_names_its_field(process: Process, body: object, field: str) -> None:
    answer = ask("PUT", "tenant", body)
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, field)


@pytest.mark.parametrize("key", ["a#b", "a/b", "", "x" * 65, "-a"])
def test_a_key_of_another_form_is_refused(process: Process, key: str) -> None:
    answer = ask("PUT", "keys/{key}", {"concurrency": 1}, key=key)
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, "key")
