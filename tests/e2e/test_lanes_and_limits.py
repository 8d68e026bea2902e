"""Lanes are bulkheads, and limits hold, through the whole of a Region: API, lanes, workers, table."""

from __future__ import annotations

import itertools
from typing import Any

from tests.e2e.deployed import Deployed
from tests.eventually import eventually

#: Two workers take the first ones as they come; the others have to wait for them.
MORE_THAN_THE_LANE_RUNS = 6


def probe(steps: int, milliseconds: int, **fields: Any) -> dict[str, Any]:
    return {"agent": "probe", "input": {"steps": steps, "milliseconds": milliseconds}, **fields}


def ran(deployed: Deployed, region: str, job: str) -> tuple[str, str]:
    """From when to when a job's last attempt ran."""
    events = deployed.events(region, job)
    return [each["at"] for each in events if each["kind"] == "attempt_started"][-1], str(events[-1]["at"])


def test_a_lane_full_of_hanging_jobs_holds_up_no_other_and_a_key_runs_no_more_at_once_than_its_limit(
    deployed: Deployed,
) -> None:
    region = deployed.second
    limit = deployed.call(region, "PUT", "/limits/keys/crm", json={"concurrency": 1})
    assert (limit.status_code, limit.json()["durability"]) == (200, "both"), limit.text
    hanging = [deployed.submit(region, probe(9, 60_000, lane="batch"))["id"] for _ in range(MORE_THAN_THE_LANE_RUNS)]
    keyed = [deployed.submit(region, probe(1, 1000, lane="critical", limit_keys=["crm"]))["id"] for _ in range(3)]
    for job in keyed:
        assert deployed.finished(region, job)["status"] == "succeeded"
    spans = sorted(ran(deployed, region, job) for job in keyed)
    assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(spans)), spans
    assert {deployed.job(region, job)["status"] for job in hanging} <= {"queued", "running"}
    eventually(
        lambda: deployed.call(deployed.first, "GET", "/regions").json()["regions"][1]["lanes"]["batch"],
        lambda lane: bool(lane["in_flight"]),
        within=30,
        every=0.5,
        what="one Region knows how the other one's lanes flow",
    )
    assert deployed.call(region, "DELETE", "/limits/keys/crm").status_code == 200
    for job in hanging:
        assert deployed.call(region, "POST", f"/jobs/{job}/cancel").status_code == 202
