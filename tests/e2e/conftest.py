"""What tests of this folder share on the one local cloud (tests/one_cloud.py)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.deployed import Deployed
from tests.eventually import eventually
from tests.integration.local_cloud.command_line import Cli

LONG_JOB = {"agent": "probe", "input": {"steps": 6, "milliseconds": 700}}


@pytest.fixture
def cli(deployed: Deployed) -> Cli:
    """`antipode local` on the slot of that cloud."""
    return Cli(deployed.layout.slot)


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
