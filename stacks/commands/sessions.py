"""`antipode sessions`: a conversation, with its running turn, its queue and the newest of its memory."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from stacks.commands.api_access import ApiUrl, AsJson, Slot, Token, api

group = typer.Typer(help="Conversations whose turns run one at a time.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="sessions")


@group.callback()
def sessions() -> None:
    """Conversations whose turns run one at a time."""


@group.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of the session.")],
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show who runs, who waits, and the newest of what is remembered."""
    with api(slot, api_url, token) as client:
        found = client.session(name)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    console = Console()
    for field in ("name", "job_id", "status", "owner_region", "turns", "running"):
        console.print(Text(f"{field:<16}{found[field] if found[field] is not None else '-'}"), soft_wrap=True)
    for field in ("queued", "offered"):
        console.print(Text(f"{field:<16}{' '.join(found[field]) or '-'}"), soft_wrap=True)
    for entry in found["memory"]:
        console.print(Text(_line(entry)), soft_wrap=True)
    for each in found["corrections"]:
        console.print(Text(f"  corrected: {_correction(each)}"), soft_wrap=True)


def _correction(each: dict[str, Any]) -> str:
    """Say what the session has corrected after both Regions had run a turn."""
    if each["also_in"] is not None:
        return f"{each['turn']} has run, and {each['also_in']} answers for it too"
    said = [f"of {each['turn']} the end counts that lies at {each['counts']['place']}: {each['counts']['status']}"]
    for field, words in (
        ("heard_by", "the other one's words were heard by"),
        ("answered_for", "it alone answered for"),
    ):
        if each[field]:
            said.append(f"{words} {' '.join(each[field])}")
    return "; ".join(said)


def _line(entry: dict[str, Any]) -> str:
    content = entry["content"]
    said = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return f"  {entry['role']}: {said}"
