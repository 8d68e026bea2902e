"""`antipode restore`: into a fresh table, with what a restore leaves out, on AWS's own protocol."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.dynamodb_archive_places import place_item
from functions.adapters.dynamodb_history import DynamodbHistory
from functions.adapters.dynamodb_table import DynamodbTable
from functions.domain.ids import job_id
from functions.domain.job.events import JobSubmitted, JobSucceeded
from functions.domain.job.history import ArchivePlace, Segment
from stacks.commands import aws, restore
from stacks.commands.state_table import StateTable
from tests.cli.conftest import Antipode, one_line
from tests.mocked_aws import mocked_aws
from tests.runbooks import Where, commands_of
from tests.state_table import create_state_table

EAST, WEST = "us-east-1", "us-west-2"
NOON = "2026-11-21T12:00:00.000Z"
LIVE, FRESH = "antipode-prod", "antipode-prod-restored"
POINT = f"arn:aws:backup:{EAST}:123456789012:recovery-point:4f2c"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Region with the live table as it is in production, of four jobs: one of them has lost its first segment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mocked_aws():
        made = boto3.client("dynamodb", region_name=EAST)
        create_state_table(made, LIVE)
        stream: Any = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        made.update_table(TableName=LIVE, StreamSpecification=stream, DeletionProtectionEnabled=True)
        made.update_time_to_live(TableName=LIVE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
        made.update_continuous_backups(
            TableName=LIVE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        for number in range(4):
            submit(made, number, first_is_lost=number == 3)
        monkeypatch.setattr(aws, "client", lambda service, region: made)
        yield made
        for table in tables(made) & {LIVE, FRESH}:
            made.update_table(TableName=table, DeletionProtectionEnabled=False)
            made.delete_table(TableName=table)


def submit(client: Any, number: int, *, first_is_lost: bool) -> None:
    submitted = JobSubmitted(
        at=NOON, tenant="acme", agent="probe", agent_version="1", lane="batch", input=None, body_digest="d"
    )
    job = job_id("acme", f"key-{number}")
    first = Segment(job, 1, EAST, 1, (submitted,))
    second = Segment(job, 1, EAST, 2, (JobSucceeded(at=NOON, result=number),))
    history = DynamodbHistory(
        DynamodbTable(LIVE, lambda: client, BlockingCalls("test", 1), lambda event, **fields: None)
    )
    for segment in [second] if first_is_lost else [first, second]:
        asyncio.run(history.append(segment))


def items_of(client: Any, table: str) -> Any:
    return sorted(client.scan(TableName=table)["Items"], key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def settings_of(client: Any, table: str) -> tuple[Any, ...]:
    described = client.describe_table(TableName=table)["Table"]
    recovery = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    return (
        described["StreamSpecification"],
        [index["IndexName"] for index in described["GlobalSecondaryIndexes"]],
        described["DeletionProtectionEnabled"],
        client.describe_time_to_live(TableName=table)["TimeToLiveDescription"],
        recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
    )


def tables(client: Any) -> set[str]:
    """Return the names of all tables: those of other tests of this process may be among them."""
    pages = client.get_paginator("list_tables").paginate()
    return {name for page in pages for name in page["TableNames"]}


def test_the_newest_moment_comes_into_a_fresh_table_with_all_settings_of_the_live_one(
    antipode: Antipode, client: Any
) -> None:
    before = items_of(client, LIVE)
    done = antipode("restore", FRESH, "--env", "prod", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"table": FRESH, "region": EAST, "from": LIVE}
    assert items_of(client, FRESH) == items_of(client, LIVE) == before
    assert settings_of(client, FRESH) == settings_of(client, LIVE)


def test_a_backup_comes_back_as_it_was_though_the_live_table_has_gone_on(antipode: Antipode, client: Any) -> None:
    before = items_of(client, LIVE)
    backup = client.create_backup(TableName=LIVE, BackupName="before-the-mistake")["BackupDetails"]["BackupArn"]
    client.delete_item(TableName=LIVE, Key={name: before[0][name] for name in ("pk", "sk")})
    assert antipode("restore", FRESH, "--backup", backup, "--env", "prod").exit_code == 0
    assert items_of(client, FRESH) == before != items_of(client, LIVE)
    assert settings_of(client, FRESH) == settings_of(client, LIVE)


def test_a_backup_of_a_table_that_is_gone_gets_what_production_has(antipode: Antipode, client: Any) -> None:
    before, settings = items_of(client, LIVE), settings_of(client, LIVE)
    backup = client.create_backup(TableName=LIVE, BackupName="the-last")["BackupDetails"]["BackupArn"]
    client.update_table(TableName=LIVE, DeletionProtectionEnabled=False)
    client.delete_table(TableName=LIVE)
    assert antipode("restore", FRESH, "--backup", backup, "--env", "prod").exit_code == 0
    assert (items_of(client, FRESH), settings_of(client, FRESH)) == (before, settings)


def test_each_job_in_the_fresh_table_is_read_on_demand_and_those_that_cannot_be_are_named(
    antipode: Antipode, client: Any
) -> None:
    found = json.loads(antipode("restore", FRESH, "--check", "--env", "prod", "--json").stdout)
    assert found["jobs"] == {"whole": 3, "broken": [job_id("acme", "key-3")]}


def test_a_job_on_its_way_to_the_archive_is_whole_whatever_the_table_has_of_it(antipode: Antipode, client: Any) -> None:
    place = ArchivePlace(EAST, NOON, "us-east-1/2026-11-21/0a.jsonl.gz", 0, 400)
    client.put_item(TableName=LIVE, Item=place_item(job_id("acme", "key-3"), place))
    found = json.loads(antipode("restore", FRESH, "--check", "--env", "prod", "--json").stdout)
    assert found["jobs"] == {"whole": 4, "broken": []}


def test_a_restore_that_died_is_gone_on_with(antipode: Antipode, client: Any) -> None:
    restore.begin(StateTable(LIVE, EAST, (EAST, WEST), client), FRESH, None, None)
    for _ in range(2):  # the second time nothing is left to do
        assert antipode("restore", FRESH, "--resume", "--env", "prod").exit_code == 0
        assert settings_of(client, FRESH) == settings_of(client, LIVE)


@pytest.mark.parametrize(("ended", "exit_code"), [("COMPLETED", 0), ("FAILED", 1)])
def test_a_recovery_point_of_aws_backup_is_restored_by_the_backups_role(
    antipode: Antipode, client: Any, monkeypatch: pytest.MonkeyPatch, ended: str, exit_code: int
) -> None:
    backups = boto3.client("backup", region_name=EAST)
    monkeypatch.setattr(aws, "client", lambda service, region: backups if service == "backup" else client)
    pauses: list[float] = []
    monkeypatch.setattr("stacks.commands.restore.time.sleep", pauses.append)
    restore.begin(StateTable(LIVE, EAST, (EAST, WEST), client), FRESH, None, None)  # what AWS Backup would do
    with Stubber(backups) as stubber:
        asked = {
            "RecoveryPointArn": POINT,
            "IamRoleArn": f"arn:aws:iam::123456789012:role/{LIVE}-backups-{EAST}",
            "Metadata": {"targetTableName": FRESH, "encryptionType": "Default"},
            "ResourceType": "DynamoDB",
            "IdempotencyToken": FRESH,
        }
        stubber.add_response("start_restore_job", {"RestoreJobId": "a-job"}, asked)
        for status in ("RUNNING", ended):
            found = {"RestoreJobId": "a-job", "Status": status, "StatusMessage": "no such key"}
            stubber.add_response("describe_restore_job", found, {"RestoreJobId": "a-job"})
        done = antipode("restore", FRESH, "--backup", POINT, "--env", "prod")
        stubber.assert_no_pending_responses()
    assert done.exit_code == exit_code, done.output
    assert pauses == [restore.LOOK_SECONDS]
    if ended == "FAILED":
        assert one_line(done) == f"AWS Backup has not restored {POINT}: no such key"


def test_the_runbook_of_a_restore_is_carried_out(
    antipode: Antipode, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each `antipode` command of it; before the one that restores a backup the table that was made is gone."""
    commands = [each for each in commands_of("restore.md", Where.FAKES) if each.words[0] == "antipode"]
    *moments, backup = commands
    for command in moments:
        done = antipode(*command.words[1:], "--json")
        assert json.loads(done.stdout)["jobs"]["whole"] == 3, f"{command}: {done.output}"
    client.update_table(TableName=FRESH, DeletionProtectionEnabled=False)
    client.delete_table(TableName=FRESH)
    backups = boto3.client("backup", region_name=EAST)
    monkeypatch.setattr(aws, "client", lambda service, region: backups if service == "backup" else client)
    restore.begin(StateTable(LIVE, EAST, (EAST, WEST), client), FRESH, None, None)  # what AWS Backup would do
    with Stubber(backups) as stubber:
        stubber.add_response("start_restore_job", {"RestoreJobId": "a-job"})
        found = {"RestoreJobId": "a-job", "Status": "COMPLETED"}
        stubber.add_response("describe_restore_job", found, {"RestoreJobId": "a-job"})
        done = antipode(*backup.words[1:])
    assert done.exit_code == 0, f"{backup}: {done.output}"


