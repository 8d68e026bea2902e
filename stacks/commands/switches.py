"""`antipode agents` and `antipode tenants`: all jobs of an agent, or of the token's tenant, paused and resumed."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from stacks.commands.api_access import ApiUrl, AsJson, Slot, Token, api

Name = Annotated[str, typer.Argument(help="Name of the agent.")]
Reason = Annotated[str | None, typer.Option(help="Why: shown with what is paused.")]

agents_group = typer.Typer(help="The agents, and whether their jobs run.", no_args_is_help=True)
tenants_group = typer.Typer(help="The token's tenant, and whether its jobs run.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(agents_group, name="agents")
    app.add_typer(tenants_group, name="tenants")


@agents_group.command("list")
def list_agents(slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the agents that jobs can be submitted to, and which of them are paused."""
    with api(slot, api_url, token) as client:
        agents, switches = client.agents()["agents"], client.switches()["switches"]
    paused = {each.get("agent"): each["paused"] for each in switches}
    found = [{**agent, "paused": paused.get(agent["name"], False)} for agent in agents]
    if as_json:
        typer.echo(json.dumps({"agents": found}, indent=2))
        return
    console = Console()
    for agent in found:
        state = "paused" if agent["paused"] else "runs"
        line = f"{agent['name']:<20}{agent['version']:<8}{state:<8}{agent['description']}"
        console.print(Text(line), soft_wrap=True)


@agents_group.command("pause")
def pause_agent(
    name: Name,
    reason: Reason = None,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Let no job of this agent run, until it is resumed. What runs stops before its next step."""
    _set(name, True, reason, (slot, api_url, token), as_json)


@agents_group.command("resume")
def resume_agent(
    name: Name,
    reason: Reason = None,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Let the jobs of this agent run again: within about a minute."""
    _set(name, False, reason, (slot, api_url, token), as_json)


@tenants_group.command("show")
def show_switches(slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show what is paused for the tenant, and what has been resumed."""
    with api(slot, api_url, token) as client:
        found = client.switches()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    console = Console()
    if not found["switches"]:
        console.print("nothing was ever paused")
    for switch in found["switches"]:
        console.print(Text(_in_words(switch)), soft_wrap=True)


@tenants_group.command("pause")
def pause_tenant(
    reason: Reason = None, slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Let no job of the token's tenant run, until it is resumed. What runs stops before its next step."""
    _set(None, True, reason, (slot, api_url, token), as_json)


@tenants_group.command("resume")
def resume_tenant(
    reason: Reason = None, slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Let the jobs of the token's tenant run again: within about a minute."""
    _set(None, False, reason, (slot, api_url, token), as_json)


def _set(
    agent: str | None, paused: bool, reason: str | None, access: tuple[int, str | None, str | None], as_json: bool
) -> None:
    with api(*access) as client:
        switch = client.set_switch(agent, paused=paused, reason=reason)
    typer.echo(json.dumps(switch, indent=2) if as_json else _in_words(switch))


def _in_words(switch: dict[str, Any]) -> str:
    what = f"agent {switch['agent']}" if switch["scope"] == "agent" else "the tenant"
    why = f": {switch['reason']}" if "reason" in switch else ""
    return f"{what} {'paused' if switch['paused'] else 'runs'} since {switch['at']} by {switch['by']}{why}"
