"""Emulator processes for tests: a small local cloud of two Regions and the global services, without our stacks.

A file of its own because tests of other parts start emulators too.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import signal
import subprocess
import tempfile
import textwrap
import urllib.request
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import boto3
from botocore.config import Config

from localstack.emulator import emulator_command
from localstack.layout import GLOBAL, Layout
from localstack.shims import SHIMS
from tests.eventually import eventually

SLOTS = range(10, 26)
FIRST, SECOND = "us-east-1", "us-west-2"
ACCOUNT = "000000000000"
ALL_SHIMS = frozenset(SHIMS)
CALLED_BY_LAMBDA = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@contextmanager
def leased_slot() -> Iterator[int]:
    """A slot that no other test process uses, for as long as the block runs; waits for one if need be."""
    leased = eventually(_free_slot, within=120, every=0.2, what=f"one of the slots {SLOTS} is free")
    assert leased is not None
    slot, lock = leased
    with lock:
        yield slot


def _free_slot() -> tuple[int, TextIO] | None:
    for slot in SLOTS:
        lock = (Path(tempfile.gettempdir()) / f"antipode-test-slot-{slot}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
        else:
            return slot, lock
    return None


class Emulators:
    """Running emulator processes, and clients for them."""

    def __init__(
        self,
        slot: int,
        folder: Path,
        without: Iterable[str] = (),
        names: Iterable[str] = (FIRST, SECOND, GLOBAL),
        options: Iterable[str] = (),
    ) -> None:
        self.layout = Layout.detect(slot, (FIRST, SECOND), checkout=folder)
        self._options = [part for name in sorted(without) for part in ("--without-shim", name)] + list(options)
        self._names = tuple(names)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._folder = folder

    def start(self) -> None:
        for name in self._names:
            self.launch(name)
        for name in self._names:
            self.wait_until_ready(name)

    def launch(self, name: str) -> None:
        command, environment = emulator_command(self.layout, name)
        with self.log(name).open("wb") as log:
            self.running[name] = subprocess.Popen(
                command + self._options, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def wait_until_ready(self, name: str) -> None:
        eventually(lambda: self._is_ready(name), within=120, what=f"{name} answers, see {self.log(name)}")

    def _is_ready(self, name: str) -> bool:
        if self.running[name].poll() is not None:
            raise AssertionError(f"{name} ended at once:\n{self.log(name).read_text()}")
        if "serves after" not in self.log(name).read_text():
            return False  # whoever answers at that address now is another
        try:
            with urllib.request.urlopen(f"{self.layout.emulator(name).url}/_ministack/health", timeout=2) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def kill(self, name: str) -> None:
        """Lose a Region: the process and the functions that run in it, at once."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for client in self._clients.values():
            client.close()
        for name in list(self.running):
            self.kill(name)

    def client(self, service: str, region: str = FIRST, *, at: str = "", **credentials: str) -> Any:
        """A client of a service in a Region; `at` names the process to reach, where that is another one."""
        chosen = {"aws_access_key_id": "test", "aws_secret_access_key": "test"} | credentials
        key = (service, region, at + chosen["aws_access_key_id"])
        if key not in self._clients:
            make: Any = boto3.client
            config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
            url = self.layout.emulator(at or region).url
            self._clients[key] = make(service, region_name=region, endpoint_url=url, config=config, **chosen)
        return self._clients[key]

    def role(self, name: str, *statements: dict[str, Any], region: str = FIRST) -> str:
        """A role for functions with these statements, as its ARN."""
        iam = self.client("iam", region)
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(CALLED_BY_LAMBDA))
        if statements:
            policy = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        return str(made["Role"]["Arn"])

    def function(self, name: str, code: str, *statements: dict[str, Any], region: str = FIRST, **settings: Any) -> str:
        """A Python function with its own role, as its ARN. `code` defines handler(event, context)."""
        made = self.client("lambda", region).create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="index.handler",
            Role=self.role(name, *statements, region=region),
            Code={"ZipFile": zipped(code)},
            **({"Timeout": 10} | settings),
        )
        return str(made["FunctionArn"])

    def invoke(
        self, name: str, event: Any = None, *, region: str = FIRST, **options: str
    ) -> tuple[Any, dict[str, Any]]:
        """What a function returned, and the whole reply."""
        reply = self.client("lambda", region).invoke(FunctionName=name, Payload=json.dumps(event), **options)
        payload = reply["Payload"].read()
        return json.loads(payload) if payload else None, reply

    def deploy(self, name: str, resources: dict[str, Any], *, region: str = FIRST) -> dict[str, str]:
        """Create or update a stack; the physical id of each resource."""
        cloudformation = self.client("cloudformation", region)
        body = json.dumps({"Resources": resources})
        capabilities = ["CAPABILITY_NAMED_IAM"]
        known = {stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]}
        change = cloudformation.update_stack if name in known else cloudformation.create_stack
        change(StackName=name, TemplateBody=body, Capabilities=capabilities)
        eventually(lambda: self._settled(name, region), within=60, what=f"stack {name} is complete")
        found = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}

    def _settled(self, name: str, region: str) -> bool:
        cloudformation = self.client("cloudformation", region)
        status = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        if "ROLLBACK" in status or "FAILED" in status:
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            reasons = [event["ResourceStatusReason"] for event in events if event.get("ResourceStatusReason")]
            raise AssertionError(f"stack {name}: {status}: {reasons}")
        return bool(status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"))


def zipped(code: str) -> bytes:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index.py", textwrap.dedent(code))
    return package.getvalue()


def allow(actions: str | list[str], resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}
