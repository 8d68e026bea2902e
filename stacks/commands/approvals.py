"""`antipode approvals`: what jobs ask of people, and what they decide."""

from __future__ import annotations

import itertools
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from stacks.commands.api_access import ApiUrl, AsJson, Slot, Token, api
from stacks.commands.one_line_failures import CannotBeDone, one_line_failures

group = typer.Typer(help="What jobs ask of people.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="approvals")


@group.command("list")
def list_approvals(
    asked: Annotated[str, typer.Option("--group", help="The group of people that is asked.")],
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List what nobody has decided yet, the latest first."""
    with api(slot, api_url, token) as client:
        found = list(itertools.islice(client.approvals(asked), limit))
    if as_json:
        typer.echo(json.dumps({"approvals": found}, indent=2))
        return
    console = Console()
    if not found:
        console.print(f"nothing is asked of {asked}", markup=False)
    for approval in found:
        _print(console, approval)


@group.command()
def decide(
    approval: Annotated[str, typer.Argument(help="Id of the approval.")],
    approve: Annotated[bool | None, typer.Option("--approve/--reject", help="The decision.")] = None,
    comment: Annotated[str, typer.Option(help="What goes with it.")] = "",
    by: Annotated[str | None, typer.Option(help="Who decides, if not the token's holder.")] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency-Key: the same key is the same decision.")] = None,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Decide, once: whoever comes second is told who was first."""
    with one_line_failures():
        if approve is None:
            raise CannotBeDone("say --approve or --reject")
    with api(slot, api_url, token) as client:
        decided = client.decide(approval, approved=approve, by=by, comment=comment, key=key)
    if as_json:
        typer.echo(json.dumps(decided, indent=2))
        return
    typer.echo(f"{'approved' if decided['approved'] else 'rejected'} by {decided['by']} at {decided['at']}")
    if not decided["settled"]:
        typer.echo(f"not settled: {decided['explanation']}", err=True)


def _print(console: Console, approval: dict[str, Any]) -> None:
    question = approval["question"]
    said = question if isinstance(question, str) else json.dumps(question, ensure_ascii=False)
    console.print(Text(approval["id"], style="bold"), soft_wrap=True)
    for name in ("job", "agent", "asked_at", "deadline"):
        console.print(Text(f"  {name:<9} {approval[name]}"), soft_wrap=True)
    console.print(Text(f"  question  {said}"), soft_wrap=True)
