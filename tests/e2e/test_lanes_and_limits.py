"""Lanes are bulkheads, and limits hold, through the whole of a Region: API, lanes, workers, table."""

from __future__ import annotations

import itertools
from typing import Any

from tests.e2e.deployed import Deployed
from tests.eventually import eventually


def probe(seconds: float, **fields: Any) -> dict[str, Any]:
    return {"agent": "probe", "input": {"steps": 1, "milliseconds": round(seconds * 1000)}, **fields}


def ran(deployed: Deployed, region: str, job: str) -> tuple[str, str]:
    """From when to when a job's last attempt ran."""
    events = deployed.events(region, job)
    return [each["at"] for each in events if each["kind"] == "attempt_started"][-1], str(events[-1]["at"])


def test_a_lane_full_of_slow_jobs_holds_up_no_other_and_a_key_runs_no_more_at_once_than_its_limit(
    deployed: Deployed,
) -> None:
    region = deployed.second
    limit = deployed.call(region, "PUT", "/limits/keys/crm", json={"concurrency": 1})
    assert (limit.status_code, limit.json()["durability"]) == (200, "both"), limit.text
    slow = [deployed.submit(region, probe(6, lane="batch"))["id"] for _ in range(25)]
    keyed = [deployed.submit(region, probe(1, lane="critical", limit_keys=["crm"]))["id"] for _ in range(3)]
    for job in keyed:
        assert deployed.finished(region, job)["status"] == "succeeded"
    spans = sorted(ran(deployed, region, job) for job in keyed)
    assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(spans)), spans
    left = [job for job in slow if deployed.job(region, job)["status"] not in ("succeeded", "failed")]
    assert len(left) > 5, "the batch lane was to be busy all the while"
    lanes = deployed.call(deployed.first, "GET", "/regions").json()["regions"][1]["lanes"]
    assert set(lanes) == {"critical", "standard", "batch"}
    told = eventually(
        lambda: deployed.call(deployed.first, "GET", "/regions").json()["regions"][1]["lanes"]["batch"],
        lambda lane: lane["started_per_minute"] > 0 and lane["in_flight"] is not None,
        within=30,
        what="one Region knows how the other one's lanes flow",
    )
    assert told["admitting"]
    assert deployed.call(region, "DELETE", "/limits/keys/crm").status_code == 200
    for job in slow:
        assert deployed.finished(region, job, within=60)["status"] == "succeeded"
