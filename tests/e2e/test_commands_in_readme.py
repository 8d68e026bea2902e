"""The commands that the README shows for a running cloud do what it says."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from localstack.layout import CHECKOUT
from tests.e2e.deployed import Deployed

README = (CHECKOUT / "README.md").read_text()
ANTIPODE = ".venv/bin/antipode "
BY_HAND = README.partition("## Run it by hand")[2].partition("```sh")[2].partition("```")[0]
#: `local` commands have their own tests, with Regions to lose (tests/integration/local_cloud).
COMMANDS = sorted({line for line in BY_HAND.splitlines() if line.startswith(ANTIPODE) and " local " not in line})


def test_the_readme_shows_commands_to_be_tried() -> None:
    assert len(COMMANDS) >= 3


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_works(deployed: Deployed, line: str) -> None:
    command = [*shlex.split(line, comments=True), "--slot", str(deployed.layout.slot)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
