"""`antipode regions`: what the Region that answers knows of both. What is done with Regions are commands below it."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.console import Console

from stacks.commands.api_access import ApiUrl, AsJson, Slot, Token, api

group = typer.Typer(
    help="Show which Region answers, both Regions' heartbeats, and what waits in the lanes.",
    invoke_without_command=True,
)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="regions")


@group.callback()
def regions(
    context: typer.Context, slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Show which Region answers, both Regions' heartbeats, and what waits in the lanes."""
    if context.invoked_subcommand is not None:
        return
    with api(slot, api_url, token) as client:
        found = client.regions()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _print(Console(), found)


def _print(console: Console, found: dict[str, Any]) -> None:
    peer = found["peer"]
    for region in found["regions"]:
        age = region["heartbeat_age_seconds"]
        seen = "no heartbeat yet" if age is None else f"heartbeat {age:.1f} s ago"
        style, word = ("green", "fresh") if region["fresh"] else ("red", "silent")
        answers = "  answers" if region["name"] == found["answered_by"] else ""
        lost = f"  lost since {peer['since']}" if peer["lost"] and peer["region"] == region["name"] else ""
        stands = "" if region["standing"]["phase"] == "active" else "  " + in_words(region["standing"])
        console.print(
            f"{region['name']:<16}[{style}]{word:<7}[/{style}] {seen}{answers}{lost}{_lease(region)}{stands}",
            highlight=False,
            soft_wrap=True,
        )
    for name, depth in found["lanes"].items():
        console.print(
            f"lane {name:<11}{depth['waiting']} waiting, {depth['in_flight']} in flight{_wait(depth)}",
            highlight=False,
            soft_wrap=True,
        )


def _lease(region: dict[str, Any]) -> str:
    """Who may work on its jobs, where Regions have leases."""
    lease = region.get("lease")
    if lease is None:
        return ""
    if lease["holder"] == region["name"] and lease["phase"] == "held":
        return f"  lease held, term {lease['term']}, valid for {lease['valid_for_seconds']:.0f} s"
    return f"  lease {lease['phase']} by {lease['holder']}, term {lease['term']}: it starts nothing"


def in_words(standing: dict[str, Any]) -> str:
    """How a Region stands, and how far it is with what it was told."""
    said = str(standing["phase"])
    if standing.get("left") is not None:
        said += f": {standing['left']} jobs left, {standing['running']} of them running"
        said += f", {standing['handing']} on their way, {standing['handed_over']} handed over"
    if standing.get("waits_for"):
        said += f": waits for {standing['waits_for']}"
    if standing.get("until"):
        said += f", until {standing['until']} at least"
    return said


def _wait(lane: dict[str, Any]) -> str:
    """How long new work waits, where that is known."""
    estimate = lane.get("estimated_wait_seconds")
    said = "" if estimate is None else f", new work waits about {estimate:.0f} s"
    return said if lane.get("admitting", True) else f"{said}: takes in nothing new"
