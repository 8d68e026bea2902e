"""`antipode dead-letters`: what has failed for good, looked at, redriven at a chosen rate, or dismissed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from stacks.api_client import ApiClient
from stacks.commands.api_access import ApiUrl, AsJson, Slot, Token, api
from stacks.commands.jobs import FINISHED, print_job
from stacks.commands.one_line_failures import CannotBeDone, one_line_failures

_COLUMNS = ("at", "type", "id", "agent", "lane", "code", "detail")
_LONGEST_DETAIL = 60
#: So long one look at a redrive that is under way waits for its end.
LOOK_SECONDS = 2

Ids = Annotated[list[str] | None, typer.Argument(help="Ids of dead letters; of a job its own.")]
Every = Annotated[bool, typer.Option("--all", help="All that the filter leaves; without one, all there are.")]
Type = Annotated[str | None, typer.Option("--type", help="Only job, message or webhook.")]
Agent = Annotated[str | None, typer.Option(help="Only those of this agent.")]
Code = Annotated[str | None, typer.Option(help="Only those with this error code.")]
Since = Annotated[str | None, typer.Option(help="Only what failed then or later (ISO 8601 with a zone).")]
Until = Annotated[str | None, typer.Option(help="Only what failed before.")]
Preview = Annotated[bool, typer.Option("--preview", help="Count and show what is meant, and do nothing.")]

group = typer.Typer(help="What has failed for good.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="dead-letters")


@group.command("list")
def list_letters(
    kind: Type = None,
    agent: Agent = None,
    code: Code = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List dead letters, the latest first."""
    with api(slot, api_url, token) as client:
        found = list(itertools.islice(client.dead_letters(_filter(kind, agent, code, since, until)), limit))
    if as_json:
        typer.echo(json.dumps({"dead_letters": found}, indent=2))
    else:
        _print_table(found)


@group.command()
def show(
    letter: Annotated[str, typer.Argument(help="Id of the dead letter.")],
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter, with all of its error."""
    with api(slot, api_url, token) as client:
        found = client.dismiss({"ids": [letter], "preview": True})["dead_letters"]
        if not found:
            raise CannotBeDone(f"{letter} is no dead letter (any more)")
    if as_json:
        typer.echo(json.dumps(found[0], indent=2))
    else:
        print_job(Console(), found[0])


@group.command()
def redrive(
    ids: Ids = None,
    every: Every = False,
    kind: Type = None,
    agent: Agent = None,
    code: Code = None,
    since: Since = None,
    until: Until = None,
    rate: Annotated[float | None, typer.Option(help="So many a second at most.")] = None,
    agent_version: Annotated[str | None, typer.Option(help="From now on on this version of the agent.")] = None,
    deadline: Annotated[str | None, typer.Option(help="The jobs' new deadline (ISO 8601 with a zone).")] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Also jobs whose caller has ended without them; nobody hears of their end.")
    ] = False,
    preview: Preview = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Show how it goes until it is done.")] = True,
    key: Annotated[str | None, typer.Option(help="Idempotency-Key: the same key is the same redrive.")] = None,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Have dead letters go on: failed jobs from what they have recorded, each through its own lane."""
    meant = _meant(ids, every, _filter(kind, agent, code, since, until))
    terms = {"rate_per_second": rate, "agent_version": agent_version, "deadline": deadline, "alone": alone or None}
    body = {**meant, **{name: value for name, value in terms.items() if value is not None}}
    with api(slot, api_url, token) as client:
        seen = client.redrive({**body, "preview": True}) if preview or (wait and not as_json) else {}
        if preview:
            _print_preview(seen, as_json)
            return
        job = client.redrive(body, key=key)
        if wait:
            job = _follow(client, job, seen.get("count"), quiet=as_json)
    if as_json:
        typer.echo(json.dumps(job, indent=2))
    else:
        print_job(Console(), job)
    if job["status"] in FINISHED - {"succeeded"}:
        raise typer.Exit(1)


@group.command()
def dismiss(
    ids: Ids = None,
    every: Every = False,
    kind: Type = None,
    agent: Agent = None,
    code: Code = None,
    since: Since = None,
    until: Until = None,
    preview: Preview = False,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Take dead letters off the list; what they are about stays as it is."""
    body: dict[str, Any] = _meant(ids, every, _filter(kind, agent, code, since, until))
    with api(slot, api_url, token) as client:
        if preview:
            _print_preview(client.dismiss({**body, "preview": True}), as_json)
            return
        count, following = 0, None
        while True:
            page = client.dismiss({**body, **({} if following is None else {"before": following})})
            count, following = count + page["dismissed"], page["next"]
            if following is None:
                break
    typer.echo(json.dumps({"dismissed": count}) if as_json else f"{count} dismissed")


def _filter(*values: str | None) -> dict[str, str]:
    names = ("type", "agent", "code", "since", "until")
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _meant(ids: Sequence[str] | None, every: bool, wanted: dict[str, str]) -> dict[str, Any]:
    """Return which letters are meant; ends the command where that is not said clearly."""
    with one_line_failures():
        if ids and (every or wanted):
            raise CannotBeDone("name dead letters, or a filter, not both")
        if not ids and not every and not wanted:
            raise CannotBeDone("name dead letters, or a filter, or say --all")
    return {"ids": list(ids)} if ids else {"filter": wanted}


def _follow(client: ApiClient, job: dict[str, Any], count: int | None, *, quiet: bool) -> dict[str, Any]:
    """Return the redrive's job when it has ended, and show meanwhile how far it is."""
    columns = (TextColumn("redriven"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as shown:
        bar = shown.add_task("redriven", total=count)
        while job["status"] not in FINISHED:
            job = client.job(job["id"], wait_seconds=LOOK_SECONDS)
            shown.update(bar, completed=_done(job))
    return job


def _done(job: dict[str, Any]) -> int:
    tally = job.get("result") or job.get("progress") or {}
    return int(tally.get("redriven", 0)) + int(sum(tally.get("refused", {}).values()))


def _print_preview(seen: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(seen, indent=2))
        return
    _print_table(seen["dead_letters"])
    typer.echo(f"{'more than ' if seen['more'] else ''}{seen['count']} in all")


def _print_table(letters: Sequence[dict[str, Any]]) -> None:
    console = Console()
    if not letters:
        console.print("no dead letters")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in _COLUMNS:
        table.add_column(column, no_wrap=True)
    for letter in letters:
        shown = (" ".join(str(letter.get(name, "")).split())[:_LONGEST_DETAIL] for name in _COLUMNS)
        table.add_row(*map(Text, shown))
    console.print(table, soft_wrap=True)
