"""AWS as moto has it, with the small installation in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from localstack.drills.on_aws.deployed import Clients
from tests.localstack.drills.on_aws import installation
from tests.localstack.drills.on_aws.installation import Clock


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
            made: Any = boto3.client
            self._made[region] = Stubber(made("cloudformation", region_name=region))
            self._made[region].activate()
        self._made[region].add_response("describe_stacks", {"Stacks": self.by_region.get(region, [])}, {})
        return self._made[region].client


@pytest.fixture
def stacks(monkeypatch: pytest.MonkeyPatch) -> Stacks:
    """What CloudFormation says."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    found, others = Stacks(), Clients.get

    shared = Clients(installation.deployed())

    def get(_: Clients, service: str, region: str) -> Any:
        """Clients take long to make: all processes of a test share theirs."""
        return found.client(region) if service == "cloudformation" else others(shared, service, region)

    monkeypatch.setattr(Clients, "get", get)
    return found


@pytest.fixture
def installed(clock: Clock, stacks: Stacks) -> Iterator[None]:
    """The installation; its watchdogs have just looked."""
    assert not stacks.by_region
    with mock_aws(config={"lambda": {"use_docker": False}}):
        installation.install(Clients(installation.deployed()))
        for region in (installation.FIRST, installation.SECOND):
            installation.desk(clock, region=region).watch()
        yield
