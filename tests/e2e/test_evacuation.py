"""One Region is told to go while jobs run there, and to come back: no job is lost, and no step is done twice.

Whoever tells it goes by the runbooks, and carries out each of their commands.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from typer.testing import CliRunner

from localstack.evidence.replicas import ReplicaReader, compare
from stacks.cli import build
from tests.e2e.deployed import TABLE, Deployed
from tests.eventually import eventually
from tests.runbooks import Command, commands_of

#: Twenty seconds: a Region hears within seven that it is to go.
RUNNING = {"agent": "probe", "input": {"steps": 40, "milliseconds": 500}}
LATER = {"agent": "probe", "input": {"steps": 1, "milliseconds": 5}, "delay_seconds": 86_400}
GONE_SECONDS = 60.0


def phase(deployed: Deployed, region: str, asked: str) -> str:
    shown = deployed.call(asked, "GET", "/regions").json()["regions"]
    return str(next(each["standing"]["phase"] for each in shown if each["name"] == region))


def health(deployed: Deployed, region: str) -> object:
    return deployed.call(region, "GET", "/health").json().get("code")


def answers(deployed: Deployed) -> str:
    """Which Region answers by the failover name."""
    return str(deployed.call_by_name("GET", "/regions").json().get("answered_by"))


def steps_done(events: list[dict[str, Any]]) -> Counter[str]:
    return Counter(event["step"] for event in events if event["kind"] == "step_succeeded")


def does(deployed: Deployed, command: Command) -> None:
    """Do what a runbook says; it ends well. The runbook's tenant is ours."""
    words = command.about({"acme": "demo"}).on_local_cloud(deployed.layout.slot)
    done = CliRunner().invoke(build(), words)
    assert done.exit_code == 0, f"{command}: {done.output}"


def commands(page: str, last: str) -> tuple[list[Command], Command]:
    """The commands of a page, but for the one that everything is about, and that one."""
    all_of_them = commands_of(page)
    (moves,) = (command for command in all_of_them if last in command.words)
    return [command for command in all_of_them if command is not moves], moves


def test_an_evacuated_region_hands_over_what_it_has_and_comes_back(deployed: Deployed) -> None:
    first, second = deployed.first, deployed.second
    others, evacuate = commands("evacuate.md", "evacuate")
    assert first in evacuate.words
    for command in others:
        does(deployed, command)
    jobs = [deployed.submit(first, RUNNING)["id"] for _ in range(4)]
    later = deployed.submit(first, LATER)["id"]
    eventually(lambda: all(steps_done(deployed.events(first, job)) for job in jobs), within=60, what="all run")

    follower = ThreadPoolExecutor(1)
    evacuating = follower.submit(does, deployed, evacuate)
    eventually(lambda: phase(deployed, first, second) == "evacuating", within=20, what="it is told to go")
    refused = deployed.call(first, "POST", f"/regions/{second}/evacuate")
    assert (refused.status_code, refused.json()["code"]) == (409, "last_region")
    eventually(lambda: health(deployed, first) == "region_evacuated", within=15, what="DNS is told")
    during = deployed.submit(first, {"agent": "probe", "input": {"steps": 1, "milliseconds": 5}})["id"]
    for job in (*jobs, during):
        assert deployed.finished(second, job, within=GONE_SECONDS)["owner_region"] == second
    for job in jobs:
        events = deployed.events(second, job)
        assert set(steps_done(events).values()) == {1}
        kinds = [event["kind"] for event in events]
        assert kinds.count("handed_over") == kinds.count("adopted") == 1
    evacuating.result(GONE_SECONDS)
    assert phase(deployed, first, second) == "evacuated"
    assert deployed.job(second, later)["owner_region"] == second
    eventually(lambda: answers(deployed) == second, within=GONE_SECONDS, what="DNS has moved on")

    others, comes_back = commands("fail-back.md", "return")
    for command in (comes_back, *others):
        does(deployed, command)
    assert phase(deployed, first, second) == "active"
    job = deployed.submit(first)["id"]
    assert deployed.finished(first, job)["owner_region"] == first
    eventually(lambda: answers(deployed) == first, within=GONE_SECONDS, what="DNS is back")
    deployed.call(second, "POST", f"/jobs/{later}/cancel")
    assert_every_item_had_one_writer(deployed, [*jobs, during, later])


def assert_every_item_had_one_writer(deployed: Deployed, jobs: list[str]) -> None:
    """By the link, which has seen each write, and by both replicas, which are looked at when they have it all."""
    assert deployed.faults.wait_until_replicated()
    readers = [ReplicaReader(deployed.admin("dynamodb", region), TABLE) for region in (deployed.first, deployed.second)]
    found = compare(*(reader.all_items() for reader in readers))
    assert (deployed.faults.conflicts(), found.two_writers) == ([], ())
    assert not set(found.folds_differ) & set(jobs)
