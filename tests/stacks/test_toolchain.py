"""The pinned tools are found and used, whatever else is installed on the machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stacks import toolchain
from stacks.toolchain import ToolMissing, cdk_command, node_binary, npm_command, tool_environment, uv_binary

SUPPORTED_NODE = "v24."


def run(command: list[str], folder: Path | None = None, environment: dict[str, str] | None = None) -> str:
    return subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=folder, env=environment
    ).stdout.strip()


def test_node_is_the_one_that_the_lock_installs() -> None:
    assert run([str(node_binary()), "--version"]).startswith(SUPPORTED_NODE)
    assert Path(sys.prefix) in node_binary().parents


def pinned() -> str:
    found: str = json.loads((toolchain.CHECKOUT / "package.json").read_text("utf-8"))["devDependencies"]["aws-cdk"]
    return found


def test_the_cdk_command_line_is_the_pinned_one() -> None:
    assert run([*cdk_command(), "--version"], environment=tool_environment({})).split()[0] == pinned()


def test_npm_and_uv_start() -> None:
    assert run([*npm_command(), "--version"], environment=tool_environment({}))
    assert run([str(uv_binary()), "--version"]).startswith("uv ")


def test_jsii_and_the_cdk_find_our_node_and_python_first() -> None:
    environment = tool_environment({"PATH": "/somewhere", "KEPT": "yes"})
    assert environment["JSII_NODE"] == str(node_binary())
    assert environment["PATH"].split(os.pathsep) == [
        str(Path(sys.executable).parent),
        str(node_binary().parent),
        "/somewhere",
    ]
    assert environment["KEPT"] == "yes"


def test_a_launcher_runs_this_checkout_from_any_folder(tmp_path: Path) -> None:
    toolchain.write_launchers(tmp_path)
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    assert run([str(tmp_path / "cdk"), "--version"], outside).split()[0] == pinned()
    assert "Usage: antipode" in run([str(tmp_path / "antipode"), "--help"], outside)


def test_a_missing_tool_is_one_line_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "CHECKOUT", tmp_path)
    with pytest.raises(ToolMissing, match=r"^The CDK CLI is not installed \(.*cdk is missing\): run `make setup`$"):
        cdk_command()
