"""`antipode schedules`: jobs that are fired at the moments of a cron expression."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stacks.commands.api_access import ApiUrl, AsJson, Slot, Token, api
from stacks.commands.one_line_failures import CannotBeDone, one_line_failures, pairs
from stacks.commands.submit import read_input

Name = Annotated[str, typer.Argument(help="Name of the schedule.")]
Fires = Annotated[int, typer.Option(min=0, max=50, help="So many of the next fires.")]
#: What of a schedule is written again when it is paused or resumed.
_WRITTEN = ("cron", "time_zone", "agent", "input", "lane", "tags", "overlap", "catch_up")

group = typer.Typer(help="Jobs that are fired at the moments of a cron expression.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="schedules")


@group.command("set")
def set_schedule(
    name: Name,
    cron: Annotated[str, typer.Option(help="Five fields, for example '0 9 * * MON-FRI'.")],
    agent: Annotated[str, typer.Option(help="Name of the agent.")],
    given: Annotated[str, typer.Option("--input", help="The input: JSON, @FILE, or - for what is piped in.")],
    time_zone: Annotated[str, typer.Option("--time-zone", help="For example Europe/Berlin.")] = "UTC",
    lane: Annotated[str | None, typer.Option(help="critical, standard or batch.")] = None,
    overlap: Annotated[str, typer.Option(help="When the job before still runs: skip, queue, replace.")] = "skip",
    catch_up: Annotated[str, typer.Option("--catch-up", help="Of missed fires: none, latest, or a number.")] = "latest",
    tag: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, on each job; may be repeated.")] = None,
    paused: Annotated[bool, typer.Option("--paused", help="Write it down, and do not fire yet.")] = False,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Write a schedule, over the one of that name if there is one, and show when it fires next."""
    with one_line_failures():
        body: dict[str, Any] = {"cron": cron, "time_zone": time_zone, "agent": agent, "input": read_input(given)}
        body |= {"overlap": overlap, "catch_up": _rule(catch_up), "paused": paused}
        body |= {"lane": lane} if lane is not None else {}
        body |= {"tags": pairs("--tag", tag)} if tag else {}
    with api(slot, api_url, token) as client:
        _show(client.set_schedule(name, body), as_json)


@group.command("list")
def list_schedules(
    fires: Fires = 1, slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False
) -> None:
    """List schedules: when each fires next, what became of its last fire, and how late that was."""
    with api(slot, api_url, token) as client:
        found = client.schedules(fires)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("schedule", "cron", "time zone", "agent", "next", "last", "lag", "home"):
        table.add_column(column, no_wrap=True)
    for each in found["schedules"]:
        coming = "paused" if each["paused"] else " ".join(each["next_fires"])
        last = next((f"{fire['moment']} {fire['outcome']}" for fire in each["last_fires"]), "never")
        lag = f"{each['lag_seconds']:.1f} s" if "lag_seconds" in each else ""
        table.add_row(
            each["name"], each["cron"], each["time_zone"], each["agent"], coming, last, lag, each["home_region"]
        )
    console = Console()
    if not table.row_count:
        console.print("no schedules")
        return
    console.width = max(console.width, table.__rich_measure__(console, console.options.update(width=1000)).maximum)
    console.print(table, soft_wrap=True)


@group.command()
def show(
    name: Name, fires: Fires = 5, slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Show a schedule, its next fires, and the jobs of its last ones."""
    with api(slot, api_url, token) as client:
        _show(client.schedule(name, fires), as_json)


@group.command()
def pause(name: Name, slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False) -> None:
    """Fire no more until it is resumed. Jobs that run go on."""
    _set_paused(name, True, (slot, api_url, token), as_json)


@group.command()
def resume(name: Name, slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False) -> None:
    """Fire again, from now on: what would have fired meanwhile is not made up for."""
    _set_paused(name, False, (slot, api_url, token), as_json)


@group.command()
def delete(name: Name, slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False) -> None:
    """Delete a schedule. Jobs that run go on."""
    with api(slot, api_url, token) as client:
        gone = client.delete_schedule(name)
    typer.echo(json.dumps(gone, indent=2) if as_json else f"{gone['name']} deleted at {gone['at']} by {gone['by']}")


def _set_paused(name: str, paused: bool, access: tuple[int, str | None, str | None], as_json: bool) -> None:
    with api(*access) as client:
        known = client.schedule(name, 0)
        body = {field: known[field] for field in _WRITTEN if field in known}
        _show(client.set_schedule(name, {**body, "paused": paused}), as_json)


def _rule(catch_up: str) -> str | dict[str, int]:
    if catch_up in ("none", "latest"):
        return catch_up
    if not (catch_up.isascii() and catch_up.isdigit()):
        raise CannotBeDone("--catch-up is none, latest, or a number")
    return {"all": int(catch_up)}


def _show(schedule: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(schedule, indent=2))
        return
    console = Console()
    for name, value in schedule.items():
        if name in ("next_fires", "last_fires"):
            continue
        told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        console.print(Text(f"{name:<14}{told}"), soft_wrap=True)
    for moment in schedule["next_fires"]:
        console.print(Text(f"{'next':<14}{moment}"), soft_wrap=True)
    for fire in schedule["last_fires"]:
        why = fire.get("job") or fire.get("detail") or ""
        console.print(Text(f"{'last':<14}{fire['moment']} {fire['outcome']} {why}"), soft_wrap=True)
