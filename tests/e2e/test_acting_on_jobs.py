"""What people ask of jobs, through whichever Region: decisions, signals, cancelling, pausing, switches."""

from __future__ import annotations

from typing import Any

import httpx

from tests.e2e.deployed import Deployed
from tests.eventually import eventually

ASKS = {"agent": "probe", "input": {"steps": 1, "milliseconds": 1, "approval_group": "legal"}}
LISTENS = {"agent": "probe", "input": {"steps": 1, "milliseconds": 1, "signal": "go"}}
WALKS = {"agent": "probe", "input": {"steps": 400, "milliseconds": 100}}
#: A job whose hint got lost is looked at after 30 s; the rest is for a busy machine.
FOUND_SECONDS = 60.0


def waiting(deployed: Deployed, region: str, body: dict[str, Any]) -> dict[str, Any]:
    """Submit a job in a Region and return it as soon as it waits there."""
    job = deployed.submit(region, body)["id"]
    return until(deployed, region, job, "waiting")


def until(deployed: Deployed, region: str, job: str, status: str) -> dict[str, Any]:
    return eventually(
        lambda: deployed.job(region, job),
        lambda seen: seen.get("status") == status,
        within=FOUND_SECONDS,
        every=0.1,
        what=f"{job} is {status} in {region}",
    )


def asked(deployed: Deployed, region: str, job: str) -> dict[str, Any]:
    """What a job asks, as a Region lists it."""

    def listed() -> list[dict[str, Any]]:
        answer = deployed.call(region, "GET", "/approvals?group=legal")
        assert answer.status_code == 200, answer.text
        return [each for each in answer.json()["approvals"] if each["job"] == job]

    return eventually(listed, bool, within=60, every=0.1, what=f"{region} lists what {job} asks")[0]


def decide(deployed: Deployed, region: str, approval: str, token: str | None = None, **body: Any) -> httpx.Response:
    return deployed.call(region, "POST", f"/approvals/{approval}", token=token, json=body)


def test_a_schedule_is_written_and_says_when_it_fires_next(deployed: Deployed, scheduled: str) -> None:
    """First of all, so that its minute comes while the other tests run: see test_later."""
    for region in (deployed.first, deployed.second):
        (listed,) = deployed.call(region, "GET", "/schedules?fires=2").json()["schedules"]
        assert (listed["name"], len(listed["next_fires"]), listed["last_fires"]) == (scheduled, 2, [])


def test_a_decision_is_taken_in_the_other_region_and_the_second_is_told_who_was_first(deployed: Deployed) -> None:
    job = waiting(deployed, deployed.first, ASKS)
    (wait,) = job["waits"]
    approval = asked(deployed, deployed.second, job["id"])
    assert (approval["id"], approval["agent"]) == (wait["approval"], "probe")
    person = deployed.grant("demo", "approvals:decide", principal="ann")
    first = decide(deployed, deployed.second, approval["id"], person, approved=True, comment="fine")
    assert (first.status_code, first.json()["settled"], first.json()["durability"]) == (202, True, "both")
    second = decide(deployed, deployed.first, approval["id"], approved=False)
    assert (second.status_code, second.json()["code"]) == (409, "already_decided")
    decision = second.json()["decision"]
    assert (decision["by"], decision["approved"], decision["comment"]) == ("ann", True, "fine")
    assert deployed.finished(deployed.first, job["id"])["status"] == "succeeded"
    ends = [each for each in deployed.events(deployed.first, job["id"]) if each["kind"] == "step_succeeded"]
    assert (ends[-1]["step_kind"], ends[-1]["result"]["by"]) == ("approval", "ann")


def test_a_token_that_decides_can_do_nothing_else(deployed: Deployed) -> None:
    person = deployed.grant("demo", "approvals:decide")
    listed = deployed.call(deployed.second, "GET", "/approvals?group=legal", token=person)
    assert (listed.status_code, listed.json()) == (200, {"approvals": [], "next": None})
    assert deployed.call(deployed.second, "GET", "/jobs", token=person).status_code == 403
    assert deployed.call(deployed.second, "POST", "/jobs/cancel", token=person).status_code == 403


