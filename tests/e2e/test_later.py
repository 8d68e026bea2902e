"""What begins later than it was asked for: a job of a moment, and the job of a schedule written long before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from functions.domain.moments import seconds_between, to_moment
from tests.e2e.deployed import PROBE, Deployed
from tests.eventually import eventually

#: What is asked for is two seconds at the median; one job on a busy machine may be later.
LATE_SECONDS = 6.0
FIRED_SECONDS = 90.0


def test_a_job_of_a_moment_begins_then(deployed: Deployed) -> None:
    moment = to_moment(datetime.now(UTC) + timedelta(seconds=2))
    job = deployed.submit(deployed.first, {**PROBE, "run_at": moment}, Prefer="wait=15")
    assert job["status"] == "succeeded"
    events = deployed.call(deployed.first, "GET", f"/jobs/{job['id']}/events").json()["events"]
    started = next(event["at"] for event in events if event["kind"] == "attempt_started")
    assert 0 <= seconds_between(moment, started) <= LATE_SECONDS


def test_a_schedule_has_fired_one_job_that_both_regions_show(deployed: Deployed, scheduled: str) -> None:
    def fires(region: str) -> list[dict[str, Any]]:
        shown = deployed.call(region, "GET", f"/schedules/{scheduled}")
        return [dict(fire) for fire in shown.json()["last_fires"]]

    eventually(lambda: fires(deployed.second), within=FIRED_SECONDS)
    ((fire,), (other,)) = fires(deployed.first), fires(deployed.second)
    assert fire == other
    assert (fire["outcome"], seconds_between(fire["moment"], fire["at"]) <= LATE_SECONDS) == ("fired", True)
    job = deployed.finished(deployed.second, fire["job"])
    assert (job["status"], job["tags"]) == ("succeeded", {"schedule": scheduled, "scheduled_for": fire["moment"]})


def test_a_schedule_that_is_deleted_in_one_region_is_gone_in_both(deployed: Deployed) -> None:
    body = {"cron": "0 0 1 1 *", "agent": "probe", "input": {"steps": 1, "milliseconds": 5}}
    assert deployed.call(deployed.first, "PUT", "/schedules/new-year", json=body).status_code == 200
    gone = deployed.call(deployed.second, "DELETE", "/schedules/new-year")
    assert (gone.status_code, gone.json()["deleted"], gone.json()["durability"]) == (200, True, "both"), gone.text
    for region in (deployed.first, deployed.second):
        shown = deployed.call(region, "GET", "/schedules/new-year")
        assert (shown.status_code, shown.json()["code"]) == (404, "schedule_not_found")
        listed = deployed.call(region, "GET", "/schedules").json()["schedules"]
        assert "new-year" not in [each["name"] for each in listed]
