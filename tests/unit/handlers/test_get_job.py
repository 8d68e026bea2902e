"""GET /v1/jobs/{id}."""

import pytest

from functions.domain.ids import job_id
from functions.handlers import submit_job
from functions.handlers.get_job import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process, body_of

JOB = job_id("acme", "order-7")


def get(job: str, tenant: str = "acme", **headers: str) -> dict[str, object]:
    request = event("get_job")
    request["pathParameters"]["id"] = job
    request["requestContext"]["authorizer"]["tenant"] = tenant
    request["headers"].update(headers)
    return handle(request, None)


def test_a_job_is_shown_as_it_was_accepted(process: Process) -> None:
    accepted = submit_job.handle(event("submit_job"), None)
    shown = get(JOB)
    assert shown["statusCode"] == 200
    assert body_of(shown) == body_of(accepted)


@pytest.mark.parametrize("job", ["job_" + "a" * 32, "job_x", "", "../HEAD#us-east-1", "job_ü"])
def test_a_job_that_does_not_exist_is_404(process: Process, job: str) -> None:
    response = get(job)
    assert (response["statusCode"], body_of(response)["code"]) == (404, "job_not_found")


def test_another_tenants_job_is_as_unknown_as_none(process: Process) -> None:
    submit_job.handle(event("submit_job"), None)
    assert get(JOB, tenant="rival")["statusCode"] == 404


def test_prefer_wait_waits_for_the_end(process: Process) -> None:
    submit_job.handle(event("submit_job"), None)
    response = get(JOB, Prefer="wait=3")
    assert response["statusCode"] == 200
    assert process.clock.seconds == pytest.approx(1003)


def test_a_table_that_refuses_is_503(process: Process) -> None:
    process.table.refusing = True
    assert get(JOB)["statusCode"] == 503
