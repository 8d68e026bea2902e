"""Each command of the runbooks that a deployed system can carry out, carried out on one, in the order of its page."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner, Result

from stacks.cli import build
from tests.e2e.deployed import ENVIRONMENT, Deployed
from tests.eventually import eventually
from tests.runbooks import PLACEHOLDER, Command, Where, aws_call, commands_of

FAILS = {"agent": "probe", "input": {"steps": 2, "milliseconds": 1, "fail_at": 2}}
WAITS = {"agent": "probe", "input": {"steps": 1, "milliseconds": 1, "signal": "go"}}


class Operator:
    """Who goes by a runbook: a tenant of its own, of which nothing else has failed."""

    def __init__(self, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
        self.deployed = deployed
        self.token = deployed.grant("guest", "jobs:read", "jobs:write", "approvals:decide")
        monkeypatch.setenv("ANTIPODE_TOKEN", self.token)
        monkeypatch.delenv("ANTIPODE_API_URL", raising=False)
        monkeypatch.setenv("COLUMNS", "300")  # a table leaves nothing out

    def does(self, command: Command) -> Result | dict[str, Any]:
        """Carry a command out; it must end well."""
        assert PLACEHOLDER not in command.words, f"{command}: of what?"
        if command.words[0] == "aws":
            call = aws_call(command, ENVIRONMENT)
            assert call.region is not None, f"{command}: in which Region?"
            client = self.deployed.admin(call.service, call.region)
            return dict(getattr(client, call.operation)(**call.parameters))
        done = CliRunner().invoke(build(), command.on_local_cloud(self.deployed.layout.slot))
        assert done.exit_code == 0, f"{command}: {done.output}"
        return done

    def submits(self, body: dict[str, Any], until: str) -> str:
        """Submit a job and wait until it is as it shall be."""
        region = self.deployed.first
        job = self.deployed.call(region, "POST", "/jobs", token=self.token, json=body).json()["id"]
        eventually(
            lambda: self.deployed.call(region, "GET", f"/jobs/{job}", token=self.token).json()["status"],
            lambda status: status == until,
            within=60,
            every=0.2,
            what=f"{job} is {until}",
        )
        return str(job)


@pytest.fixture
def operator(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Operator:
    return Operator(deployed, monkeypatch)


def test_what_has_failed_is_redriven_by_the_runbook(operator: Operator) -> None:
    failed, waiting = operator.submits(FAILS, "failed"), operator.submits(WAITS, "waiting")
    done: dict[tuple[str, ...], Result | dict[str, Any]] = {}
    for command in commands_of("redrive.md", Where.LOCAL_CLOUD):
        # What is cancelled has to be under way: a redrive of one job is over before that.
        about = waiting if "cancel" in command.words else failed
        done[command.words] = operator.does(command.with_id(about))
    shown = next(result for words, result in done.items() if words[1:3] == ("dead-letters", "list"))
    assert isinstance(shown, Result)
    assert failed in shown.output, "the page names the code by which the job failed"


def test_an_agent_is_stopped_while_the_state_is_restored_by_the_runbook(operator: Operator) -> None:
    for command in commands_of("restore.md", Where.LOCAL_CLOUD):
        operator.does(command)


def test_a_stuck_release_is_taken_back_by_the_runbook(operator: Operator) -> None:
    deployed = operator.deployed
    waiting = operator.submits(WAITS, "waiting")
    assert deployed.call(deployed.first, "POST", f"/jobs/{waiting}/pause", token=operator.token).status_code == 202
    eventually(
        lambda: deployed.call(deployed.first, "GET", f"/jobs/{waiting}/events", token=operator.token).json()["events"],
        lambda events: events[-1]["kind"] in ("paused", "waiting") and any(e["kind"] == "paused" for e in events),
        within=30,
        every=0.2,
        what="it has stopped",
    )
    functions = deployed.admin("lambda", deployed.first)
    name = f"antipode-{ENVIRONMENT}-advance-jobs"
    before = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    try:
        for command in commands_of("stuck-release.md", Where.LOCAL_CLOUD):
            if "retire" in command.words:
                continue  # refused while a session of another test is open: see below
            operator.does(command.with_id(waiting))
        assert functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"
    finally:
        functions.update_alias(FunctionName=name, Name="live", FunctionVersion=before)
    (retire,) = (each for each in commands_of("stuck-release.md", Where.LOCAL_CLOUD) if "retire" in each.words)
    done = CliRunner().invoke(build(), retire.on_local_cloud(deployed.layout.slot))
    assert done.exit_code == 0 or "unfinished jobs are on version" in done.output, done.output
    deployed.call(deployed.first, "POST", f"/jobs/{waiting}/cancel", token=operator.token)
