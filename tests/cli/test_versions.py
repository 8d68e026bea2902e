"""`antipode versions`: which versions jobs need, counted in a table on AWS's own protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.dynamodb_history import DynamodbHistory
from functions.adapters.dynamodb_table import DynamodbTable
from functions.application.ports import Due
from functions.domain.ids import job_id
from functions.domain.job.events import JobSubmitted
from functions.domain.job.history import Segment
from stacks.commands import aws
from stacks.commands.one_line_failures import CannotBeDone
from stacks.commands.state_table import StateTable
from stacks.commands.versions import check_versions
from tests.cli.conftest import Antipode, one_line
from tests.mocked_aws import mocked_aws
from tests.state_table import create_state_table

EAST, WEST = "us-east-1", "us-west-2"
NOON = "2026-11-21T12:00:00.000Z"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mocked_aws():
        made = boto3.client("dynamodb", region_name=EAST)
        create_state_table(made, "antipode-dev")
        monkeypatch.setattr(aws, "client", lambda service, region: made)
        yield made
        made.delete_table(TableName="antipode-dev")  # another test's moto may go on around this one


def submit(client: Any, number: int, version: str, region: str = EAST) -> None:
    """Have an unfinished job of this version."""
    submitted = JobSubmitted(
        at=NOON, tenant="acme", agent="probe", agent_version=version, lane="batch", input=None, body_digest="d"
    )
    segment = Segment(job_id("acme", f"key-{number}"), 1, region, 1, (submitted,))
    table = DynamodbTable("antipode-dev", lambda: client, BlockingCalls("test", 1), lambda event, **fields: None)
    asyncio.run(DynamodbHistory(table).append(segment, due=Due(NOON, "batch")))


def test_each_version_is_listed_with_the_jobs_that_need_it(antipode: Antipode, client: Any) -> None:
    for number, (version, region) in enumerate([("1", EAST), ("1", WEST), ("0", WEST)]):
        submit(client, number, version, region)
    rows = json.loads(antipode("versions", "list", "--env", "dev", "--json").stdout)["versions"]
    found = {(row["agent"], row["version"]): row for row in rows}
    assert found["probe", "1"] == {"agent": "probe", "version": "1", "unfinished": 2, "here": True, "newest": True}
    assert found["probe", "0"] == {"agent": "probe", "version": "0", "unfinished": 1, "here": False, "newest": False}
    shown = antipode("versions", "list", "--env", "dev").stdout
    assert "missing" in shown
    assert "newest" in shown


def test_the_newest_version_cannot_be_retired(antipode: Antipode) -> None:
    told = one_line(antipode("versions", "retire", "probe", "1", "--env", "dev"), 2)
    assert told == "version '1' is the newest of 'probe': new jobs get it"


def test_a_version_that_is_not_here_cannot_be_retired(antipode: Antipode) -> None:
    told = one_line(antipode("versions", "retire", "probe", "9", "--env", "dev"), 2)
    assert told == "agent 'probe' has no version '9' here; it has 1"


def test_a_version_with_jobs_in_flight_is_not_retired_and_one_without_is(
    antipode: Antipode, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.adapters.agent_registry.AgentRegistry.versions", lambda self, name: ["2", "1", "0"])
    submit(client, 1, "1")
    told = one_line(antipode("versions", "retire", "probe", "1", "--env", "dev"), 1)
    assert told == "1 unfinished jobs are on version '1' of 'probe': keep it until they end"
    retired = antipode("versions", "retire", "probe", "0", "--env", "dev", "--json")
    assert json.loads(retired.stdout) == {"agent": "probe", "version": "0", "unfinished": 0}


def test_a_release_is_checked_against_the_jobs_in_flight(client: Any) -> None:
    table = StateTable("antipode-dev", EAST, (EAST, WEST), client)
    submit(client, 1, "1")
    check_versions(table)
    submit(client, 2, "0", WEST)
    with pytest.raises(CannotBeDone, match=r"probe 0 \(1 unfinished jobs\)"):
        check_versions(table)


def test_a_table_that_is_not_there_is_one_line(antipode: Antipode, client: Any) -> None:
    told = one_line(antipode("versions", "list", "--env", "prod"), 1)
    assert told.startswith("table antipode-prod in us-east-1 does not answer:")
