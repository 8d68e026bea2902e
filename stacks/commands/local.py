"""`antipode local`: the two-Region local cloud, up, down, and one Region taken away and given back."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console

from localstack.cloud import AlreadyUp, CannotStart, LocalCloud
from localstack.faults import Faults
from localstack.first_use import DoesNotWork
from localstack.layout import DEFAULT_REGIONS
from localstack.naming.route53 import NotReadable
from localstack.programs import ProgramFailed
from localstack.supervised import SupervisorFailed
from stacks.commands.one_line_failures import Failures, one_line_failures, pairs
from stacks.commands.shown_steps import ShownSteps

#: How what plays on processes of one's own fails, beside all that any command may meet.
_CANNOT: Failures = (AlreadyUp, CannotStart, ValueError)
_FAILED: Failures = (DoesNotWork, NotReadable, ProgramFailed, SupervisorFailed)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Slot = Annotated[
    int, typer.Option(min=0, max=25, help="Which local cloud: each slot has its own addresses and folder.")
]
Region = Annotated[str, typer.Argument(help="Name of the Region, for example us-east-1.")]

group = typer.Typer(help="The two-Region local cloud.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="local")


@group.command()
def up(
    slot: Slot = 0,
    regions: Annotated[str, typer.Option(help="The two Regions, the first is the primary.")] = ",".join(
        DEFAULT_REGIONS
    ),
    model_url: Annotated[
        str | None, typer.Option(help="An OpenAI-compatible endpoint that answers for the model.")
    ] = None,
    context: Annotated[list[str] | None, typer.Option("--context", "-c", help="CDK context, KEY=VALUE.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bring both Regions up: processes, the real templates deployed by the real CDK CLI, first requests answered."""
    with local_failures(), terminable():
        began = time.monotonic()
        cloud = LocalCloud.prepare(slot, regions.split(","), ShownSteps())
        status = cloud.up(model_url, pairs("--context", context))
    typer.echo(f"ready after {time.monotonic() - began:.1f} s", err=True)
    _print_status(status, cloud, as_json)


@group.command()
def status(
    slot: Slot = 0,
    details: Annotated[bool, typer.Option(help="Also every process, its crashes, and replication.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show both Regions' state and addresses."""
    with local_failures():
        cloud = LocalCloud.find(slot)
        found = cloud.status()
        if details:
            found |= {"parts": cloud.parts(), "replication": Faults(cloud.layout).replication()}
    _print_status(found, cloud, as_json)


@group.command()
def stop(
    region: Region,
    freeze: Annotated[bool, typer.Option(help="Stop its processes, so that it returns with its old state.")] = False,
    slot: Slot = 0,
    as_json: AsJson = False,
) -> None:
    """Take a Region away at once: kill -9 of all its processes, and with them all its state."""
    with local_failures():
        cloud = LocalCloud.find(slot, ShownSteps())
        result = cloud.stop_region(region, freeze=freeze)
    _print_region(region, result, as_json)


@group.command()
def start(region: Region, slot: Slot = 0, as_json: AsJson = False) -> None:
    """Give a Region back: a frozen one goes on; a lost one is started empty, filled from its peer and deployed anew."""
    with local_failures(), terminable():
        cloud = LocalCloud.find(slot, ShownSteps())
        was = cloud.start_region(region)
        state = cloud.status()["regions"][region]["state"]
    _print_region(region, {"state": state, "was": was}, as_json)


@group.command()
def down(slot: Slot = 0, as_json: AsJson = False) -> None:
    """End every process and remove every file of the local cloud."""
    with local_failures(), ShownSteps()("end all processes, remove all files"):
        was_up = LocalCloud.down(slot)
    if as_json:
        typer.echo(json.dumps({"was_up": was_up}))
    elif not was_up:
        typer.echo(f"slot {slot} was not up")


# -- failures


def local_failures() -> AbstractContextManager[None]:
    """End a command that uses the local cloud with a line and its code instead of a traceback."""
    return one_line_failures(cannot=_CANNOT, failed=_FAILED)


@contextmanager
def terminable() -> Iterator[None]:
    """A polite kill and a closed terminal end a command like Ctrl-C does: in order."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


# -- what is printed


def _print_status(found: dict[str, Any], cloud: LocalCloud, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    console = Console()
    for name, region in found["regions"].items():
        style = "green" if region["state"] == "running" else "red"
        console.print(f"{name}  [{style}]{region['state']:<9}[/{style}]  {region['api_url']}", soft_wrap=True)
    for label, value in (("API", found["api_url"]), ("DNS", found["dns"]), ("token", found["token"])):
        console.print(f"{label:<6}{value}", highlight=False, soft_wrap=True)
    for name, part in found.get("parts", {}).items():
        console.print(f"  {name}: {part['state']} (process {part['pid']})", highlight=False)
    for name, part in (found.get("parts") or cloud.parts()).items():
        for crash in part["crashes"]:
            console.print(
                f"[red]{name} ended with {crash['exit']} at {crash['at']}[/red]: {crash['log']}", soft_wrap=True
            )
    if "replication" in found:
        console.print_json(json.dumps(found["replication"]))


def _print_region(region: str, result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"region": region, **result}))
    else:
        typer.echo(f"{region}: {result['state']}")
