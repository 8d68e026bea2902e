"""PUT /v1/switches/tenant and /v1/switches/agents/{name}."""

from typing import Any

import pytest

from functions.handlers import list_switches
from functions.handlers.set_switch import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of
from tests.unit.handlers.waiting_jobs import NOON


def put(agent: str | None, body: object) -> dict[str, Any]:
    resource, parameters = "/v1/switches/tenant", None
    if agent is not None:
        resource, parameters = "/v1/switches/agents/{name}", {"name": agent}
    return handle(request_event("PUT", resource, parameters, body=body, authorizer={"principal": "ann"}), None)


@pytest.mark.parametrize(
    ("agent", "scope"), [(None, {"scope": "tenant"}), ("probe", {"scope": "agent", "agent": "probe"})]
)
def test_a_switch_is_answered_as_it_holds_and_listed(
    process: Process, agent: str | None, scope: dict[str, str]
) -> None:
    said = {**scope, "paused": True, "at": NOON, "by": "ann", "region": "us-east-1", "reason": "bad release"}
    answer = put(agent, {"paused": True, "reason": "bad release"})
    assert (answer["statusCode"], body_of(answer)) == (200, {**said, "durability": "both"})
    listed = list_switches.handle(request_event("GET", "/v1/switches"), None)
    assert body_of(listed) == {"switches": [said]}


def test_an_agent_that_does_not_exist_is_400(process: Process) -> None:
    answer = put("prob", {"paused": True})
    assert (answer["statusCode"], body_of(answer)["code"]) == (400, "unknown_agent")


@pytest.mark.parametrize(
    ("body", "field"), [({}, "paused"), ({"paused": "yes"}, "paused"), ({"paused": True, "until": "x"}, "until")]
)
def test_a_wrong_body_names_its_field(process: Process, body: object, field: str) -> None:
    answer = put(None, body)
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, field)
