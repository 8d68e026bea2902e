"""The whole local clouds of the tests: one for the end-to-end tests, one for the demo and then the drills.

Each is brought up by a command that users have. A plugin and no conftest.py, because several folders use them. What it
needs is imported when it is asked for: most tests have no cloud.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.deployed import Deployed

DEMO_SECONDS = 900.0


@pytest.fixture(scope="session")
def deployed() -> Iterator[Deployed]:
    """The cloud, up."""
    from localstack.cloud import LocalCloud
    from tests.e2e.deployed import Deployed
    from tests.integration.emulator.processes import leased_slot
    from tests.integration.local_cloud.command_line import Cli

    with leased_slot() as slot:
        cli = Cli(slot)
        tenants = json.dumps([_tenant("demo"), _tenant("stranger"), _tenant("guest")])
        try:
            status = cli.json("up", "-c", f"tenants={tenants}")
            yield Deployed(LocalCloud.find(slot), status)
            assert cli.json("down") == {"was_up": True}
            assert cli.left_behind() == []
        finally:
            LocalCloud.down(slot)


def _tenant(name: str) -> dict[str, object]:
    return {"name": name, "rate_per_second": 500, "burst": 1000}


@dataclass(frozen=True)
class Demonstrated:
    """What `antipode demo` said and where its report is; its cloud is still up."""

    said: str
    reports: Path
    deployed: Deployed


@pytest.fixture(scope="session")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstrated]:
    """The demo on a few distributions, told to its end. It has lost a Region and brought it back."""
    from localstack.cloud import LocalCloud
    from localstack.layout import CHECKOUT
    from tests.e2e.deployed import Deployed
    from tests.integration.emulator.processes import leased_slot
    from tests.integration.local_cloud.command_line import ANTIPODE, Cli

    reports = tmp_path_factory.mktemp("demo")
    with leased_slot() as slot:
        cli = Cli(slot)
        command = [*ANTIPODE, "demo", "--slot", str(slot), "--limit", "16", "--reports", str(reports), "--keep"]
        try:
            done = subprocess.run(
                command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=DEMO_SECONDS
            )
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
            yield Demonstrated(done.stdout, reports, Deployed(LocalCloud.find(slot), cli.json("status")))
            assert cli.json("down") == {"was_up": True}
            assert cli.left_behind() == []
        finally:
            LocalCloud.down(slot)
