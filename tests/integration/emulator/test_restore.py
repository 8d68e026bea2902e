"""`antipode restore` on the local cloud's own tables: what it makes of a backup is the table as it was then."""

from __future__ import annotations

import asyncio
from typing import Any

from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.dynamodb_history import DynamodbHistory
from functions.adapters.dynamodb_table import DynamodbTable
from functions.domain.ids import job_id
from functions.domain.job.events import JobSubmitted
from functions.domain.job.history import Segment
from stacks.commands.restore import Checked, begin, check_jobs, finish
from stacks.commands.state_table import StateTable
from tests.integration.emulator.processes import FIRST, SECOND, Emulators
from tests.state_table import create_state_table

LIVE, FRESH = "live-state", "restored-state"
NOON = "2026-11-21T12:00:00.000Z"


def test_a_backup_is_restored_beside_a_table_that_has_gone_on(cloud: Emulators) -> None:
    client = cloud.client("dynamodb")
    create_state_table(client, LIVE)
    live = StateTable(LIVE, FIRST, (FIRST, SECOND), client)
    _submit(client, "before")
    backup = client.create_backup(TableName=LIVE, BackupName="daily")["BackupDetails"]["BackupArn"]
    _submit(client, "after")

    begin(live, FRESH, None, backup)
    finish(live, FRESH)

    assert check_jobs(live, FRESH) == Checked(whole=1, broken=[])
    assert check_jobs(live, LIVE) == Checked(whole=2, broken=[])


def _submit(client: Any, key: str) -> None:
    submitted = JobSubmitted(
        at=NOON, tenant="acme", agent="probe", agent_version="1", lane="batch", input=None, body_digest="d"
    )
    table = DynamodbTable(LIVE, lambda: client, BlockingCalls("test", 1), lambda event, **fields: None)
    asyncio.run(DynamodbHistory(table).append(Segment(job_id("acme", key), 1, FIRST, 1, (submitted,))))
