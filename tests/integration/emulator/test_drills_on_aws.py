"""What a drill on AWS changes and puts back, on the emulator: mappings, concurrency, policies, health checks, books.

Experiments of FIS are left out, which no emulator has; so is the state machine, which the stacks' tests look at. That a
closed lane lets the roles of drills look at it is not shown either: to the emulator a role in use has another ARN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localstack.drills.on_aws.changes import Change, Kind
from localstack.drills.on_aws.deployed import Clients
from localstack.drills.on_aws.means import QueuePolicies
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


@pytest.mark.parametrize("drill", ["region-killed", "clients-cut-off"])
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


def test_a_closed_lane_turns_everybody_away_until_it_is_open_again(clients: EmulatedClients) -> None:
    sqs, lanes = clients.get("sqs", FIRST), QueuePolicies(deployed(), clients)
    closed = [Change(Kind.QUEUE_POLICY, FIRST, url, lanes.look(FIRST, url)) for url in lanes.found(FIRST)]
    assert len(closed) == len(deployed().lanes)
    for change in closed:
        lanes.change(change, "d-1")
        for use in (lambda url: sqs.send_message(QueueUrl=url, MessageBody="{}"), lambda url: lanes.look(FIRST, url)):
            with pytest.raises(ClientError, match="AccessDenied"):
                use(change.resource)
        # What putting back does once it has looked.
        sqs.set_queue_attributes(QueueUrl=change.resource, Attributes={"Policy": str(change.before)})
        assert lanes.is_back(change, "d-1")
        sqs.send_message(QueueUrl=change.resource, MessageBody="{}")