def test_a_signal_reaches_a_job_of_the_other_region_once(deployed: Deployed) -> None:
    job = waiting(deployed, deployed.second, LISTENS)["id"]
    path, key = f"/jobs/{job}/signals/go", {"Idempotency-Key": "go-1"}
    for _ in range(2):
        sent = deployed.call(deployed.first, "POST", path, json={"now": True}, headers=key)
        assert (sent.status_code, sent.json()) == (202, {"job": job, "signal": "go", "durability": "both"})
    for region in (deployed.second, deployed.first):
        assert deployed.finished(region, job)["status"] == "succeeded"
    late = deployed.call(deployed.first, "POST", path, json=1)
    assert (late.status_code, late.json()["code"]) == (409, "job_finished")


def test_a_job_that_waits_and_one_that_runs_are_cancelled_from_the_other_region(deployed: Deployed) -> None:
    waits = waiting(deployed, deployed.first, ASKS)["id"]
    runs = deployed.submit(deployed.first, WALKS)["id"]
    until(deployed, deployed.first, runs, "running")
    for job in (waits, runs):
        answer = deployed.call(deployed.second, "POST", f"/jobs/{job}/cancel", json={"reason": "enough"})
        assert answer.status_code == 202, answer.text
        assert answer.json()["cancel_requested"]["by"] == "demo"
    for job in (waits, runs):
        assert until(deployed, deployed.first, job, "cancelled")["error"]["detail"] == "enough"
    until(deployed, deployed.second, runs, "cancelled")
    again = deployed.call(deployed.second, "POST", f"/jobs/{runs}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "job_finished")


def test_a_job_is_paused_and_goes_on_where_it_stopped(deployed: Deployed) -> None:
    job = deployed.submit(deployed.first, {"agent": "probe", "input": {"steps": 30, "milliseconds": 100}})["id"]
    until(deployed, deployed.first, job, "running")
    assert deployed.call(deployed.second, "POST", f"/jobs/{job}/pause").status_code == 202
    assert until(deployed, deployed.first, job, "waiting")["paused"] is True
    resumed = deployed.call(deployed.second, "POST", f"/jobs/{job}/resume")
    assert (resumed.status_code, resumed.json()["requested"]["durability"]) == (202, "both")
    assert deployed.finished(deployed.first, job, within=FOUND_SECONDS)["status"] == "succeeded"
    steps = [each["step"] for each in deployed.events(deployed.first, job) if each["kind"] == "step_succeeded"]
    assert len(steps) == len(set(steps)) == 30


def test_a_switch_stops_running_work_of_its_tenant_and_bulk_cancel_ends_it(deployed: Deployed) -> None:
    token = deployed.grant("stranger", "jobs:read", "jobs:write")

    def seen(status: str) -> None:
        eventually(
            lambda: deployed.call(deployed.first, "GET", f"/jobs/{job}", token=token).json()["status"],
            lambda found: found == status,
            within=FOUND_SECONDS,
            every=0.1,
            what=f"the job is {status}",
        )

    job = deployed.call(deployed.first, "POST", "/jobs", json=WALKS, token=token).json()["id"]
    seen("running")
    paused = deployed.call(deployed.second, "PUT", "/switches/agents/probe", json={"paused": True}, token=token)
    assert (paused.status_code, paused.json()["durability"]) == (200, "both"), paused.text
    seen("queued")
    deployed.call(deployed.second, "PUT", "/switches/agents/probe", json={"paused": False}, token=token)
    listed = deployed.call(deployed.second, "GET", "/switches", token=token).json()["switches"]
    assert [(each["agent"], each["paused"]) for each in listed] == [("probe", False)]
    ended = deployed.call(deployed.second, "POST", "/jobs/cancel", json={"agent": "probe"}, token=token)
    assert ended.json() == {"cancelled": 1, "next": None}
    seen("cancelled")
