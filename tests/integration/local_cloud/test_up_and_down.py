"""`antipode local` from outside: real templates in both Regions, one Region lost and given back, no traces left."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from localstack.faults import Faults
from localstack.layout import CHECKOUT, Layout
from localstack.resolver import Resolver, ResolvingTransport
from tests.eventually import eventually
from tests.integration.emulator.processes import FIRST, SECOND, leased_slot
from tests.integration.local_cloud.linked_tables import soon
from tests.integration.local_cloud.traces import open_ports_of, processes_of

# Three checks in a row at the deployed ten seconds, and what a busy machine adds.
LEFT_SECONDS = 60.0
COMMAND = [sys.executable, "-m", "stacks.cli", "local"]


class Cli:
    """The command line on one slot."""

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.layout = Layout.detect(slot)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*COMMAND, *arguments, "--slot", str(self.slot)]
        return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=240)

    def json(self, *arguments: str) -> dict[str, Any]:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def begin_up(self) -> subprocess.Popen[str]:
        command = [*COMMAND, "up", "--slot", str(self.slot)]
        return subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def left_behind(self) -> list[str]:
        found = [*processes_of(self.layout), *open_ports_of(self.layout)]
        return [*found, str(self.layout.folder)] if self.layout.folder.exists() else found


@pytest.fixture
def cli() -> Iterator[Cli]:
    with leased_slot() as slot:
        cli = Cli(slot)
        yield cli
        cli.run("down")


@pytest.fixture(scope="module")
def up() -> Iterator[tuple[Cli, dict[str, Any], float]]:
    """A cloud that is up, what `up` printed, and how long it took."""
    with leased_slot() as slot:
        cli = Cli(slot)
        began = time.monotonic()
        try:
            printed = cli.json("up")
            yield cli, printed, time.monotonic() - began
        finally:
            cli.run("down")


def test_up_prints_what_status_prints_and_every_address_in_it_answers(up: tuple[Cli, dict[str, Any], float]) -> None:
    cli, printed, _ = up
    assert printed == cli.json("status")
    assert list(printed) == ["regions", "api_url", "dns", "token"]
    assert list(printed["regions"]) == [FIRST, SECOND]
    with httpx.Client(transport=ResolvingTransport(Resolver.of(cli.layout)), trust_env=False) as client:
        for region in printed["regions"].values():
            assert list(region) == ["state", "endpoint", "api_url"]
            assert region["state"] == "running"
            assert region["api_url"].endswith("/v1")
            assert client.get(f"{region['api_url']}/health").status_code == 200
        bearer = {"Authorization": f"Bearer {printed['token']}"}
        assert client.get(f"{printed['api_url']}/jobs", headers=bearer).status_code == 200
        assert client.get(f"{printed['api_url']}/jobs", headers={"Authorization": "Bearer no"}).status_code in (
            401,
            403,
        )


def test_only_its_owner_can_read_the_token(up: tuple[Cli, dict[str, Any], float]) -> None:
    cli, _, _ = up
    assert stat.S_IMODE((cli.layout.folder / "facts.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(cli.layout.folder.stat().st_mode) == 0o700


def test_a_second_up_says_that_it_is_up(up: tuple[Cli, dict[str, Any], float]) -> None:
    cli, _, _ = up
    second = cli.run("up")
    assert second.returncode == 2
    assert second.stderr.splitlines()[-1] == (
        f"antipode: slot {cli.slot} is up already (`antipode local status`; `down` ends it)"
    )


def test_a_lost_region_is_left_by_the_failover_name_and_comes_back_filled(
    up: tuple[Cli, dict[str, Any], float],
) -> None:
    cli, printed, _ = up
    faults = Faults(cli.layout)
    assert cli.json("stop", FIRST)["state"] == "lost"
    assert cli.json("status")["regions"][FIRST]["state"] == "lost"
    resolver = Resolver.of(cli.layout)
    survivor = cli.layout.emulator(SECOND).address

    def answered_from() -> str:
        resolver.forget()
        return resolver.resolve("api.antipode.test").address

    eventually(answered_from, lambda address: address == survivor, within=LEFT_SECONDS)
    assert cli.json("start", FIRST) == {"region": FIRST, "state": "running", "was": "lost"}
    again = cli.json("status")
    assert again["token"] == printed["token"]
    bearer = {"Authorization": f"Bearer {printed['token']}"}
    with httpx.Client(trust_env=False, headers=bearer) as client:
        # The token was only ever written into the table that was lost and filled again.
        assert client.get(f"{again['regions'][FIRST]['api_url']}/jobs").status_code == 200
    hosts = [check["host"] for check in faults.health_checks().values()]
    assert sorted(hosts) == sorted(f"{region}.api.antipode.test" for region in (FIRST, SECOND))
    assert faults.wait_until_replicated()
    assert faults.conflicts() == []


def test_an_unknown_region_is_named_in_one_line(up: tuple[Cli, dict[str, Any], float]) -> None:
    cli, _, _ = up
    refused = cli.run("stop", "eu-west-1")
    assert refused.returncode == 1
    assert (
        refused.stderr.splitlines()[-1] == "antipode: no Region is called 'eu-west-1'; there are us-east-1, us-west-2"
    )


def test_down_leaves_nothing(up: tuple[Cli, dict[str, Any], float]) -> None:
    cli, _, _ = up
    assert cli.json("down") == {"was_up": True}
    assert cli.left_behind() == []
    assert cli.json("down") == {"was_up": False}
    assert cli.run("status").returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "kill"])
def test_an_interrupted_up_leaves_nothing(cli: Cli, number: signal.Signals) -> None:
    process = cli.begin_up()
    soon((cli.layout.folder / "logs" / "synth.log").exists)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "antipode: interrupted"
    assert cli.left_behind() == []


def test_an_up_that_is_killed_takes_its_processes_along_and_the_next_command_clears_its_files(cli: Cli) -> None:
    process = cli.begin_up()
    soon((cli.layout.folder / "logs" / "synth.log").exists)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    soon(lambda: [*processes_of(cli.layout), *open_ports_of(cli.layout)], lambda left: left == [])
    assert cli.run("status").stderr.splitlines()[-1].startswith(f"antipode: slot {cli.slot} has crashed")
    assert cli.json("down") == {"was_up": True}
    assert not cli.layout.folder.exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("-c", "nonsense=1"), "context: no key is named nonsense"),
        (("-c", "nonsense"), "--context nonsense: write KEY=VALUE"),
        (("--regions", "us-east-1,cn-north-1"), "regions: both Regions must lie in one partition"),
        (("--regions", "us-east-1"), "a local cloud has two distinct Regions, not ['us-east-1']"),
        (("--model-url", "localhost"), "'localhost' is not the address of a model endpoint"),
    ],
)
def test_settings_that_make_no_sense_are_refused_before_anything_starts(
    cli: Cli, arguments: tuple[str, ...], line: str
) -> None:
    refused = cli.run("up", *arguments)
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1].startswith(f"antipode: {line}")
    assert cli.left_behind() == []


def test_an_up_that_cannot_start_says_why_and_leaves_nothing(cli: Cli) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((cli.layout.dns.address, cli.layout.dns.port))
        refused = cli.run("up")
    assert refused.returncode == 2
    assert f"{cli.layout.dns.address}:{cli.layout.dns.port} (for dns) is in use" in refused.stderr
    assert cli.left_behind() == []
