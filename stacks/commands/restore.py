"""`antipode restore`: the table as it was at some moment, or as a backup has it, in a fresh table beside the live one.

Nothing of the live table is touched, so a restore can be begun while there is still doubt. A restored table lacks what
DynamoDB leaves out: its stream, its TTL, point-in-time recovery and deletion protection. They are set as the live table
has them, last, and setting them again does no harm: a restore that died is gone on with by `--resume`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.dynamodb_history import DynamodbHistory
from functions.adapters.dynamodb_table import DynamodbTable
from functions.application.read_state import read_whole_state
from functions.domain.job.events import UnreadableEvent
from stacks.commands import aws
from stacks.commands.one_line_failures import CannotBeDone, WentWrong, one_line_failures
from stacks.commands.state_table import StateTable, state_table

#: So often a restore that is under way is looked at; on AWS one takes from minutes to hours.
LOOK_SECONDS = 10.0
_JOB = "JOB#"


def register(app: typer.Typer) -> None:
    app.command()(restore)


@dataclass(frozen=True, slots=True)
class Checked:
    """What lies in a restored table: jobs whose histories can be read to their ends, and the ids of the others.

    A job that the archive has counts as whole: what the table lacks of it lies there.
    """

    whole: int
    broken: list[str]


@dataclass(frozen=True, slots=True)
class _Settings:
    """What a restore leaves out. Of a live table that is gone it is what production has (`stacks/environments.py`)."""

    streams: bool = True
    recovers: bool = True
    is_protected: bool = True


def restore(
    table: Annotated[str, typer.Argument(help="The name of the fresh table.")],
    at: Annotated[str | None, typer.Option(help="A moment, such as 2026-11-21T12:00:00Z; else the newest.")] = None,
    backup: Annotated[str | None, typer.Option(help="The ARN of a backup, instead of a moment.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a restore that was interrupted.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Read every job in it: costs a scan of the table.")] = False,
    env: Annotated[str | None, typer.Option(help="dev or prod on AWS; a local cloud if left out.")] = None,
    region: Annotated[str | None, typer.Option(help="The Region whose replica, or backup, it is.")] = None,
    slot: Annotated[int, typer.Option(min=0, max=25, help="Which local cloud.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Restore the state into a fresh table, from point-in-time recovery or from a backup; the live one is untouched."""
    with one_line_failures():
        live = state_table(env, region, slot)
        with aws.refusals_of(f"restoring into {table}"):
            if not resume:
                begin(live, table, at, backup)
            elif at is not None or backup is not None:
                raise CannotBeDone("--resume goes on with what was begun: leave --at and --backup out")
            finish(live, table)
            checked = check_jobs(live, table) if check else None
    told: dict[str, Any] = {"table": table, "region": live.region, "from": live.name}
    if checked is not None:
        told["jobs"] = asdict(checked)
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    Console().print(f"{table} in {live.region} holds what {live.name} held", highlight=False)
    if checked is not None:
        Console().print(f"{checked.whole} jobs can be read; broken: {', '.join(checked.broken) or 'none'}")


def begin(live: StateTable, table: str, at: str | None, backup: str | None) -> None:
    """Have the fresh table made. Raises CannotBeDone where that cannot work, WentWrong where AWS refuses."""
    if at is not None and backup is not None:
        raise CannotBeDone("--at or --backup, not both: a backup has one moment")
    if table == live.name:
        raise CannotBeDone(f"{table} is the live table: a restore needs a fresh one")
    asked: dict[str, Any] = {} if at is None else {"RestoreDateTime": _moment(at)}
    key = _key_of(live)
    if backup is not None and ":recovery-point:" in backup:
        _begin_recovery(live, table, backup, key)
        return
    if key is not None:  # what is restored has DynamoDB's own key, if nothing is said
        asked["SSESpecificationOverride"] = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    if backup is not None:
        live.client.restore_table_from_backup(TargetTableName=table, BackupArn=backup, **asked)
    else:
        moment = {"UseLatestRestorableTime": True} if at is None else {}
        live.client.restore_table_to_point_in_time(SourceTableName=live.name, TargetTableName=table, **asked, **moment)


def _key_of(live: StateTable) -> str | None:
    """Return the key of this account by which the live table is encrypted: the restored one is to have the same."""
    found = _description_of(live.client, live.name)
    key = {} if found is None else found.get("SSEDescription", {})
    return str(key["KMSMasterKeyArn"]) if "KMSMasterKeyArn" in key else None


