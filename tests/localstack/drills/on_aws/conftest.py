"""AWS as moto has it, with the small installation in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from localstack.drills.on_aws.deployed import Clients
from tests.localstack.drills.on_aws import installation
from tests.localstack.drills.on_aws.installation import Clock
from tests.mocked_aws import mocked_aws

#: One for each service and Region, whatever test asks: they take longer to make than most tests, and keep nothing.
_MADE = Clients(installation.deployed())
_GET = Clients.get


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Stacks:
    """CloudFormation, which moto does not have here: what it answers is held against its service model."""

    def __init__(self) -> None:
        self.by_region: dict[str, list[dict[str, Any]]] = {}
        self._made: dict[str, Stubber] = {}

    def deploy(self, region: str, name: str, status: str) -> None:
        """There is a stack, in this state."""
        row = {"StackName": name, "StackStatus": status, "CreationTime": datetime(2026, 1, 2, tzinfo=UTC)}
        self.by_region.setdefault(region, []).append(row)

    def client(self, region: str) -> Any:
        """A client that knows the answer to one more call."""
        if region not in self._made:
            self._made[region] = Stubber(_GET(_MADE, "cloudformation", region))
            self._made[region].activate()
        self._made[region].add_response("describe_stacks", {"Stacks": self.by_region.get(region, [])}, {})
        return self._made[region].client

    def leave(self) -> None:
        """Have the clients ask AWS again."""
        for made in self._made.values():
            made.deactivate()


@pytest.fixture
def stacks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stacks]:
    """What CloudFormation says."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    found = Stacks()

    def get(_: Clients, service: str, region: str) -> Any:
        return found.client(region) if service == "cloudformation" else _GET(_MADE, service, region)

    monkeypatch.setattr(Clients, "get", get)
    yield found
    found.leave()


@pytest.fixture
def installed(clock: Clock, stacks: Stacks) -> Iterator[None]:
    """The installation; its watchdogs have just looked."""
    assert not stacks.by_region
    with mocked_aws(config={"lambda": {"use_docker": False}}):
        installation.install(Clients(installation.deployed()))
        for region in (installation.FIRST, installation.SECOND):
            installation.desk(clock, region=region).watch()
        yield
