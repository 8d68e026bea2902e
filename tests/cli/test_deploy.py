"""`antipode deploy`: what it refuses before anything is changed, and the order in which it deploys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from typer.testing import Result

from stacks.bundle import Target
from stacks.catalog import FUNCTIONS
from stacks.commands import aws, deploy, versions
from stacks.commands.one_line_failures import WentWrong
from tests.cli.conftest import Antipode
from tests.runbooks import Where, commands_of

ACCOUNT = "123456789012"
NEEDED = ["-c", "domain_name=example.com", "-c", "hosted_zone_id=Z123"]


class Aws:
    """An account: who the credentials belong to, and where it is bootstrapped."""

    def __init__(self, bootstrapped: Mapping[str, str | None]) -> None:
        self.bootstrapped = bootstrapped
        self.credentials: Exception | None = None
        self.has_table = False
        #: What the deployed API of each Region calls.
        self.called: dict[str, list[str]] = {}

    def client(self, service: str, region: str) -> Any:
        assert service in ("sts", "ssm", "dynamodb", "cloudformation")
        return _Client(self, region)


class _Client:
    def __init__(self, account: Aws, region: str) -> None:
        self._account = account
        self._region = region

    def get_caller_identity(self) -> dict[str, str]:
        if self._account.credentials:
            raise self._account.credentials
        return {"Account": ACCOUNT}

    def describe_table(self, TableName: str) -> None:  # noqa: N803  boto3's own spelling
        assert (TableName, self._region) in (("antipode-prod", "us-east-1"), ("antipode-dev", "us-west-2"))
        if not self._account.has_table:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "said AWS"}}, "DescribeTable")

    def get_template(self, StackName: str) -> dict[str, Any]:  # noqa: N803  boto3's own spelling
        assert StackName.endswith(f"-{self._region}-api")
        if self._region not in self._account.called:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "GetTemplate")
        uri = "arn:aws:lambda:here:1:function:antipode-prod-{}:live/invocations"
        return {"TemplateBody": {"Resources": [uri.format(name) for name in self._account.called[self._region]]}}

    def get_parameter(self, Name: str) -> None:  # noqa: N803  boto3's own spelling
        assert Name == "/cdk-bootstrap/hnb659fds/version"
        code = self._account.bootstrapped[self._region]
        if code is not None:
            raise ClientError({"Error": {"Code": code, "Message": "said AWS"}}, "GetParameter")


class Cdk:
    """Stands for the pinned CDK CLI: notes what it is told, writes outputs, fails where it is told to."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.commands: list[list[str]] = []
        self.fails_at: str | None = None

    def bundle(self, target: Target) -> None:
        self.done.append(f"bundle {target}")

    def run(self, what: str, command: list[str]) -> None:
        self.done.append(what)
        self.commands.append(command)
        if what == self.fails_at:
            raise WentWrong(f"{what} failed")
        if "--outputs-file" in command:
            file = Path(command[command.index("--outputs-file") + 1])
            file.write_text(json.dumps({f"antipode-{what.replace('/', '-')}": {"ApiId": what}}))


@pytest.fixture
def cdk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cdk:
    cdk = Cdk()
    (tmp_path / "build").mkdir()
    (tmp_path / "cdk.json").write_text('{"app": "python app.py"}')
    monkeypatch.setattr(deploy, "CHECKOUT", tmp_path)
    monkeypatch.setattr(deploy, "cdk_command", lambda: ["cdk"])
    monkeypatch.setattr(deploy, "build_bundle", cdk.bundle)
    monkeypatch.setattr(deploy, "run_cdk", cdk.run)
    return cdk


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Aws:
    account = Aws({"us-east-1": None, "us-west-2": None})
    monkeypatch.setattr(aws, "client", account.client)
    return account