def _begin_recovery(live: StateTable, table: str, point: str, key: str | None) -> None:
    """Restore a recovery point of AWS Backup, by the role that made it (`stacks/constructs/backups.py`)."""
    encryption = {"encryptionType": "Default"} if key is None else {"encryptionType": "KMS", "kmsMasterKeyArn": key}
    backups = aws.client("backup", live.region)
    account = point.split(":")[4]
    job = backups.start_restore_job(
        RecoveryPointArn=point,
        IamRoleArn=f"arn:{point.split(':')[1]}:iam::{account}:role/{live.name}-backups-{live.region}",
        Metadata={"targetTableName": table, **encryption},
        ResourceType="DynamoDB",
        IdempotencyToken=table,
    )["RestoreJobId"]

    def is_over() -> bool:
        found = backups.describe_restore_job(RestoreJobId=job)
        if found["Status"] in ("ABORTED", "FAILED"):
            raise WentWrong(f"AWS Backup has not restored {point}: {found.get('StatusMessage', found['Status'])}")
        return bool(found["Status"] == "COMPLETED")

    _until(is_over)


def finish(live: StateTable, table: str) -> None:
    """Wait until the table is there, and give it what a restore leaves out."""
    client = live.client
    _until(lambda: _described(client, table)["TableStatus"] == "ACTIVE")
    wanted = _settings_of(client, live.name)
    if wanted.streams and not _described(client, table).get("StreamSpecification"):
        stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        client.update_table(TableName=table, StreamSpecification=stream)
        _until(lambda: _described(client, table)["TableStatus"] == "ACTIVE")
    forgets = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"]
    if forgets == "DISABLED":
        client.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    if wanted.recovers and not _recovers(client, table):
        specification = {"PointInTimeRecoveryEnabled": True}
        client.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=specification)
    if wanted.is_protected:
        client.update_table(TableName=table, DeletionProtectionEnabled=True)


def check_jobs(live: StateTable, table: str) -> Checked:
    """Read every job in the table and fold it."""
    state = DynamodbTable(table, lambda: live.client, BlockingCalls("restore", 4), lambda event, **fields: None)
    return asyncio.run(_check_all(DynamodbHistory(state), list(_job_ids(live.client, table))))


async def _check_all(history: DynamodbHistory, job_ids: list[str]) -> Checked:
    whole, broken = 0, []
    for job_id in job_ids:
        try:
            record, state = await read_whole_state(history, job_id)
        except UnreadableEvent:
            broken.append(job_id)
            continue
        if record.archived is None and (state is None or not state.complete):
            broken.append(job_id)
        else:
            whole += 1
    return Checked(whole, broken)


def _job_ids(client: Any, table: str) -> Iterator[str]:
    """Return the jobs that have a history there, each once: a scan gives the items of a partition together."""
    last = ""
    pages = client.get_paginator("scan").paginate(
        TableName=table,
        ProjectionExpression="pk",
        FilterExpression="begins_with(pk, :job) AND begins_with(sk, :segment)",
        ExpressionAttributeValues={":job": {"S": _JOB}, ":segment": {"S": "E#"}},
    )
    for page in pages:
        for item in page["Items"]:
            key = item["pk"]["S"]
            if key != last:
                yield key.removeprefix(_JOB)
            last = key


def _described(client: Any, table: str) -> Mapping[str, Any]:
    described: Mapping[str, Any] = client.describe_table(TableName=table)["Table"]
    return described


def _description_of(client: Any, table: str) -> Mapping[str, Any] | None:
    """Return the description of a table that may be gone."""
    from botocore.exceptions import ClientError

    try:
        return _described(client, table)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return None


def _settings_of(client: Any, table: str) -> _Settings:
    found = _description_of(client, table)
    if found is None:
        return _Settings()
    streams = bool(found.get("StreamSpecification", {}).get("StreamEnabled"))
    return _Settings(streams, _recovers(client, table), bool(found.get("DeletionProtectionEnabled")))


def _recovers(client: Any, table: str) -> bool:
    found = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    status = found.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    return bool(status == "ENABLED")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CannotBeDone(f"--at {text!r} is not a moment with its time zone, such as 2026-11-21T12:00:00Z")
    return moment.astimezone(UTC)


def _until(is_over: Callable[[], bool]) -> None:
    while not is_over():
        time.sleep(LOOK_SECONDS)
