"""The templates, written once for all test workers, and how tests ask about them."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stacks.toolchain import CHECKOUT, tool_environment
from tests.in_depth import ALL
from tests.stacks.templates import Environment
from tests.stacks.variants import VARIANTS

#: It stands back behind the local clouds of other phases, for minutes.
LIMIT_SECONDS = 1200


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `tests.stacks.synthesis` wrote. The first worker runs it, the others wait for it."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "synthesis"
    shared.mkdir(exist_ok=True)
    summary = shared / "written.json"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not summary.exists():
            _synthesize(shared)
    content: dict[str, Any] = json.loads(summary.read_text("utf-8"))
    return content


def _synthesize(folder: Path) -> None:
    """One process for all variants: to start the CDK and its rules costs as much as several of them.

    The CDK prints what cdk-nag finds, pages of it, so the output goes into a file.
    """
    command = [sys.executable, "-m", "tests.stacks.synthesis", str(folder), *VARIANTS]
    output = folder / "output.txt"
    with output.open("w") as stream:
        environment = tool_environment(os.environ)
        done = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
            timeout=LIMIT_SECONDS,
            check=False,
        )
    if done.returncode != 0:
        _, _, trace = output.read_text("utf-8").rpartition("Traceback")
        pytest.fail(f"the synthesis failed with {done.returncode}, see {folder}: {trace[-4000:]}", pytrace=False)


@pytest.fixture(scope="session")
def prod(written: dict[str, Any]) -> Environment:
    """Environment prod in us-east-1 and us-west-2, routing mode failover."""
    return Environment(written["prod"])


@pytest.fixture(scope="session")
def local(written: dict[str, Any]) -> Environment:
    """Environment local, in the same Regions."""
    return Environment(written["local"])


@pytest.fixture(scope="session")
def dev(written: dict[str, Any]) -> Environment:
    """Environment dev."""
    return Environment(written["dev"])


@pytest.fixture(scope="session")
def latency(written: dict[str, Any]) -> Environment:
    """Environment prod, unless in depth dev, in routing mode latency, with an address to send alarms to."""
    return Environment(written["latency" if ALL else "dev"])


@pytest.fixture(scope="session")
def weighted(written: dict[str, Any]) -> Environment:
    """Environment prod in routing mode weighted, 90 to 10."""
    return Environment(written["weighted"])


@pytest.fixture(scope="session")
def one_model(written: dict[str, Any]) -> Environment:
    """Environment prod in eu-west-1 and eu-central-1, with a model that is no inference profile."""
    return Environment(written["one-model"])
