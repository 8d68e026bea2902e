"""GET /v1/sessions/{name}, and what else of sessions goes over the API."""

import json

import pytest

from functions.domain.ids import session_job_id
from functions.handlers import get_session, list_agents, signal_job, submit_job
from tests.event_files import event, request_event
from tests.unit.handlers.conftest import Process, body_of

PROBE = {"agent": "probe", "input": {"steps": 1, "milliseconds": 0}}


def shown(name: str, tenant: str = "acme") -> dict[str, object]:
    request = request_event("GET", "/v1/sessions/{name}", {"name": name})
    request["requestContext"]["authorizer"]["tenant"] = tenant
    return get_session.handle(request, None)


def submitted(**fields: object) -> dict[str, object]:
    request = event("submit_job")
    request["body"] = json.dumps({**PROBE, **fields})
    return submit_job.handle(request, None)


def test_a_session_is_there_as_soon_as_its_first_turn_is_accepted(process: Process) -> None:
    accepted = submitted(session="support:42")
    assert accepted["statusCode"] == 202
    assert body_of(accepted)["session"] == {"name": "support:42", "on_busy": "queue"}
    response = shown("support:42")
    assert response["statusCode"] == 200
    assert body_of(response)["job_id"] == session_job_id("acme", "support:42")
    assert (body_of(response)["status"], body_of(response)["turns"]) == ("queued", 0)


@pytest.mark.parametrize("name", ["other", "", "a b", "SUPPORT:42", "x" * 129])
def test_a_session_that_does_not_exist_is_404(process: Process, name: str) -> None:
    submitted(session="support:42")
    response = shown(name)
    assert (response["statusCode"], body_of(response)["code"]) == (404, "session_not_found")


def test_another_tenants_session_is_as_unknown_as_none(process: Process) -> None:
    submitted(session="support:42")
    assert shown("support:42", tenant="rival")["statusCode"] == 404


def test_a_table_that_refuses_is_503(process: Process) -> None:
    process.table.refusing = True
    assert shown("support:42")["statusCode"] == 503


def test_no_client_signals_in_the_name_of_a_session(process: Process) -> None:
    accepted = body_of(submitted(session="support:42"))
    parameters = {"id": str(accepted["id"]), "name": "session.admit"}
    response = signal_job.handle(request_event("POST", "/v1/jobs/{id}/signals/{name}", parameters, body={}), None)
    assert (response["statusCode"], body_of(response)["field"]) == (400, "name")
    assert {row.arrival.job_id for row in process.table.arrivals.values()} == {session_job_id("acme", "support:42")}


def test_the_agent_that_keeps_sessions_is_not_listed(process: Process) -> None:
    agents = body_of(list_agents.handle(event("list_agents"), None))["agents"]
    assert isinstance(agents, list)
    assert "session" not in {agent["name"] for agent in agents}
