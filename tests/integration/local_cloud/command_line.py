"""`antipode local` on one slot, in processes of its own, as a user starts it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from localstack.layout import CHECKOUT, Layout
from tests.integration.local_cloud.traces import open_ports_of, processes_of

ANTIPODE = [sys.executable, "-m", "stacks.cli"]
COMMAND = [*ANTIPODE, "local"]


class Cli:
    """The command line on one slot."""

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.layout = Layout.detect(slot)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*COMMAND, *arguments, "--slot", str(self.slot)]
        return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=900)

    def json(self, *arguments: str) -> dict[str, Any]:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def command(self, *arguments: str) -> tuple[dict[str, Any], list[str]]:
        """What a command that speaks to the API answers as JSON, and what it says beside that, line by line."""
        command = [*ANTIPODE, *arguments, "--slot", str(self.slot), "--json"]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout)), done.stderr.splitlines()

    def begin_up(self) -> subprocess.Popen[str]:
        command = [*COMMAND, "up", "--slot", str(self.slot)]
        return subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def left_behind(self) -> list[str]:
        found = [*processes_of(self.layout), *open_ports_of(self.layout)]
        return [*found, str(self.layout.folder)] if self.layout.folder.exists() else found
