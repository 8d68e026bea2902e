"""The commands of the runbooks, read from the pages and carried out one by one, so that none of them can go stale.

What needs no AWS runs against the deployed local cloud, with its names in place of production's; the rest before fakes.
`Where.of` says which, and each command of each page has one: so there is none that nothing executes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import boto3
import typer
from botocore import xform_name

from stacks.cli import build

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "operations"
PAGES = tuple(sorted(page.name for page in FOLDER.glob("*.md")))
_BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_IN_LINE = re.compile(r"`((?:antipode|aws) [^`]+)`")
#: What stands for the id of whatever is at hand.
PLACEHOLDER = "job_..."


class Where(Enum):
    """Where a command is executed."""

    LOCAL_CLOUD = "tests/e2e"
    FAKES = "tests/cli"

    @classmethod
    def of(cls, words: Sequence[str]) -> Where:
        """What makes or mends parts of AWS that the local cloud lacks meets fakes."""
        to_aws = words[:2] in (["antipode", "deploy"], ["antipode", "restore"], ["aws", "backup"])
        mends_stacks = words[:2] == ["aws", "cloudformation"] and not words[2].startswith("describe-")
        return cls.FAKES if to_aws or mends_stacks else cls.LOCAL_CLOUD


@dataclass(frozen=True, slots=True)
class Command:
    """A command as a page shows it."""

    page: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"

    @property
    def where(self) -> Where:
        """Where it is executed."""
        return Where.of(list(self.words))

    def about(self, names: Mapping[str, str]) -> Command:
        """The same with these words in place of those."""
        return Command(self.page, tuple(names.get(word, word) for word in self.words))

    def with_id(self, job: str) -> Command:
        """The same about something that there is."""
        return self.about({PLACEHOLDER: job})

    def on_local_cloud(self, slot: int) -> list[str]:
        """The arguments of `antipode`, with the local cloud in place of production."""
        words = list(self.words[1:])
        while "--env" in words:
            del words[words.index("--env") : words.index("--env") + 2]
        return [*words, "--slot", str(slot)] if _takes_a_slot(words) else words


def commands_of(page: str, where: Where | None = None) -> list[Command]:
    """The commands of a runbook in their order, in blocks and in sentences; those to be executed there, if asked."""
    text = (FOLDER / page).read_text("utf-8")
    lines = [line.strip() for block in _BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    sentences = [" ".join(found.split()) for found in _IN_LINE.findall(_BLOCK.sub("", text))]
    words = [shlex.split(line, comments=True) for line in (*lines, *sentences)]
    shown = [Command(page, tuple(each)) for each in words if _is_whole(each)]
    return [command for command in shown if where in (None, command.where)]


def _is_whole(words: Sequence[str]) -> bool:
    """A sentence may name a command without its arguments; a block may hold a comment."""
    return len(words) > 2 or words[1:] == ["regions"]


def _takes_a_slot(words: Sequence[str]) -> bool:
    command: Any = typer.main.get_command(build())
    for word in words:
        below = getattr(command, "commands", {}).get(word)
        if below is None:
            break
        command = below
    return any(parameter.name == "slot" for parameter in command.params)


@dataclass(frozen=True, slots=True)
class AwsCall:
    """A command of the AWS CLI as the call that it makes."""

    service: str
    operation: str
    region: str | None
    parameters: Mapping[str, str | int]


def aws_call(command: Command, environment: str) -> AwsCall:
    """Read a command of the AWS CLI, with that environment's names in place of production's.

    Raises KeyError for an operation or an option that the service does not have.
    """
    _, service, name, *rest = (word.replace("antipode-prod", f"antipode-{environment}") for word in command.words)
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    region = options.pop("--region", None)
    client_of: Any = boto3.client
    model = client_of(service, region_name=region or "us-east-1").meta.service_model
    operations = {xform_name(each, "-"): each for each in model.operation_names}
    shape = model.operation_model(operations[name]).input_shape
    members = {f"--{xform_name(each, '-')}": each for each in shape.members}
    parameters = {members[option]: value for option, value in options.items()}
    return AwsCall(service, xform_name(operations[name]), region, parameters)
