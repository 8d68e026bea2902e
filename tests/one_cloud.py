"""The one whole local cloud that end-to-end tests and drills share: deployed once, by the command that users have.

A plugin and no conftest.py, because two folders use it and one cloud is to be enough. What it needs is imported when it
is asked for: most tests have no cloud.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.deployed import Deployed


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
