"""The locks pin all that is installed, by hash, and name no registry: each machine installs from its own."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
EVERYTHING = CHECKOUT / "requirements.lock"
IN_THE_CLOUD = CHECKOUT / "functions" / "requirements.lock"
INSTALLED_FROM = ["requirements.lock", "functions/requirements.lock", "package.json", "package-lock.json", ".npmrc"]


def pins(text: str) -> dict[str, set[str]]:
    """The pinned versions of each package; one has two where they differ by Python version."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==(\S+)", text, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def named() -> list[str]:
    """Each dependency as pyproject.toml writes it."""
    groups = PROJECT["dependency-groups"].values()
    return [*PROJECT["project"]["dependencies"], *(dependency for group in groups for dependency in group)]


@pytest.mark.parametrize("name", INSTALLED_FROM)
def test_nothing_that_is_installed_from_names_a_registry(name: str) -> None:
    text = (CHECKOUT / name).read_text("utf-8")
    addresses = re.findall(r"https?:\S*|\bindex-url\b.*|\bregistry\s*=.*|\"resolved\".*", text)
    assert addresses == []


@pytest.mark.parametrize("lock", [EVERYTHING, IN_THE_CLOUD], ids=str)
def test_every_package_is_locked_with_its_hashes(lock: Path) -> None:
    entries = [entry for entry in re.split(r"\n(?=[a-z0-9])", lock.read_text("utf-8")) if "==" in entry]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_holds_exactly_the_versions_that_the_project_names() -> None:
    locked, wanted = pins(EVERYTHING.read_text("utf-8")), pins("\n".join(named()))
    assert {name: locked.get(name) for name in wanted} == wanted, "run `make lock`"


def test_the_project_pins_every_dependency_that_it_names() -> None:
    named = [
        *PROJECT["project"]["dependencies"],
        *(pin for group in PROJECT["dependency-groups"].values() for pin in group),
    ]
    assert [dependency for dependency in named if "==" not in dependency] == []


def test_the_cloud_runs_the_versions_that_the_tests_ran() -> None:
    cloud, tested = pins(IN_THE_CLOUD.read_text("utf-8")), pins(EVERYTHING.read_text("utf-8"))
    assert cloud
    assert {name: tested.get(name) for name in cloud} == cloud


def test_the_cdk_command_line_is_pinned_and_locked_by_its_hash() -> None:
    pinned = json.loads((CHECKOUT / "package.json").read_text("utf-8"))["devDependencies"]
    locked = json.loads((CHECKOUT / "package-lock.json").read_text("utf-8"))["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in pinned} == pinned
    assert [path for path, entry in locked.items() if path and not entry.get("integrity")] == []
