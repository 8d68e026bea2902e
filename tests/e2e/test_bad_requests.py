"""What the deployed API answers to bad requests: a clear 4xx that names the field, and nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from functions.domain.ids import job_id
from tests.e2e.deployed import PROBE, Deployed

JSON = {"Content-Type": "application/json"}
#: Loopback addresses are missing here: this environment, and no other, lets receivers listen there.
PRIVATE = ["http://10.1.2.3/x", "http://169.254.169.254/x", "http://[fd00::1]/x", "ftp://example.com/x", "x"]


def body(**changes: Any) -> dict[str, Any]:
    return {**PROBE, **changes}


BAD_BODIES: list[tuple[str, Mapping[str, Any] | None, str, str | None]] = [
    ("agent_missing", {"input": {}}, "invalid_body", None),
    ("input_missing", {"agent": "probe"}, "invalid_body", None),
    ("agent_mistyped", body(agent=7), "invalid_body", "agent"),
    ("unknown_field", body(colour="red"), "invalid_body", "colour"),
    ("unknown_agent", body(agent="nobody"), "unknown_agent", "agent"),
    ("unknown_lane", body(lane="express"), "unknown_lane", "lane"),
    ("lane_mistyped", body(lane=3), "invalid_body", "lane"),
    ("input_of_the_wrong_form", body(input={"steps": "many", "milliseconds": 1}), "invalid_body", "input.steps"),
    ("input_incomplete", body(input={"steps": 1}), "invalid_body", "input.milliseconds"),
    ("delay_negative", body(delay_seconds=-1), "invalid_body", "delay_seconds"),
    ("deadline_without_offset", body(deadline="2030-01-01T00:00:00"), "invalid_body", "deadline"),
    ("budget_mistyped", body(budget={"steps": "few"}), "invalid_body", "budget.steps"),
    ("session_misnamed", body(session="a b"), "invalid_body", "session.name"),
    *(
        (f"callback_{n}", body(callback_url=url), "invalid_callback_url", "callback_url")
        for n, url in enumerate(PRIVATE)
    ),
]


@pytest.mark.parametrize(("name", "sent", "code", "field"), BAD_BODIES, ids=[row[0] for row in BAD_BODIES])
def test_a_bad_body_is_a_400_that_names_the_field_and_writes_nothing(
    deployed: Deployed, name: str, sent: Mapping[str, Any], code: str, field: str | None
) -> None:
    answer = deployed.call(deployed.first, "POST", "/jobs", json=dict(sent), headers={"Idempotency-Key": f"bad-{name}"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    if field is None:
        assert name.partition("_")[0] in problem["detail"], "the gateway's own message names the missing property"
    else:
        assert problem["field"] == field
    assert deployed.job(deployed.first, job_id("demo", f"bad-{name}"))["code"] == "job_not_found"


@pytest.mark.parametrize("sent", ["{", "[1]", '"text"', "7"])
def test_what_is_no_json_object_is_a_400(deployed: Deployed, sent: str) -> None:
    answer = deployed.call(deployed.first, "POST", "/jobs", content=sent, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid_body", "invalid_json")


def test_a_body_over_the_limit_is_a_413(deployed: Deployed) -> None:
    answer = deployed.call(deployed.first, "POST", "/jobs", json=body(tags={"x": "y" * 4_000_000}))
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


def test_a_bad_idempotency_key_is_a_400(deployed: Deployed) -> None:
    answer = deployed.call(deployed.first, "POST", "/jobs", json=PROBE, headers={"Idempotency-Key": "k" * 256})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


@pytest.mark.parametrize("token", ["", "ap_" + "x" * 43, "nonsense"])
def test_without_a_valid_token_nobody_is_served(deployed: Deployed, token: str) -> None:
    answer = deployed.call(deployed.first, "POST", "/jobs", json=PROBE, token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_a_token_without_the_scope_is_a_403(deployed: Deployed) -> None:
    reader = deployed.grant("demo", "jobs:read")
    assert deployed.call(deployed.first, "GET", "/jobs", token=reader).status_code == 200
    answer = deployed.call(deployed.first, "POST", "/jobs", json=PROBE, token=reader)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_job_of_another_tenant_is_as_unknown_as_one_that_never_was(deployed: Deployed) -> None:
    mine = deployed.submit(deployed.first)["id"]
    stranger = deployed.grant("stranger", "jobs:read")
    for region, asked, token in [
        (deployed.first, mine, stranger),
        (deployed.second, mine, stranger),
        (deployed.first, job_id("demo", "never"), None),
        (deployed.first, "nonsense", None),
    ]:
        answer = deployed.call(region, "GET", f"/jobs/{asked}", token=token)
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


def test_an_unknown_route_is_a_404_and_health_needs_no_token(deployed: Deployed) -> None:
    assert deployed.call(deployed.first, "GET", "/nothing").status_code == 404
    health = deployed.call(deployed.first, "GET", "/health", token="")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
