"""`antipode jobs`: what the API says of jobs, as tables or as its JSON."""

from __future__ import annotations

import itertools
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stacks.commands.api_access import ApiUrl, AsJson, Slot, Token, api

FINISHED = frozenset({"succeeded", "failed", "cancelled"})
_STYLES = {"succeeded": "green", "failed": "red", "cancelled": "red", "running": "cyan"}
_IN_EVERY_EVENT = frozenset({"sequence", "epoch", "region", "kind", "at"})
_LONGEST_VALUE = 60

JobId = Annotated[str, typer.Argument(help="Id of the job.")]

group = typer.Typer(help="The jobs that were submitted, and what happened to them.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="jobs")


@group.command("list")
def list_jobs(
    status: Annotated[str | None, typer.Option(help="Only jobs in this status.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only jobs of this agent.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first, but for those that the archive has: `antipode jobs show JOB` has them, too."""
    with api(slot, api_url, token) as client:
        jobs = list(itertools.islice(client.jobs(status=status, agent=agent), limit))
    if as_json:
        typer.echo(json.dumps({"jobs": jobs}, indent=2))
        return
    table = _table("job", "agent", "status", "lane", "home", "owner", "epoch", "attempts", "created")
    for job in jobs:
        named = (job[name] for name in ("lane", "home_region", "owner_region", "epoch", "attempts", "created_at"))
        table.add_row(job["id"], job["agent"], status_text(job["status"]), *(str(value) for value in named))
    _print_table(Console(), table, "no jobs")


@group.command()
def show(job_id: JobId, slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show one job, with its result or error."""
    with api(slot, api_url, token) as client:
        job = client.job(job_id)
    if as_json:
        typer.echo(json.dumps(job, indent=2))
    else:
        print_job(Console(), job)


@group.command()
def events(
    job_id: JobId,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as events come, until the job has ended.")] = False,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show a job's history: every event, in which Region and epoch it was written."""
    with api(slot, api_url, token) as client:
        if follow:
            for each in client.follow(job_id):
                typer.echo(json.dumps(each) if as_json else _line(each))
            return
        found = list(client.events(job_id))
    if as_json:
        typer.echo(json.dumps({"events": found}, indent=2))
        return
    table = _table("#", "epoch", "region", "at", "event", "what")
    for event in found:
        table.add_row(*_told(event), Text(_what(event)))
    _print_table(Console(), table, "no events")


def _told(event: dict[str, Any]) -> list[str]:
    return [str(event[name]) for name in ("sequence", "epoch", "region", "at", "kind")]


def _line(event: dict[str, Any]) -> str:
    """An event that has just come, one a line; or that some that came before do not count."""
    if "rewound_to" in event:
        return f"events above {event['rewound_to']} were superseded: another Region took the job over from there"
    return "  ".join(part for part in (*_told(event), _what(event)) if part)


def print_job(console: Console, job: dict[str, Any]) -> None:
    """All fields of a job, one to a line."""
    for name, value in job.items():
        shown = status_text(value) if name == "status" else Text(_in_words(value))
        console.print(Text(f"{name:<16}").append_text(shown), soft_wrap=True)


def status_text(status: str) -> Text:
    """A job's status in its colour."""
    return Text(status, style=_STYLES.get(status, ""))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _print_table(console: Console, table: Table, empty: str) -> None:
    """As wide as it is: a cut id is of no use, and where the terminal is narrow its lines go on in the next."""
    if not table.row_count:
        console.print(empty)
        return
    console.width = max(console.width, table.__rich_measure__(console, console.options.update(width=1000)).maximum)
    console.print(table, soft_wrap=True)


def _what(event: dict[str, Any]) -> str:
    rest = ((name, _in_words(value)) for name, value in event.items() if name not in _IN_EVERY_EVENT)
    return "  ".join(
        f"{name}={value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + '…'}" for name, value in rest
    )


def _in_words(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
