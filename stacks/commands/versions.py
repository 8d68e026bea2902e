"""`antipode versions`: which agent versions this checkout has, and how many unfinished jobs need each.

A job stays on the version that it started with. So a version is taken out of the registry only when no unfinished job
needs it: `retire` says so or refuses, with the count, and `antipode deploy` refuses a release that lacks one in need.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from functions.adapters.agent_registry import AgentRegistry
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.dynamodb_history import DynamodbHistory
from functions.adapters.dynamodb_projections import DynamodbProjections
from functions.adapters.dynamodb_table import DynamodbTable
from functions.application.count_versions import CountVersions
from functions.application.ports import StateUnavailable
from stacks.commands.one_line_failures import CannotBeDone, WentWrong, one_line_failures
from stacks.commands.state_table import StateTable, state_table

Counted = Mapping[tuple[str, str], int]
_ENV = typer.Option(help="dev or prod on AWS; the local cloud of --slot if left out.")
_REGION = typer.Option(help="The Region in which to count.")
_SLOT = typer.Option(min=0, max=25, help="Which local cloud.")
_JSON = typer.Option("--json", help="Print the result as JSON.")

group = typer.Typer(help="The versions of the agents, and the jobs that need them.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="versions")


@group.command("list")
def list_versions(
    env: Annotated[str | None, _ENV] = None,
    region: Annotated[str | None, _REGION] = None,
    slot: Annotated[int, _SLOT] = 0,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Show each version with its unfinished jobs, and whether this checkout has it."""
    with one_line_failures():
        rows = version_rows(counted_in(state_table(env, region, slot)), AgentRegistry())
    if as_json:
        typer.echo(json.dumps({"versions": rows}, indent=2))
        return
    table = Table("agent", "version", "unfinished jobs", "in this checkout")
    for row in rows:
        here = "newest" if row["newest"] else "yes" if row["here"] else "[red]missing[/red]"
        table.add_row(str(row["agent"]), str(row["version"]), str(row["unfinished"]), here)
    Console().print(table)


@group.command()
def retire(
    agent: Annotated[str, typer.Argument(help="The agent.")],
    version: Annotated[str, typer.Argument(help="Its version that is to go.")],
    env: Annotated[str | None, _ENV] = None,
    region: Annotated[str | None, _REGION] = None,
    slot: Annotated[int, _SLOT] = 0,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Say that a version may be taken out of the registry, or refuse with the number of jobs that need it."""
    with one_line_failures():
        known = AgentRegistry().versions(agent)
        if version not in known:
            raise CannotBeDone(f"agent {agent!r} has no version {version!r} here; it has {', '.join(known) or 'none'}")
        if version == known[0]:
            raise CannotBeDone(f"version {version!r} is the newest of {agent!r}: new jobs get it")
        needed = counted_in(state_table(env, region, slot)).get((agent, version), 0)
        if needed:
            raise WentWrong(f"{needed} unfinished jobs are on version {version!r} of {agent!r}: keep it until they end")
    if as_json:
        typer.echo(json.dumps({"agent": agent, "version": version, "unfinished": 0}))
    else:
        typer.echo(f"no unfinished job is on version {version} of {agent}: take its module out of the agent registry")


def counted_in(table: StateTable) -> Counted:
    """Count the unfinished jobs in a replica. Raises WentWrong when it does not answer."""
    state = DynamodbTable(table.name, lambda: table.client, BlockingCalls("versions", 16), _say_nothing)
    count = CountVersions(history=DynamodbHistory(state), projections=DynamodbProjections(state), regions=table.regions)
    try:
        return asyncio.run(count.count())
    except StateUnavailable as error:
        raise WentWrong(f"table {table.name} in {table.region} does not answer: {error}") from error


def version_rows(counted: Counted, agents: AgentRegistry) -> list[dict[str, object]]:
    """Return a row for each version that this checkout has or that an unfinished job needs."""
    here = {
        (name, version): place == 0 for name in agents.names() for place, version in enumerate(agents.versions(name))
    }
    return [
        {
            "agent": agent,
            "version": version,
            "unfinished": counted.get((agent, version), 0),
            "here": (agent, version) in here,
            "newest": here.get((agent, version), False),
        }
        for agent, version in sorted({*here, *counted})
    ]


def check_versions(table: StateTable) -> None:
    """Raise CannotBeDone when this checkout lacks a version that unfinished jobs are on."""
    missing = [row for row in version_rows(counted_in(table), AgentRegistry()) if not row["here"]]
    if missing:
        told = ", ".join(f"{row['agent']} {row['version']} ({row['unfinished']} unfinished jobs)" for row in missing)
        raise CannotBeDone(f"this checkout lacks agent versions that jobs are on: {told}; keep them until these end")


def _say_nothing(event: str, **fields: object) -> None:
    """Operators are told by exceptions."""