def said(result: Result, code: int) -> str:
    """The one complaint, after the names of the steps that were begun."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("antipode: ")]
    assert "Traceback" not in result.stderr
    return line.removeprefix("antipode: ")


@pytest.mark.usefixtures("account")
def test_the_table_comes_first_then_one_region_after_the_other(antipode: Antipode, cdk: Cdk) -> None:
    result = antipode("deploy", "--env", "prod", *NEEDED)
    assert result.exit_code == 0, result.output
    once = ["prod/keys-us-east-1", "prod/keys-us-west-2", "prod/data", "prod/control"]
    assert cdk.done == ["bundle aws", "the templates", *once, "prod/us-east-1", "prod/us-west-2"]
    assert result.stdout == "deployed: https://api.example.com/v1\n"


@pytest.mark.usefixtures("account")
def test_templates_are_written_once_and_every_stack_is_deployed_from_them(antipode: Antipode, cdk: Cdk) -> None:
    antipode("deploy", "--env", "dev", *NEEDED, "-c", "regions=us-west-2,us-east-1")
    synth, *deploys = cdk.commands
    templates = synth[synth.index("--output") + 1]
    given = {synth[place + 1] for place, part in enumerate(synth) if part == "--context"}
    assert {"environment=dev", f"account={ACCOUNT}", "domain_name=example.com"} <= given
    assert [command[1 : command.index("--exclusively")] for command in deploys] == [
        ["deploy", "dev/data"],
        ["deploy", "dev/control"],
        ["deploy", "dev/us-west-2", "dev/us-west-2-requests", "dev/us-west-2-api"],
        ["deploy", "dev/us-east-1", "dev/us-east-1-requests", "dev/us-east-1-api"],
    ]
    for command in deploys:
        assert "--exclusively" in command
        assert command[command.index("--app") + 1] == templates


@pytest.mark.usefixtures("account")
def test_the_runbook_of_a_stuck_release_ends_with_a_deploy(antipode: Antipode, cdk: Cdk) -> None:
    (command,) = (each for each in commands_of("stuck-release.md", Where.FAKES) if each.words[0] == "antipode")
    result = antipode(*command.words[1:])
    assert result.exit_code == 0, result.output
    assert cdk.done[-1] == "prod/us-west-2"


@pytest.mark.usefixtures("account")
def test_json_holds_the_outputs_of_all_stacks(antipode: Antipode, cdk: Cdk) -> None:
    outputs = json.loads(antipode("deploy", "--env", "prod", *NEEDED, "--json").stdout)
    assert outputs == {
        f"antipode-prod-{name}": {"ApiId": f"prod/{name}"}
        for name in ("keys-us-east-1", "keys-us-west-2", "data", "control", "us-east-1", "us-west-2")
    }


@pytest.mark.usefixtures("account")
def test_the_second_region_is_left_alone_when_the_first_fails(antipode: Antipode, cdk: Cdk) -> None:
    cdk.fails_at = "prod/us-east-1"
    assert said(antipode("deploy", "--env", "prod", *NEEDED), code=1) == "prod/us-east-1 failed"
    assert cdk.done[-1] == "prod/us-east-1"


def test_without_credentials_nothing_is_begun(antipode: Antipode, cdk: Cdk, account: Aws) -> None:
    account.credentials = NoCredentialsError()
    line = said(antipode("deploy", "--env", "prod", *NEEDED), code=1)
    assert line == "no usable AWS credentials: Unable to locate credentials"
    assert cdk.done == []


@pytest.mark.usefixtures("account")
def test_credentials_of_another_account_are_refused(antipode: Antipode, cdk: Cdk) -> None:
    line = said(antipode("deploy", "--env", "prod", *NEEDED, "-c", "account=210987654321"), code=2)
    assert line == f"the credentials are of account {ACCOUNT}, but account=210987654321 is configured"
    assert cdk.done == []


def test_a_region_that_is_not_bootstrapped_is_named_with_its_remedy(antipode: Antipode, cdk: Cdk, account: Aws) -> None:
    account.bootstrapped = {"us-east-1": None, "us-west-2": "ParameterNotFound"}
    line = said(antipode("deploy", "--env", "prod", *NEEDED), code=2)
    assert line == f"not bootstrapped: us-west-2; run `.venv/bin/cdk bootstrap aws://{ACCOUNT}/us-west-2`"
    assert cdk.done == []


def test_not_being_allowed_to_look_is_not_taken_for_missing(antipode: Antipode, cdk: Cdk, account: Aws) -> None:
    account.bootstrapped = {"us-east-1": "AccessDeniedException", "us-west-2": None}
    line = said(antipode("deploy", "--env", "prod", *NEEDED), code=1)
    assert line.startswith("cannot tell whether us-east-1 is bootstrapped: An error occurred (AccessDenied")
    assert cdk.done == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--env", "local", *NEEDED], "--env 'local' is none of dev, prod; for the local cloud: `antipode local up`"),
        (["--env", "prod", *NEEDED, "-c", "environment=dev"], "--context environment=dev contradicts --env prod"),
        (["--env", "prod", *NEEDED, "-c", "regions"], "--context regions: write KEY=VALUE"),
        (["--env", "prod", *NEEDED, "-c", "regions=us-east-1"], "regions: name two Regions, written"),
        (["--env", "prod", "-c", "domain_name=example.com"], "hosted_zone_id: is not set; pass it as"),
    ],
)
def test_a_wrong_setting_is_found_before_aws_is_asked(
    antipode: Antipode, cdk: Cdk, monkeypatch: pytest.MonkeyPatch, arguments: list[str], complaint: str
) -> None:
    monkeypatch.setattr(aws, "client", None)
    assert said(antipode("deploy", *arguments), code=2).startswith(complaint)
    assert cdk.done == []


def test_a_cdk_that_fails_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(WentWrong, match="prod/data failed: the CDK CLI ended with 3"):
        deploy.run_cdk("prod/data", ["/bin/sh", "-c", "exit 3"])
    with pytest.raises(WentWrong, match="did not start"):
        deploy.run_cdk("prod/data", [str(tmp_path / "none")])


def test_a_release_that_lacks_a_version_in_use_is_refused_with_the_count(
    antipode: Antipode, account: Aws, cdk: Cdk, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.has_table = True
    monkeypatch.setattr(versions, "counted_in", lambda table: {("probe", "0"): 3, ("probe", "1"): 9})
    told = said(antipode("deploy", "--env", "prod", *NEEDED), 2)
    assert told == (
        "this checkout lacks agent versions that jobs are on: probe 0 (3 unfinished jobs); keep them until these end"
    )
    assert cdk.done == []


def test_a_release_with_every_version_in_use_is_deployed(
    antipode: Antipode, account: Aws, cdk: Cdk, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.has_table = True
    monkeypatch.setattr(versions, "counted_in", lambda table: {("probe", "1"): 9})
    assert antipode("deploy", "--env", "prod", *NEEDED).exit_code == 0
    assert cdk.done[-1] == "prod/us-west-2"


NOW = [row.name.replace("_", "-") for row in FUNCTIONS if row.is_called_by_api]
TOGETHER = ["prod/us-east-1", "prod/us-east-1-requests", "prod/us-east-1-api"]


def deployed_together(cdk: Cdk) -> list[list[str]]:
    return [command[2 : command.index("--exclusively")] for command in cdk.commands if command[1] == "deploy"]


@pytest.mark.parametrize("called", [NOW, NOW[:-1]], ids=["the same functions", "a new function"])
def test_what_an_api_calls_is_there_before_the_api(
    antipode: Antipode, account: Aws, cdk: Cdk, called: list[str]
) -> None:
    account.called = {"us-east-1": called}
    assert antipode("deploy", "--env", "prod", *NEEDED).exit_code == 0
    assert deployed_together(cdk)[2:5] == [["prod/data"], ["prod/control"], TOGETHER]


def test_a_function_goes_after_the_api_has_stopped_calling_it(antipode: Antipode, account: Aws, cdk: Cdk) -> None:
    account.called = {"us-east-1": [*NOW, "make-coffee"], "us-west-2": NOW}
    assert antipode("deploy", "--env", "prod", *NEEDED).exit_code == 0
    assert deployed_together(cdk)[2:6] == [["prod/data"], ["prod/control"], ["prod/us-east-1-api"], TOGETHER]
    assert len(deployed_together(cdk)) == 7


def test_functions_that_come_and_go_in_one_release_are_refused(antipode: Antipode, account: Aws, cdk: Cdk) -> None:
    account.called = {"us-west-2": [*NOW[:-1], "make-coffee"]}
    line = said(antipode("deploy", "--env", "prod", *NEEDED), code=2)
    assert line.startswith(f"this release takes antipode-prod-make-coffee away and adds antipode-prod-{NOW[-1]}, which")
    assert cdk.done == []
