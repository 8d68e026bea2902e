"""The bans in pyproject.toml work: each forbidden call is refused in functions/ and allowed in its one place."""

import subprocess
import sys

import pytest

from tests.architecture.sources import CHECKOUT

CLOCK = "functions/adapters/system_clock.py"
ENTROPY = "functions/adapters/system_entropy.py"
SETTINGS = "functions/settings.py"
CLIENTS = "functions/adapters/aws_clients.py"

BANNED = [
    ("import time\ntime.time()", CLOCK),
    ("import time\ntime.monotonic()", CLOCK),
    ("from time import sleep\nsleep(1)", CLOCK),
    ("import asyncio\nasyncio.sleep(1)", CLOCK),
    ("from datetime import UTC, datetime\ndatetime.now(UTC)", CLOCK),
    ("import random\nrandom.random()", ENTROPY),
    ("import secrets\nsecrets.token_hex()", ENTROPY),
    ("import uuid\nuuid.uuid4()", ENTROPY),
    ("import os\nos.environ['X']", SETTINGS),
    ("from os import getenv\ngetenv('X')", SETTINGS),
    ("import boto3\nboto3.client('sqs')", CLIENTS),
    ("from boto3.session import Session\nSession()", CLIENTS),
]


def bans_found(code: str, place: str) -> int:
    """How often lint calls this code banned, were it the file at this place."""
    command = [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--output-format", "concise"]
    command += ["--no-cache", "--stdin-filename", place, "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, cwd=CHECKOUT, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout.count("TID251")


@pytest.mark.parametrize(("code", "its_place"), BANNED)
def test_a_banned_call_is_refused_everywhere_but_in_its_one_place(code: str, its_place: str) -> None:
    assert bans_found(code, "functions/application/submit_job.py") > 0
    assert bans_found(code, "functions/adapters/lane_queues.py") > 0
    assert bans_found(code, its_place) == 0


def test_the_local_cloud_and_the_tests_live_in_real_time() -> None:
    assert bans_found("import time\ntime.monotonic()", "localstack/supervisor.py") == 0
    assert bans_found("import time\ntime.monotonic()", "tests/e2e/test_x.py") == 0


def test_an_adapter_may_name_the_exceptions_of_botocore() -> None:
    assert bans_found("from botocore.exceptions import ClientError\nClientError", "functions/adapters/table.py") == 0