@pytest.mark.parametrize("source", ["moment", "backup", "recovery point"])
def test_what_is_restored_has_the_key_of_the_live_table(
    client: Any, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """What is asked of AWS is looked at: moto keeps no key of a table that is changed or restored."""
    backups = boto3.client("backup", region_name=EAST)
    monkeypatch.setattr(aws, "client", lambda service, region: backups)
    key = f"arn:aws:kms:{EAST}:123456789012:key/a-key"
    described = restore._described(client, LIVE)
    encrypted = {**described, "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}}
    monkeypatch.setattr(restore, "_described", lambda client, table: encrypted)
    asked: list[Any] = []
    for made in (client, backups):
        made.meta.events.register_first("provide-client-params.*.*", lambda params, **_: asked.append(params))
    live = StateTable(LIVE, EAST, (EAST, WEST), client)
    if source == "recovery point":
        with Stubber(backups) as stubber:
            stubber.add_response("start_restore_job", {"RestoreJobId": "a-job"})
            stubber.add_response("describe_restore_job", {"RestoreJobId": "a-job", "Status": "COMPLETED"})
            restore.begin(live, FRESH, None, POINT)
        metadata = {"targetTableName": FRESH, "encryptionType": "KMS", "kmsMasterKeyArn": key}
        assert metadata in [params.get("Metadata") for params in asked]
        return
    backup = client.create_backup(TableName=LIVE, BackupName="one")["BackupDetails"]["BackupArn"]
    restore.begin(live, FRESH, None, backup if source == "backup" else None)
    specification = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    assert specification in [params.get("SSESpecificationOverride") for params in asked]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([LIVE], "is the live table"),
        ([FRESH, "--at", "yesterday"], "is not a moment with its time zone"),
        ([FRESH, "--at", "2026-11-21T12:00:00"], "is not a moment with its time zone"),
        ([FRESH, "--at", NOON, "--backup", POINT], "not both"),
        ([FRESH, "--resume", "--at", NOON], "leave --at and --backup out"),
    ],
)
def test_what_cannot_be_begun_is_refused_in_a_line_and_nothing_is_made(
    antipode: Antipode, client: Any, arguments: list[str], said: str
) -> None:
    assert re.search(said, one_line(antipode("restore", *arguments, "--env", "prod"), code=2))
    assert tables(client) & {LIVE, FRESH} == {LIVE}


def test_a_table_that_exists_is_never_restored_into(antipode: Antipode, client: Any) -> None:
    create_state_table(client, FRESH)
    assert f"restoring into {FRESH}" in one_line(antipode("restore", FRESH, "--env", "prod"))
    assert items_of(client, FRESH) == []
    assert settings_are_untouched(client)


def settings_are_untouched(client: Any) -> bool:
    return "StreamSpecification" not in client.describe_table(TableName=FRESH)["Table"]
