"""`antipode limits`: how many jobs of the tenant, an agent or a key run at once, and how many start in a minute."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from stacks.commands.api_access import ApiUrl, AsJson, Slot, Token, api
from stacks.commands.one_line_failures import CannotBeDone, one_line_failures

Agent = Annotated[str | None, typer.Option(help="The limit is for this agent's jobs.")]
Key = Annotated[str | None, typer.Option(help="The limit is for jobs that were submitted with this --limit-key.")]

group = typer.Typer(
    help="Limits on the token's tenant, its agents and its keys; each holds in each Region by itself.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="limits")


@group.command("set")
def set_limit(
    agent: Agent = None,
    key: Key = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="So many jobs at once, in each Region.")] = None,
    starts_per_minute: Annotated[float | None, typer.Option(help="So many starts a minute, in each Region.")] = None,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Limit the tenant's jobs, or those of an agent or a key. What was set before is replaced."""
    with one_line_failures():
        _one_scope(agent, key)
        if concurrency is None and starts_per_minute is None:
            raise CannotBeDone("give --concurrency, --starts-per-minute or both")
    with api(slot, api_url, token) as client:
        limit = client.set_limit(agent=agent, key=key, concurrency=concurrency, starts_per_minute=starts_per_minute)
    typer.echo(json.dumps(limit, indent=2) if as_json else f"{_scope(limit)}: {_numbers(limit)}")


@group.command("clear")
def clear_limit(
    agent: Agent = None,
    key: Key = None,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Limit nothing any more. Jobs that wait for it begin within five minutes, most of them within one."""
    with one_line_failures():
        _one_scope(agent, key)
    with api(slot, api_url, token) as client:
        limit = client.clear_limit(agent=agent, key=key)
    typer.echo(json.dumps(limit, indent=2) if as_json else f"{_scope(limit)}: no limit")


@group.command("list")
def list_limits(slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the limits that hold."""
    with api(slot, api_url, token) as client:
        found = client.limits()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    if not found["limits"]:
        typer.echo("nothing is limited")
        return
    table = Table("of", "at once", "starts a minute", "since", "by", box=None)
    for limit in found["limits"]:
        numbers = (limit.get("concurrency"), limit.get("starts_per_minute"))
        shown = ("" if number is None else f"{number:g}" for number in numbers)
        table.add_row(_scope(limit), *shown, limit["at"], limit["by"])
    Console().print(table)


def _one_scope(agent: str | None, key: str | None) -> None:
    if agent is not None and key is not None:
        raise CannotBeDone("give --agent or --key, not both")


def _scope(limit: dict[str, Any]) -> str:
    kind = limit["scope"]
    return "the tenant" if kind == "tenant" else f"{kind} {limit[kind]}"


def _numbers(limit: dict[str, Any]) -> str:
    found = []
    if "concurrency" in limit:
        found.append(f"{limit['concurrency']} at once")
    if "starts_per_minute" in limit:
        found.append(f"{limit['starts_per_minute']:g} starts a minute")
    return f"{', '.join(found)}, in each Region"
