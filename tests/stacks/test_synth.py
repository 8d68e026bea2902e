"""`app.py` needs nothing but this checkout: no account, no credentials, no answers from AWS."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stacks.toolchain import CHECKOUT, tool_environment
from tests.stacks.templates import Environment, Template
from tests.stacks.variants import PRODUCTION, VARIANTS

#: So that a capability never waits for a stack to be split.
MOST_RESOURCES = 400
#: It stands back behind the local clouds of other phases, for minutes.
LIMIT_SECONDS = 1200
KEPT: tuple[str, ...] = ("JSII_NODE", "PATH", "PYTHONPYCACHEPREFIX")


def run_app(outdir: Path, context: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run app.py with nothing in its environment but where Node is and what the CDK's command line would tell it."""
    tools = tool_environment(os.environ)
    bare: dict[str, str] = {name: tools[name] for name in KEPT if name in tools}
    told = {"CDK_OUTDIR": str(outdir), "CDK_CONTEXT_JSON": json.dumps(context)}
    command = [sys.executable, "app.py"]
    return subprocess.run(
        command, cwd=CHECKOUT, env=bare | told, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS
    )


@pytest.fixture(scope="module")
def bare_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What app.py writes for prod: it fails where a rule of cdk-nag, or of the CDK itself, is broken on no purpose."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "bundle").mkdir()
    (folder / "bundle" / "handler.py").write_text("")
    done = run_app(folder / "out", {**PRODUCTION, "bundle": str(folder / "bundle")})
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "out"


def test_production_can_be_written_without_credentials_and_asks_aws_for_nothing(bare_run: Path) -> None:
    manifest = json.loads((bare_run / "assembly-prod" / "manifest.json").read_text("utf-8"))
    assert "missing" not in manifest
    stacks = {
        artifact["properties"]["stackName"]: artifact["environment"]
        for artifact in manifest["artifacts"].values()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    assert stacks == {
        "antipode-prod-keys-us-east-1": "aws://unknown-account/us-east-1",
        "antipode-prod-keys-us-west-2": "aws://unknown-account/us-west-2",
        "antipode-prod-data": "aws://unknown-account/us-east-1",
        "antipode-prod-control": "aws://unknown-account/us-east-1",
        "antipode-prod-us-east-1": "aws://unknown-account/us-east-1",
        "antipode-prod-us-east-1-requests": "aws://unknown-account/us-east-1",
        "antipode-prod-us-east-1-api": "aws://unknown-account/us-east-1",
        "antipode-prod-us-west-2": "aws://unknown-account/us-west-2",
        "antipode-prod-us-west-2-requests": "aws://unknown-account/us-west-2",
        "antipode-prod-us-west-2-api": "aws://unknown-account/us-west-2",
    }


def test_what_is_named_by_others_is_deployed_before_them_and_the_regions_in_any_order(bare_run: Path) -> None:
    manifest = json.loads((bare_run / "assembly-prod" / "manifest.json").read_text("utf-8"))
    artifacts: dict[str, Any] = manifest["artifacts"]
    needs = {
        artifact["properties"]["stackName"]: {
            artifacts[needed]["properties"]["stackName"]
            for needed in artifact["dependencies"]
            if artifacts[needed]["type"] == "aws:cloudformation:stack"
        }
        for artifact in artifacts.values()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    keys = {"antipode-prod-keys-us-east-1", "antipode-prod-keys-us-west-2"}
    assert needs == {
        **{key: set() for key in keys},
        "antipode-prod-data": keys,
        "antipode-prod-control": keys,
        "antipode-prod-us-east-1": {"antipode-prod-data", "antipode-prod-control"},
        "antipode-prod-us-east-1-requests": {"antipode-prod-us-east-1"},
        "antipode-prod-us-east-1-api": {"antipode-prod-us-east-1-requests"},
        "antipode-prod-us-west-2": {"antipode-prod-data", "antipode-prod-control"},
        "antipode-prod-us-west-2-requests": {"antipode-prod-us-west-2"},
        "antipode-prod-us-west-2-api": {"antipode-prod-us-west-2-requests"},
    }


def test_the_app_writes_the_templates_that_the_tests_look_at(bare_run: Path, prod: Environment) -> None:
    for name, path in prod.paths.items():
        written = json.loads((bare_run / "assembly-prod" / path.name).read_text("utf-8"))
        seen = json.loads(path.read_text("utf-8"))
        assert {key: one["Type"] for key, one in written["Resources"].items() if "Version" not in one["Type"]} == {
            key: one["Type"] for key, one in seen["Resources"].items() if "Version" not in one["Type"]
        }, name


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_no_stack_comes_near_what_cloudformation_takes(variant: str, written: dict[str, Any]) -> None:
    for name, path in Environment(written[variant]).paths.items():
        held = len(Template(path).resources)
        assert held <= MOST_RESOURCES, f"{name} holds {held}: CloudFormation takes 500, so split it before it does"


def test_a_wrong_configuration_ends_in_plain_words_and_no_trace(tmp_path: Path) -> None:
    done = run_app(tmp_path / "out", {**PRODUCTION, "regions": "us-east-1,us-east-1"})
    assert done.returncode == 1
    assert done.stdout == ""
    complaint = "The configuration is wrong.\nregions: the two Regions must differ, both are us-east-1\n"
    assert done.stderr == complaint
    assert not (tmp_path / "out" / "assembly-prod").exists()
