"""mypy as `make test` runs it: as pyproject.toml says, but without reading the CDK's types. `make check` reads them.

On a bare machine mypy has no cache yet, and then the CDK's modules, all of which import one another, cost it three
times what all of ours do: docs/performance.md. What is handed to the CDK is checked when it is handed over, by the CDK
itself, and the tests of the stacks make each construct.
"""

from __future__ import annotations

import configparser
import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
WRITTEN = CHECKOUT / "build" / "mypy.ini"
CACHE = CHECKOUT / ".mypy_cache" / "apart_from_cdk"
#: What `skip` would have mypy refuse: our classes are made of theirs, and what their types would refuse is ignored.
APART = {
    "mypy-aws_cdk.*": {"follow_imports": "skip"},
    "mypy-cdk_nag.*": {"follow_imports": "skip"},
    "mypy-stacks.*": {"disallow_subclassing_any": "false", "warn_unused_ignores": "false"},
    "mypy-tests.stacks.*": {"warn_unused_ignores": "false"},
}


def written_as_ini(settings: Mapping[str, Any]) -> configparser.ConfigParser:
    """Return `settings`, the table `tool` of pyproject.toml, as mypy reads them from an ini file, with `APART`."""
    own = {name: value for name, value in settings["mypy"].items() if name != "overrides"}
    sections: list[tuple[str, Mapping[str, Any]]] = [("mypy", own), ("pydantic-mypy", settings["pydantic-mypy"])]
    for override in settings["mypy"].get("overrides", []):
        options = {name: value for name, value in override.items() if name != "module"}
        sections += [(f"mypy-{module}", options) for module in override["module"]]
    ini = configparser.ConfigParser(interpolation=None)
    for section, each in (*sections, *APART.items()):
        if not ini.has_section(section):
            ini.add_section(section)
        ini[section].update({name: _value(value) for name, value in each.items()})
    return ini


def _value(value: bool | str | list[str]) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def main() -> None:
    """Write mypy's settings down and become mypy."""
    ini = written_as_ini(tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"])
    WRITTEN.parent.mkdir(exist_ok=True)
    with WRITTEN.open("w") as written:
        ini.write(written)
    os.chdir(CHECKOUT)
    command = [sys.executable, "-m", "mypy", "--config-file", str(WRITTEN), "--cache-dir", str(CACHE)]
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
