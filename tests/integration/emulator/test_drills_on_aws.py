"""What a drill on AWS changes and puts back, on the emulator: mappings, concurrency, policies, health checks, books.

Experiments of FIS are left out, which no emulator has; so is the state machine, which the stacks' tests look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from localstack.drills.on_aws.deployed import Clients
from tests.eventually import eventually
from tests.integration.emulator.processes import ACCOUNT, Emulators
from tests.localstack.drills.on_aws.installation import FIRST, SECOND, Clock, deployed, desk, install, seen_in


@dataclass(slots=True)
class EmulatedClients(Clients):
    """Clients of the emulator's processes."""

    cloud: Emulators | None = None

    def get(self, service: str, region: str) -> Any:
        """See Clients."""
        assert self.cloud is not None
        return self.cloud.client(service, region)


@pytest.fixture(scope="module")
def clients(cloud: Emulators) -> EmulatedClients:
    made = EmulatedClients(deployed(), cloud=cloud)
    install(made)
    return made


@pytest.mark.parametrize("drill", ["region-killed", "clients-cut-off", "lanes-closed"])
def test_everything_is_as_before_after_a_drill_that_nobody_ended(clients: EmulatedClients, drill: str) -> None:
    clock, named = Clock(), (ACCOUNT,)
    for region in (FIRST, SECOND):
        desk(clock, clients, region).watch()
    before = seen_in(FIRST, clients)
    runner = desk(clock, clients, accounts=named)
    runner.prepare(drill, f"d-{drill}")
    runner.break_(f"d-{drill}", 0)
    assert seen_in(FIRST, clients) != before
    clock.at += deployed().limit_seconds + 1
    desk(clock, clients).watch()
    eventually(lambda: seen_in(FIRST, clients) == before, within=20, what="all is as before")
    runner.finish(f"d-{drill}")
    assert runner.book().current() is runner.book(FIRST).current() is None
