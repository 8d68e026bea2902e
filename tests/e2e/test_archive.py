"""A job that ended long ago, through the deployed functions: to S3, out of both tables, and still shown as it was."""

from __future__ import annotations

import asyncio

from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.dynamodb_history import DynamodbHistory
from functions.adapters.dynamodb_table import DynamodbTable
from functions.application.ports import Due
from functions.domain.ids import job_id
from functions.domain.job.events import JobSubmitted, JobSucceeded
from functions.domain.job.history import Segment, job_key
from tests.e2e.deployed import TABLE, Deployed
from tests.eventually import eventually

TENANT, OLD = "stranger", "2026-01-05T12:00:00.000Z"
JOB = job_id(TENANT, "ended long ago")


def write_old_job(deployed: Deployed) -> None:
    """Write a job as the first Region wrote it, long ago."""
    client = deployed.admin("dynamodb", deployed.first)
    table = DynamodbTable(TABLE, lambda: client, BlockingCalls("test", 1), lambda event, **fields: None)
    submitted = JobSubmitted(
        at=OLD, tenant=TENANT, agent="probe", agent_version="1", lane="batch", input={"steps": 0}, body_digest="d"
    )
    end = JobSucceeded(at=OLD, result="as it was")

    async def write() -> None:
        history = DynamodbHistory(table)
        await history.append(Segment(JOB, 1, deployed.first, 2, (end,)))
        await history.append(Segment(JOB, 1, deployed.first, 1, (submitted,)), due=Due(OLD, "batch"))

    asyncio.run(write())


def kinds(deployed: Deployed, region: str) -> list[str]:
    """Return what kinds of items a Region's table holds of the job."""
    found = deployed.admin("dynamodb", region).query(
        TableName=TABLE,
        KeyConditionExpression="pk = :job",
        ExpressionAttributeValues={":job": {"S": job_key(JOB)}},
        ConsistentRead=True,
    )
    return sorted({str(item["sk"]["S"]).partition("#")[0] for item in found["Items"]})


def archive(deployed: Deployed) -> None:
    """Have the first Region's archiver begin a round, as on a new day."""
    client = deployed.admin("dynamodb", deployed.first)
    sweeps = {":region": {"S": f"SWEEP#{deployed.first}"}, ":archive": {"S": "archive@"}}
    condition = "pk = :region AND begins_with(sk, :archive)"
    found = client.query(TableName=TABLE, KeyConditionExpression=condition, ExpressionAttributeValues=sweeps)
    for item in found["Items"]:
        client.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
    functions = deployed.admin("lambda", deployed.first)
    answer = functions.invoke(FunctionName="antipode-local-archive-jobs", Qualifier="live", Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_a_job_that_ended_long_ago_goes_to_s3_and_both_regions_show_it_as_before(deployed: Deployed) -> None:
    token = deployed.grant(TENANT, "jobs:read")
    write_old_job(deployed)
    shown = eventually(
        lambda: deployed.call(deployed.second, "GET", f"/jobs/{JOB}", token=token).json(),
        lambda job: job.get("status") == "succeeded",
        within=30,
        what="the job is replicated",
    )
    archive(deployed)
    eventually(
        lambda: kinds(deployed, deployed.second),
        lambda held: held == ["E", "STORED"],
        within=30,
        what="both Regions hold the job and know where the archive has it",
    )
    archive(deployed)
    for region in (deployed.first, deployed.second):
        eventually(
            lambda region=region: kinds(deployed, region),  # type: ignore[misc]
            lambda held: held == ["STORED"],
            within=30,
            what=f"{region} holds nothing of the job but where it is",
        )
        after = deployed.call(region, "GET", f"/jobs/{JOB}", token=token).json()
        assert after.pop("archived_at").startswith("20")
        assert after == shown
        events = deployed.call(region, "GET", f"/jobs/{JOB}/events", token=token).json()["events"]
        assert [event["kind"] for event in events] == ["submitted", "succeeded"]
