"""What has failed for good: listed, previewed, redriven through the other Region, dismissed; jobs and messages."""

from __future__ import annotations

from typing import Any

from tests.e2e.deployed import Deployed
from tests.eventually import eventually

#: Two steps, then a signal that nobody sends in time.
FAILS = {"agent": "probe", "lane": "batch", "input": {"steps": 2, "milliseconds": 1, "signal": "go", "wait_seconds": 4}}


class Tenant:
    """A tenant of which nothing else has failed."""

    name = "stranger"

    def __init__(self, deployed: Deployed) -> None:
        self.deployed = deployed
        self.token = deployed.grant(self.name, "jobs:read", "jobs:write")

    def call(self, region: str, method: str, path: str, body: object = None, status: int = 200) -> dict[str, Any]:
        answer = self.deployed.call(region, method, path, token=self.token, json=body)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def listed(self, region: str, count: int, query: str = "") -> list[dict[str, Any]]:
        letters = eventually(
            lambda: self.call(region, "GET", f"/dead-letters{query}")["dead_letters"],
            lambda found: len(found) == count,
            within=60,
            every=0.1,
            what=f"{region} lists {count} dead letters",
        )
        return list(letters)

    def events(self, region: str, job: str) -> list[dict[str, Any]]:
        return list(self.call(region, "GET", f"/jobs/{job}/events")["events"])


def test_a_failed_job_goes_on_from_what_it_has_recorded_when_the_other_region_is_asked(deployed: Deployed) -> None:
    tenant = Tenant(deployed)
    job = tenant.call(deployed.first, "POST", "/jobs", FAILS, 202)["id"]
    (letter,) = tenant.listed(deployed.second, 1, "?agent=probe&code=wait_timed_out&type=job")
    assert (letter["id"], letter["lane"]) == (job, "batch")
    asked = {"filter": {"agent": "probe"}, "rate_per_second": 500}
    seen = tenant.call(deployed.second, "POST", "/dead-letters/redrive", {**asked, "preview": True})
    assert (seen["count"], [each["id"] for each in seen["dead_letters"]]) == (1, [job])
    redrive = tenant.call(deployed.second, "POST", "/dead-letters/redrive", asked, 202)["id"]
    eventually(
        lambda: deployed.call(deployed.first, "POST", f"/jobs/{job}/signals/go", token=tenant.token, json=1),
        lambda answer: answer.status_code == 202,
        within=30,
        every=0.1,
        what="the job takes its signal again",
    )
    ended = eventually(
        lambda: tenant.call(deployed.first, "GET", f"/jobs/{job}"),
        lambda seen: seen["status"] == "succeeded",
        within=30,
        every=0.1,
        what="the job that was redriven succeeds",
    )
    assert ended["redrives"] == 1
    kinds = [each["kind"] for each in tenant.events(deployed.first, job)]
    assert kinds.index("failed") < kinds.index("redriven")
    assert "step_succeeded" in kinds[kinds.index("redriven") :]
    steps = [each["step"] for each in tenant.events(deployed.first, job) if each["kind"] == "step_succeeded"]
    assert steps == ["probe_step", "probe_step#2", "signal-go"]
    assert eventually(
        lambda: tenant.call(deployed.second, "GET", f"/jobs/{redrive}"),
        lambda seen: seen["status"] == "succeeded",
        within=30,
        every=0.1,
        what="the redrive is done",
    )["result"] == {"redriven": 1, "refused": {}, "examples": {}}
    for region in (deployed.first, deployed.second):
        assert tenant.listed(region, 0) == []


def test_a_message_that_nobody_can_read_is_listed_and_dismissed(deployed: Deployed) -> None:
    tenant = Tenant(deployed)
    sqs = deployed.admin("sqs", deployed.first)
    queue = sqs.get_queue_url(QueueName="antipode-local-standard")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="not ours", MessageGroupId=tenant.name)
    (letter,) = tenant.listed(deployed.second, 1, "?type=message")
    assert (letter["code"], letter["lane"], letter["body"]) == ("message_unreadable", "standard", "not ours")
    asked = {"ids": [letter["id"]]}
    done = tenant.call(deployed.second, "POST", "/dead-letters/dismiss", asked, 202)
    assert done == {"dismissed": 1, "next": None}
    for region in (deployed.second, deployed.first):
        assert tenant.listed(region, 0) == []
