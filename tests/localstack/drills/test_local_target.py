"""The local cloud as a target: what drills before have left there is forgotten, or not looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest

from localstack.drills.local_target import LocalTarget
from localstack.drills.target import CannotDrill
from localstack.evidence.replicas import ReplicaReader
from localstack.first_use import TABLE
from tests.localstack.drills import made
from tests.localstack.drills.made import FIRST, SECOND
from tests.mocked_aws import mocked_aws

KEY = {"pk": {"S": f"REGION#{FIRST}"}, "sk": {"S": "PROGRESS"}}
LOSSES = "2026-01-02T03:04:05.000Z 2026-01-02T03:14:05.000Z"
ACCOUNT = {
    **KEY,
    "writer": {"S": FIRST},
    "phase": {"S": "returning"},
    "losses": {"S": LOSSES},
    "settled": {"S": ""},
    "until": {"S": "2026-01-02T03:16:05.000Z"},
}


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    make: Any = boto3.client
    with mocked_aws():
        clients = {region: make("dynamodb", region_name=region) for region in (FIRST, SECOND)}
        for client in clients.values():
            client.create_table(
                TableName=TABLE,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                BillingMode="PAY_PER_REQUEST",
            )
        yield clients


class Regions(LocalTarget):
    """Two tables in place of a cloud."""

    regions = (FIRST, SECOND)

    def __init__(self, tables: dict[str, Any]) -> None:
        self._tables = cast("Any", tables)


def test_a_region_forgets_that_it_was_lost_and_stays_away_no_longer(tables: dict[str, Any]) -> None:
    tables[FIRST].put_item(TableName=TABLE, Item=ACCOUNT)
    Regions(tables).calm()
    now = tables[FIRST].get_item(TableName=TABLE, Key=KEY)["Item"]
    assert (now["losses"], "until" in now, now["writer"]) == ({"S": ""}, False, {"S": FIRST})
    assert now["settled"]["S"] > LOSSES, "a loss that is noticed late is one of before"
    assert not tables[SECOND].scan(TableName=TABLE)["Items"], "nothing is written for a Region that was never lost"


def test_a_region_that_does_not_answer_makes_no_drill(tables: dict[str, Any]) -> None:
    tables[SECOND].delete_table(TableName=TABLE)
    with pytest.raises(CannotDrill, match=f"{SECOND} does not answer"):
        Regions(tables).calm()


def test_the_segments_of_some_jobs_are_read_and_each_once(tables: dict[str, Any]) -> None:
    def put(job: str, sequence: int) -> Any:
        rows = made.items({job: "run"})
        (item,) = rows.values()
        row = {**item, "sk": {"S": f"E#000001.{FIRST}#{sequence:08d}"}}
        tables[FIRST].put_item(TableName=TABLE, Item=row)
        return row

    def sequences(*jobs: str) -> list[tuple[str, int]]:
        return sorted((each.job_id, each.first_sequence) for each in reader.segments_of_jobs(jobs).values())

    reader = ReplicaReader(tables[FIRST], TABLE)
    put("job_ours", 1)
    put("job_other", 1)
    tables[FIRST].put_item(TableName=TABLE, Item={"pk": {"S": "JOB#job_ours"}, "sk": {"S": f"HEAD#{FIRST}"}})
    assert sequences("job_ours", "job_unknown") == [("job_ours", 1)]
    later = put("job_ours", 9)
    assert sequences("job_ours") == [("job_ours", 1), ("job_ours", 9)]
    tables[FIRST].delete_item(TableName=TABLE, Key={name: later[name] for name in ("pk", "sk")})
    assert sequences("job_ours", "job_other") == [("job_other", 1), ("job_ours", 1)], "a replica may come back empty"
    assert len(reader.segments()) == 2
