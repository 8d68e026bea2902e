"""Given two Regions and jobs in flight, when one Region is killed: nothing that was acknowledged is lost.

The cloud of this folder is deployed with adoption off. So the first test shows that the claim can fail; the second
switches adoption on, as a deploy during a failover would, and asks the same question of the same jobs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from functions.settings import SettingName
from localstack.admin import admin_client
from tests.e2e.deployed import ENVIRONMENT, Deployed
from tests.e2e.plain_client import PlainClient
from tests.eventually import eventually
from tests.integration.local_cloud.command_line import Cli

JOBS = 30
PROBE = {"agent": "probe", "input": {"steps": 12, "milliseconds": 1000}}
#: 20 s without a heartbeat and three failed probes, and what a busy machine adds.
DECLARED_SECONDS = 90.0
#: A sweeper that began with the old setting works on for up to 62 s; then the new one adopts, and the jobs take 12 s.
ADOPTED_SECONDS = 150.0


#: Three failed probes at 10 s, a TTL of 10 s, the answer of a survivor that tries its peer first, a busy machine.
PLAIN_CLIENT_SECONDS = 60.0


@pytest.fixture(scope="module")
def plain_client(deployed: Deployed) -> Iterator[PlainClient]:
    """A client of the failover name that knows where it leads before the loss, and submits from the loss on."""
    client = PlainClient(deployed)
    client.be_accepted()
    yield client
    client.close()


@pytest.fixture(scope="module")
def stranded(deployed: Deployed, plain_client: PlainClient) -> list[str]:
    """Acknowledged jobs of a Region that was killed while they ran."""
    lanes = ("critical", "standard", "batch")
    with ThreadPoolExecutor(6) as pool:
        accepted = list(
            pool.map(lambda n: deployed.submit(deployed.first, {**PROBE, "lane": lanes[n % 3]}), range(JOBS))
        )
    assert {job["durability"] for job in accepted} == {"both"}
    jobs = [str(job["id"]) for job in accepted]
    last = jobs[-len(lanes) :]  # few, one of each lane: to ask about all takes longer than they run
    eventually(
        lambda: [deployed.job(deployed.second, job).get("status") for job in last],
        lambda statuses: "running" in statuses,
        within=60,
        what="the peer sees jobs that run",
    )
    assert Cli(deployed.layout.slot).json("stop", deployed.first)["state"] == "lost"
    plain_client.begin()
    # From here on nobody can deploy, edit DNS, or make or change anything on AWS; the last test but one sees who tried.
    deployed.faults.impair_control_planes(refuse=True)
    return jobs


def every_job_succeeds(deployed: Deployed, jobs: list[str], within: float) -> list[dict[str, Any]]:
    """The claim: each has its one result, as the survivor reads it."""
    return eventually(
        lambda: [deployed.job(deployed.second, job) for job in jobs],
        lambda seen: all(job.get("result") == {"steps": 12, "payload_bytes": 0} for job in seen),
        within=within,
        every=0.5,
        what="every acknowledged job has its result",
    )


def test_a_command_turns_to_the_other_region_before_anybody_has_declared_the_loss(
    deployed: Deployed, cli: Cli, stranded: list[str]
) -> None:
    assert stranded
    job, said = cli.command("submit", "probe", "--input", json.dumps({"steps": 1, "milliseconds": 1}))
    assert (job["home_region"], job["durability"]) == (deployed.second, "local")
    lost = deployed.cloud.region_api_url(deployed.first)
    assert [line.startswith(f"trying again: {lost} does not answer") for line in said] == [True], said


def test_a_lost_regions_jobs_stay_unfinished_while_adoption_is_off(deployed: Deployed, stranded: list[str]) -> None:
    eventually(
        lambda: deployed.call(deployed.second, "GET", "/regions").json()["peer"]["lost"],
        within=DECLARED_SECONDS,
        every=0.5,
        what="the survivor holds its peer for lost",
    )
    with pytest.raises(AssertionError, match="every acknowledged job has its result"):
        every_job_succeeds(deployed, stranded, within=15)


def test_every_acknowledged_job_of_a_lost_region_is_finished_by_its_peer(
    deployed: Deployed, stranded: list[str]
) -> None:
    refused = deployed.faults.impair_control_planes(refuse=False)
    switch_adoption(deployed, "on")
    refused += deployed.faults.impair_control_planes(refuse=True)
    assert refused == [], "nobody but the test, which plays a deploy of before the loss, needs a control plane"
    seen = every_job_succeeds(deployed, stranded, within=ADOPTED_SECONDS)
    adopted = [job for job in seen if job["owner_region"] == deployed.second]
    assert adopted, "the Region was killed with jobs in flight"
    assert {job["epoch"] for job in adopted} == {2}
    for job in adopted:
        steps = [e["step"] for e in deployed.events(deployed.second, job["id"]) if e["kind"] == "step_succeeded"]
        assert len(steps) == len(set(steps)) == 12, "a step that the survivor could read was not run again"


def test_a_client_that_keeps_what_dns_told_it_gets_through_again(
    stranded: list[str], plain_client: PlainClient, record_property: Callable[[str, object], None]
) -> None:
    assert stranded
    took = plain_client.seconds_until_accepted()
    record_property("seconds_until_a_plain_client_was_accepted", took)
    print(f"a plain client was accepted again {took:.1f} s after the loss")
    assert took <= PLAIN_CLIENT_SECONDS


def test_new_jobs_are_accepted_by_the_failover_name_while_a_region_is_lost(deployed: Deployed) -> None:
    answer = eventually(
        lambda: _try_by_name(deployed),
        lambda job: job.get("status") == "succeeded",
        within=90,
        what="a submit succeeds",
    )
    assert answer["home_region"] == deployed.second
    assert answer["durability"] == "local"


def test_all_of_that_needed_no_control_plane(deployed: Deployed, stranded: list[str]) -> None:
    """Jobs were adopted and submits succeeded since the loss: nothing but the test itself is refused."""
    assert stranded
    assert deployed.faults.impair_control_planes(refuse=True) == []
    changes: dict[str, Callable[[], object]] = {
        "sqs:CreateQueue": lambda: deployed.admin("sqs", deployed.second).create_queue(QueueName="more"),
        "route53:CreateHostedZone": lambda: admin_client(
            "route53", deployed.second, deployed.layout.global_.url
        ).create_hosted_zone(Name="more.test", CallerReference="more"),
        "lambda:UpdateFunctionConfiguration": lambda: switch_adoption(deployed, "off"),
    }
    for change in changes.values():
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            change()
    assert set(deployed.faults.impair_control_planes(refuse=False)) == set(changes), "who needs one is found out"


def test_a_region_that_returns_empty_is_filled_and_agrees_on_every_job(
    deployed: Deployed, cli: Cli, stranded: list[str]
) -> None:
    assert cli.json("status")["regions"][deployed.first]["state"] == "lost"
    assert cli.json("start", deployed.first) == {"region": deployed.first, "state": "running", "was": "lost"}
    again = cli.json("status")
    assert (again["token"], again["regions"][deployed.first]["state"]) == (deployed.token, "running")
    # The token was only ever written into the table that was lost and filled again.
    assert deployed.call(deployed.first, "GET", "/jobs").status_code == 200
    hosts = [check["host"] for check in deployed.faults.health_checks().values()]
    assert sorted(hosts) == sorted(f"{region}.api.antipode.test" for region in (deployed.first, deployed.second))
    assert deployed.faults.wait_until_replicated()
    for job in stranded:
        here, there = (deployed.job(region, job) for region in (deployed.first, deployed.second))
        assert here == there
    assert deployed.submit(deployed.first, Prefer="wait=20")["status"] == "succeeded"
    assert deployed.faults.conflicts() == []
    for key, item in deployed.items(deployed.first).items():
        region = key[1].partition(".")[2].partition("#")[0] if key[1].startswith("E#") else key[1].split("#")[1]
        assert item["writer"]["S"] == region, "each item was written by the Region that its key names"


def _try_by_name(deployed: Deployed) -> dict[str, Any]:
    """One submit as a plain client makes it; why, when it did not get through."""
    small = {**PROBE, "input": {"steps": 1, "milliseconds": 1}}
    try:
        answer = deployed.call_by_name("POST", "/jobs", json=small, headers={"Prefer": "wait=10"})
    except httpx.TransportError as error:
        return {"failed": str(error)}
    return dict(answer.json())


def switch_adoption(deployed: Deployed, to: str) -> None:
    """Publish the survivor's sweeper with the setting changed and move its alias, as a deploy does."""
    functions = deployed.admin("lambda", deployed.second)
    name = f"antipode-{ENVIRONMENT}-sweep-jobs"
    known = functions.get_function_configuration(FunctionName=name, Qualifier="live")["Environment"]["Variables"]
    assert known[SettingName.ADOPTION] != to
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**known, SettingName.ADOPTION: to}}
    )
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
