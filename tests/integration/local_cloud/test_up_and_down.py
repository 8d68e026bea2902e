"""`antipode local up` that does not come to its end, or does not even begin, leaves nothing. What does: tests/e2e."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from localstack.cloud import LocalCloud
from stacks.cli import build
from tests.in_depth import some_of
from tests.integration.emulator.processes import leased_slot
from tests.integration.local_cloud.command_line import Cli
from tests.integration.local_cloud.linked_tables import soon
from tests.integration.local_cloud.traces import open_ports_of, processes_of


@pytest.fixture
def cli() -> Iterator[Cli]:
    with leased_slot() as slot:
        cli = Cli(slot)
        yield cli
        LocalCloud.down(slot)


def test_what_is_not_up_cannot_be_taken_down_or_looked_at(cli: Cli) -> None:
    assert cli.json("down") == {"was_up": False}
    assert cli.run("status").returncode == 2


@pytest.mark.parametrize("number", some_of([signal.SIGINT, signal.SIGTERM], every=2), ids=lambda number: number.name)
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
    refused = CliRunner().invoke(build(), ["local", "up", *arguments, "--slot", str(cli.slot)])
    assert refused.exit_code == 2
    assert refused.stderr.splitlines()[-1].startswith(f"antipode: {line}")
    assert cli.left_behind() == []


def test_an_up_that_cannot_start_says_why_and_leaves_nothing(cli: Cli) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((cli.layout.dns.address, cli.layout.dns.port))
        refused = cli.run("up")
    assert refused.returncode == 2
    assert f"{cli.layout.dns.address}:{cli.layout.dns.port} (for dns) is in use" in refused.stderr
    assert cli.left_behind() == []
