"""One local cloud for all tests of this folder: real templates, deployed once, by the command that users have.

It is deployed with adoption switched off, so that the last test file can first show what a lost Region means without
it, and then switch it on. Nothing before that depends on adoption.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from localstack.cloud import LocalCloud
from tests.e2e.deployed import Deployed
from tests.eventually import eventually
from tests.integration.emulator.processes import leased_slot
from tests.integration.local_cloud.command_line import Cli

LONG_JOB = {"agent": "probe", "input": {"steps": 6, "milliseconds": 700}}


@pytest.fixture(scope="session")
def deployed() -> Iterator[Deployed]:
    """The cloud, up."""
    with leased_slot() as slot:
        cli = Cli(slot)
        tenants = json.dumps([_tenant("demo"), _tenant("stranger"), _tenant("guest")])
        try:
            status = cli.json("up", "-c", "adoption=off", "-c", f"tenants={tenants}")
            yield Deployed(LocalCloud.find(slot), status)
            assert cli.json("down") == {"was_up": True}
            assert cli.left_behind() == []
        finally:
            LocalCloud.down(slot)


@pytest.fixture
def cli(deployed: Deployed) -> Cli:
    """`antipode local` on the slot of that cloud."""
    return Cli(deployed.layout.slot)


def _tenant(name: str) -> dict[str, object]:
    return {"name": name, "rate_per_second": 500, "burst": 1000}


@pytest.fixture(scope="session")
def interrupted(deployed: Deployed) -> str:
    """A job whose worker was killed with some of its steps recorded and some not. The sweeper has to find it."""
    job = deployed.submit(deployed.first, LONG_JOB)["id"]
    eventually(
        lambda: [event["kind"] for event in deployed.events(deployed.first, job)].count("step_succeeded"),
        lambda steps: steps >= 2,
        within=60,
        what="two steps are recorded",
    )
    assert deployed.kill_workers(deployed.first) > 0
    return str(job)


@pytest.fixture(scope="session")
def scheduled(deployed: Deployed) -> str:
    """A schedule that fires once in the minute after next, or the one after that: other tests run meanwhile."""
    minute = (datetime.now(UTC) + timedelta(seconds=70)).minute
    body = {"cron": f"{minute} * * * *", "agent": "probe", "input": {"steps": 1, "milliseconds": 5}}
    written = deployed.call(deployed.first, "PUT", "/schedules/once-an-hour", json=body)
    assert (written.status_code, written.json()["durability"]) == (200, "both")
    return str(written.json()["name"])
