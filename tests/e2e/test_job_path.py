"""A job's whole way through the deployed parts, and what happens to it when one of them refuses or dies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.e2e.conftest import LONG_JOB
from tests.e2e.deployed import ENVIRONMENT, PROBE, Deployed
from tests.eventually import eventually

#: A job is looked at again 30 s after it was last known to be alive; the rest is for a busy machine.
FOUND_SECONDS = 90.0


def test_a_worker_is_killed_while_its_job_is_half_done(deployed: Deployed, interrupted: str) -> None:
    """First of all, so that the other tests run while the sweeper waits for the job to be overdue."""
    assert deployed.job(deployed.first, interrupted)["status"] == "running"


@pytest.fixture(scope="module")
def refused_by_lane(deployed: Deployed) -> httpx.Response:
    """The answer to a submit whose hint no lane took."""
    with denied(deployed, "sqs:SendMessage"):
        return deployed.call(deployed.first, "POST", "/jobs", json=PROBE)


def test_a_refusing_lane_is_a_503_that_names_the_job(refused_by_lane: httpx.Response) -> None:
    problem = refused_by_lane.json()
    assert (refused_by_lane.status_code, problem["code"]) == (503, "lane_unavailable")
    assert int(refused_by_lane.headers["Retry-After"]) > 0
    assert problem["job_id"].startswith("job_")


def test_a_job_submitted_by_the_failover_name_has_its_result_in_both_regions(deployed: Deployed) -> None:
    accepted = deployed.call_by_name("POST", "/jobs", json=PROBE)
    assert accepted.status_code == 202
    job = accepted.json()
    assert job["durability"] == "both"
    assert accepted.headers["Location"] == f"/v1/jobs/{job['id']}"
    for region in (deployed.first, deployed.second):
        seen = deployed.finished(region, job["id"])
        assert (seen["status"], seen["result"]) == ("succeeded", {"steps": 3, "payload_bytes": 0})


def test_a_caller_may_wait_for_the_result(deployed: Deployed) -> None:
    assert deployed.submit(deployed.first, PROBE, Prefer="wait=15")["status"] == "succeeded"


@pytest.mark.parametrize("lane", ["critical", "standard", "batch"])
def test_every_lane_runs_jobs_in_the_second_region_too(deployed: Deployed, lane: str) -> None:
    job = deployed.submit(deployed.second, {**PROBE, "lane": lane}, Prefer="wait=15")
    assert (job["status"], job["lane"], job["home_region"]) == ("succeeded", lane, deployed.second)


def test_the_same_submit_in_either_region_is_one_job(deployed: Deployed) -> None:
    key = {"Idempotency-Key": "one-job"}
    first = deployed.submit(deployed.first, PROBE, **key)
    again = deployed.submit(deployed.first, PROBE, **key)
    elsewhere = deployed.submit(deployed.second, PROBE, **key)
    assert {first["id"]} == {again["id"], elsewhere["id"]}
    assert {job["home_region"] for job in (first, again, elsewhere)} == {deployed.first}
    other = deployed.call(deployed.second, "POST", "/jobs", json={**PROBE, "lane": "batch"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


def test_a_licence_review_quotes_lines_that_are_in_the_distributions_files(deployed: Deployed) -> None:
    body = {"agent": "licence-review", "input": {"distribution": "pydantic", "hide_expression": True}}
    job = deployed.submit(deployed.first, body, Prefer="wait=20")
    assert job["status"] == "succeeded", job
    assert job["result"]["spdx"] == "MIT"
    assert job["result"]["risk"] == "permissive"
    assert any("Permission is hereby granted" in line["text"] for line in job["result"]["evidence"])
    assert job["usage"]["input_tokens"] > 0


def test_a_failing_agent_is_a_failed_job_with_a_code(deployed: Deployed) -> None:
    body = {"agent": "probe", "input": {"steps": 3, "milliseconds": 1, "fail_at": 2}}
    job = deployed.submit(deployed.first, body, Prefer="wait=15")
    assert (job["status"], job["error"]["code"]) == ("failed", "agent_raised")


def test_an_unreachable_peer_makes_the_submit_durable_here_only(deployed: Deployed) -> None:
    deployed.faults.freeze_region(deployed.second)
    try:
        job = deployed.submit(deployed.first)
    finally:
        deployed.faults.thaw_region(deployed.second)
    assert job["durability"] == "local"
    assert deployed.finished(deployed.second, job["id"])["status"] == "succeeded"


def test_a_refusing_table_is_a_503_and_there_is_no_job(deployed: Deployed) -> None:
    before = submissions(deployed)
    with denied(deployed, "dynamodb:PutItem"):
        answer = deployed.call(deployed.first, "POST", "/jobs", json=PROBE)
        after = submissions(deployed)
    assert (answer.status_code, answer.json()["code"]) == (503, "state_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert after == before


def test_a_killed_workers_job_goes_on_from_its_last_recorded_step(deployed: Deployed, interrupted: str) -> None:
    job = deployed.finished(deployed.first, interrupted, within=FOUND_SECONDS)
    events = deployed.events(deployed.first, interrupted)
    steps = [event["step"] for event in events if event["kind"] == "step_succeeded"]
    attempts = [at for at, event in enumerate(events) if event["kind"] == "attempt_started"]
    asked = LONG_JOB["input"]
    assert isinstance(asked, dict)
    assert job["status"] == "succeeded"
    assert job["attempts"] == len(attempts) == 2
    assert len(steps) == len(set(steps)) == asked["steps"], "no recorded step was run and recorded again"
    before = [event["step"] for event in events[: attempts[1]] if event["kind"] == "step_succeeded"]
    assert len(before) >= 2, "the first attempt's steps are in the history that the second one went on with"


def test_a_job_that_no_lane_took_is_found_and_run(deployed: Deployed, refused_by_lane: httpx.Response) -> None:
    job = refused_by_lane.json()["job_id"]
    assert deployed.finished(deployed.first, job, within=FOUND_SECONDS)["status"] == "succeeded"


def submissions(deployed: Deployed) -> set[str]:
    """The partition keys of all jobs that were accepted, in either replica."""
    return {
        pk for region in (deployed.first, deployed.second) for pk, sk in deployed.items(region) if "#00000001" in sk
    }


@contextmanager
def denied(deployed: Deployed, action: str) -> Iterator[None]:
    """While this lasts, the submit function's role may not do `action`."""
    iam, functions = deployed.admin("iam", deployed.first), deployed.admin("lambda", deployed.first)
    name = f"antipode-{ENVIRONMENT}-submit-job"
    role = functions.get_function_configuration(FunctionName=name)["Role"].rpartition("/")[2]
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName="refuse", PolicyDocument=policy)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="refuse")
    eventually(
        lambda: deployed.call(deployed.first, "POST", "/jobs", json=PROBE).status_code,
        lambda status: status == 202,
        what="the role may work again",
    )
