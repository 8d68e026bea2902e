"""`antipode drill --target aws`: started where it is not hit, followed, its report fetched; and put back by hand."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from localstack.drills.on_aws.changes import Change, Kind, Record
from localstack.drills.on_aws.deployed import Clients
from stacks.commands import aws
from tests.cli.conftest import Antipode
from tests.localstack.drills import made

ACCOUNT = "123456789012"
EXECUTION = f"arn:aws:states:us-west-2:{ACCOUNT}:execution:antipode-prod-drills:d-1"
DRILLS = json.dumps({"accounts": [ACCOUNT]})
NEEDED = ("--env", "prod", "-c", "domain_name=example.com", "-c", "hosted_zone_id=Z123")
CONFIGURED = (*NEEDED, "-c", f"drills={DRILLS}")
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


class Account:
    """Clients of both Regions, whose calls and answers are held against their service models."""

    def __init__(self) -> None:
        self._stubs: dict[tuple[str, str], Stubber] = {}

    def client(self, service: str, region: str) -> Any:
        return self.stub(service, region).client

    def stub(self, service: str, region: str) -> Stubber:
        if (service, region) not in self._stubs:
            make: Any = boto3.client
            self._stubs[service, region] = Stubber(make(service, region_name=region))
            self._stubs[service, region].activate()
        return self._stubs[service, region]

    def all_calls_made(self) -> None:
        for stub in self._stubs.values():
            stub.assert_no_pending_responses()


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    found = Account()
    monkeypatch.setattr(aws, "client", found.client)
    monkeypatch.setattr(Clients, "get", lambda _, service, region: found.client(service, region))
    found.stub("sts", "us-east-1").add_response("get_caller_identity", {"Account": ACCOUNT})
    for region in ("us-east-1", "us-west-2"):
        found.stub("ssm", region).add_response("get_parameter", {"Parameter": {"Value": "21"}})
    yield found
    found.all_calls_made()


def plays(account: Account, status: str, report: dict[str, Any] | None) -> None:
    """A drill of the first Region is started in the second; it ends so, and leaves this report."""
    states = account.stub("stepfunctions", "us-west-2")
    machine = f"arn:aws:states:us-west-2:{ACCOUNT}:stateMachine:antipode-prod-drills"
    given = json.dumps({"drill": "region-killed", "seed": 7})
    states.add_response(
        "start_execution",
        {"executionArn": EXECUTION, "startDate": MOMENT},
        {"stateMachineArn": machine, "name": ANY, "input": given},
    )
    ended = {"executionArn": EXECUTION, "stateMachineArn": machine, "startDate": MOMENT, "status": status}
    if status == "FAILED":
        ended |= {"error": "Refused", "cause": "alarm_raised: see to it"}
    states.add_response("describe_execution", ended)
    names = ("Prepare", "Guard", "Restore")
    events = [
        {"id": number, "timestamp": MOMENT, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": name}}
        for number, name in enumerate(names)
    ]
    states.add_response("get_execution_history", {"events": events})
    bucket = {"Bucket": f"antipode-prod-drills-{ACCOUNT}-us-west-2", "Key": ANY}
    s3 = account.stub("s3", "us-west-2")
    if report is None:
        s3.add_client_error("get_object", "NoSuchKey", "none", 404, expected_params=bucket)
    else:
        body = json.dumps(report).encode()
        s3.add_response("get_object", {"Body": StreamingBody(io.BytesIO(body), len(body))}, bucket)


def test_a_drill_is_played_from_the_region_that_it_does_not_hit_and_its_report_is_kept(
    antipode: Antipode, account: Account, tmp_path: Path
) -> None:
    evidence = made.evidence()
    evidence.setting = replace(evidence.setting, target="aws")
    plays(account, "SUCCEEDED", {"drill": "region-killed", "verdict": "held", "evidence": evidence.to_json()})
    said = antipode("drill", "region-killed", "--target", "aws", "--seed", "7", *CONFIGURED, "--reports", str(tmp_path))
    assert "is played from us-west-2 on us-east-1" in said.stderr
    assert [line for line in said.stderr.splitlines() if line in ("Prepare", "Guard", "Restore")] == [
        "Prepare",
        "Restore",
    ]
    (page,) = tmp_path.glob("*.html")
    assert page.stat().st_size > 0
    (kept,) = tmp_path.glob("*.json")
    assert json.loads(kept.read_text())["evidence"]["setting"]["target"] == "aws"


def test_why_a_drill_was_refused_is_told_and_the_command_fails(
    antipode: Antipode, account: Account, tmp_path: Path
) -> None:
    plays(account, "FAILED", None)
    said = antipode("drill", "region-killed", "--target", "aws", "--seed", "7", *CONFIGURED, "--reports", str(tmp_path))
    assert said.exit_code == 1
    assert "failed: Refused alarm_raised: see to it" in said.stderr
    assert not list(tmp_path.iterdir())


def test_where_drills_are_not_deployed_that_is_said(antipode: Antipode, account: Account) -> None:
    account.stub("stepfunctions", "us-west-2").add_client_error("start_execution", "StateMachineDoesNotExist", "none")
    said = antipode("drill", "region-killed", "--target", "aws", *CONFIGURED)
    assert said.exit_code == 2
    assert "antipode: drills are not deployed in us-west-2: `antipode deploy` brings what plays them" in said.stderr


def test_where_drills_are_not_configured_that_is_said(antipode: Antipode) -> None:
    said = antipode("drill", "region-killed", "--target", "aws", *NEEDED)
    assert said.exit_code == 2
    assert "drills are not configured in prod: deploy with" in said.stderr


def test_reports_of_scheduled_drills_are_fetched_once(antipode: Antipode, account: Account, tmp_path: Path) -> None:
    for region, listed in (("us-east-1", {}), ("us-west-2", {"Contents": [{"Key": "drills/d-1.json"}]})):
        bucket = f"antipode-prod-drills-{ACCOUNT}-{region}"
        asked = {"Bucket": bucket, "Prefix": "drills/"}
        account.stub("s3", region).add_response("list_objects_v2", listed, asked)
    evidence = made.evidence()
    body = json.dumps({"drill": "region-killed", "verdict": "held", "evidence": evidence.to_json()}).encode()
    answer = {"Body": StreamingBody(io.BytesIO(body), len(body))}
    account.stub("s3", "us-west-2").add_response("get_object", answer)
    said = antipode("drill", "fetch", *CONFIGURED, "--reports", str(tmp_path))
    assert said.exit_code == 0, said.output
    assert len(said.stdout.splitlines()) == len(list(tmp_path.glob("*.json"))) == 1


def test_an_operator_puts_back_by_hand_what_a_book_names(antipode: Antipode, account: Account) -> None:
    function = "antipode-prod-submit-job"
    changes = (Change(Kind.CONCURRENCY, "us-east-1", function, 12),)
    record = Record(drill_id="d-1", drill="region-killed", hit="us-east-1", faults=(changes,))
    item = {
        "pk": {"S": "CURRENT"},
        "drill_id": {"S": "d-1"},
        "phase": {"S": "recorded"},
        "restore_at": {"N": "1.0"},
        "breaking_until": {"N": "0"},
        "record": {"S": record.to_json()},
    }
    book = {"TableName": "antipode-prod-drills", "Key": {"pk": {"S": "CURRENT"}}, "ConsistentRead": True}
    account.stub("dynamodb", "us-east-1").add_response("get_item", {}, book)
    table = account.stub("dynamodb", "us-west-2")
    table.add_response("get_item", {"Item": item}, book)
    table.add_response("update_item", {})
    table.add_response("get_item", {"Item": item}, book)
    table.add_response("delete_item", {})
    functions = account.stub("lambda", "us-east-1")
    named = {"FunctionName": function}
    functions.add_response("get_function_concurrency", {"ReservedConcurrentExecutions": 0}, named)
    functions.add_response("put_function_concurrency", {}, {**named, "ReservedConcurrentExecutions": 12})
    functions.add_response("get_function_concurrency", {"ReservedConcurrentExecutions": 12}, named)
    said = antipode("drill", "restore", "--target", "aws", *CONFIGURED)
    assert said.exit_code == 0, said.output
    assert said.stdout.splitlines() == [
        "d-1 is in the book of us-west-2 (recorded)",
        "as before: reserved concurrency antipode-prod-submit-job in us-east-1",
    ]


def test_with_no_drill_in_the_books_there_is_nothing_to_put_back(antipode: Antipode, account: Account) -> None:
    for region in ("us-east-1", "us-west-2"):
        account.stub("dynamodb", region).add_response("get_item", {})
    said = antipode("drill", "restore", "--target", "aws", *CONFIGURED)
    assert said.exit_code == 0
    assert "there is nothing to put back" in said.stdout


def test_nothing_is_deployed_while_a_drill_is_under_way(antipode: Antipode, account: Account) -> None:
    account.stub("dynamodb", "us-east-1").add_client_error("describe_table", "ResourceNotFoundException", "none")
    account.stub("dynamodb", "us-east-1").add_client_error("get_item", "ResourceNotFoundException", "none")
    item = {"pk": {"S": "CURRENT"}, "drill_id": {"S": "d-1"}}
    account.stub("dynamodb", "us-west-2").add_response("get_item", {"Item": item})
    said = antipode("deploy", *CONFIGURED)
    assert said.exit_code == 2
    assert "antipode: drill d-1 is under way: wait for it" in said.stderr
