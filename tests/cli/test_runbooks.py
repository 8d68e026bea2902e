"""Every command of the runbooks is executed by a test: here those of the AWS CLI, elsewhere the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tests.runbooks import FOLDER, PAGES, Command, Where, aws_call, commands_of

CHECKOUT = FOLDER.parents[1]
#: The tests that carry out the commands of a page, by where they are executed.
EXECUTED_BY = {
    ("evacuate.md", Where.LOCAL_CLOUD): "tests/e2e/test_evacuation.py",
    ("fail-back.md", Where.LOCAL_CLOUD): "tests/e2e/test_evacuation.py",
    ("redrive.md", Where.LOCAL_CLOUD): "tests/e2e/test_runbooks.py",
    ("restore.md", Where.LOCAL_CLOUD): "tests/e2e/test_runbooks.py",
    ("restore.md", Where.FAKES): "tests/cli/test_restore.py",
    ("stuck-release.md", Where.LOCAL_CLOUD): "tests/e2e/test_runbooks.py",
    ("stuck-release.md", Where.FAKES): "tests/cli/test_deploy.py",
}
#: Sets an AWS account up for drills: held to the command line (test_commands_in_docs.py) and to the services alone.
NEEDS_AN_ACCOUNT = "drill-on-aws.md"
OF_AWS = [each for page in PAGES for each in commands_of(page) if each.words[0] == "aws"]


def test_each_runbook_is_carried_out_by_a_test_that_names_it() -> None:
    pages = [page for page in PAGES if page != NEEDS_AN_ACCOUNT]
    needed = {(page, command.where) for page in pages for command in commands_of(page)}
    assert needed == EXECUTED_BY.keys(), "say which test executes the commands of a page, and have it do so"
    for (page, _), test in EXECUTED_BY.items():
        assert f'"{page}"' in Path(CHECKOUT / test).read_text("utf-8"), f"{test} does not speak of {page}"


def test_pages_show_commands_to_be_executed() -> None:
    shown = {str(command) for page in PAGES for command in commands_of(page)}
    assert "stuck-release.md: antipode versions list --env prod" in shown
    assert "restore.md: aws backup list-recovery-points-by-backup-vault --backup-vault-name antipode-prod" in shown
    assert len(shown) > 30


@pytest.mark.parametrize("command", OF_AWS, ids=str)
def test_a_command_of_the_aws_cli_is_a_call_that_its_service_takes(command: Command) -> None:
    """The request is made and held to the service's own description; what AWS then does is AWS's."""
    call = aws_call(command, "prod")
    client_of: Any = boto3.client
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = client_of(call.service, region_name=call.region or "us-east-1", **keys)
    with Stubber(client) as stubber:
        stubber.add_response(call.operation, {}, dict(call.parameters))
        getattr(client, call.operation)(**call.parameters)
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize("wrong", ["aws lambda get-alais --name live", "aws lambda get-alias --nmae live"])
def test_a_command_that_the_service_does_not_have_is_found(wrong: str) -> None:
    with pytest.raises(KeyError):
        aws_call(Command("a page", tuple(wrong.split())), "prod")


def test_names_of_the_local_cloud_take_the_place_of_productions() -> None:
    words = ("antipode", "versions", "list", "--env", "prod")
    assert Command("a page", words).on_local_cloud(7) == ["versions", "list", "--slot", "7"]
    get = ("aws", "lambda", "get-alias", "--function-name", "antipode-prod-x", "--name", "live")
    assert aws_call(Command("a page", get), "local").parameters == {
        "FunctionName": "antipode-local-x",
        "Name": "live",
    }
