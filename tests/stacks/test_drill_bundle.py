"""The code of the drills' functions: what they import is in their bundle, and in no other."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from stacks.bundle import BUNDLED_SERVICES
from stacks.drill_bundle import SERVICES, add_sources
from stacks.toolchain import CHECKOUT

#: Prints the distributions outside the bundle that the functions of drills load.
ASKS = """
import importlib.metadata, json, sys
sys.path.insert(0, sys.argv[1])
sys.modules.update({name: None for name in ("click", "pygments", "rich")})  # httpx takes these for its own commands
import localstack.drills.on_aws.played, localstack.drills.on_aws.tasks
known = importlib.metadata.packages_distributions()
packages = {name.partition(".")[0] for name, module in sys.modules.items() if module is not None}
places = sorted(module.__file__ for name, module in sys.modules.items()
                if name.startswith(("localstack", "stacks", "functions")) and getattr(module, "__file__", None))
print(json.dumps([sorted({dist for package in packages for dist in known.get(package, ())}), places]))
"""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_functions_of_drills_load_nothing_that_their_bundle_lacks(tmp_path: Path) -> None:
    add_sources(tmp_path, CHECKOUT)
    (tmp_path / "functions").symlink_to(CHECKOUT / "functions")
    command = [sys.executable, "-I", "-c", ASKS, str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    distributions, places = json.loads(done.stdout)
    lock = (CHECKOUT / "functions" / "requirements.lock").read_text("utf-8")
    bundled = {normal(name) for name in re.findall(r"^([A-Za-z0-9_.-]+)==", lock, re.MULTILINE)}
    assert {normal(name) for name in distributions} <= bundled
    assert places
    assert not [place for place in places if not place.startswith(str(tmp_path))]


def test_the_services_that_only_drills_call_are_in_no_other_bundle() -> None:
    assert not SERVICES & BUNDLED_SERVICES


def test_every_service_that_drills_call_is_described_in_their_bundle() -> None:
    sources = [path.read_text("utf-8") for path in (CHECKOUT / "localstack" / "drills" / "on_aws").glob("*.py")]
    called = {name for text in sources for name in re.findall(r'(?:clients|self\.clients)\.get\("([a-z0-9-]+)"', text)}
    assert {"lambda", "fis"} <= called
    assert called <= SERVICES | BUNDLED_SERVICES
