"""`antipode jobs cancel|pause|resume|signal`: what people ask of jobs that are under way."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console

from stacks.api_client import ApiClient
from stacks.commands.api_access import ApiUrl, AsJson, Slot, Token, api
from stacks.commands.jobs import JobId, group, print_job
from stacks.commands.one_line_failures import CannotBeDone, one_line_failures

Reason = Annotated[str | None, typer.Option(help="Why: it is kept in the history.")]
Key = Annotated[str | None, typer.Option(help="Idempotency-Key: the same key is the same request, sent again.")]


@group.command()
def cancel(
    job_id: Annotated[str | None, typer.Argument(help="Id of the job; none with --all.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All unfinished jobs, or those of --agent.")] = False,
    agent: Annotated[str | None, typer.Option(help="With --all: only jobs of this agent.")] = None,
    reason: Reason = None,
    key: Key = None,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Ask that a job end, or many. Its agent may first undo what it has done."""
    with one_line_failures():
        if (job_id is None) is not every:
            raise CannotBeDone("name one job, or say --all")
        if agent is not None and not every:
            raise CannotBeDone("--agent goes with --all")
    with api(slot, api_url, token) as client:
        if job_id is None:
            _print_count(_cancel_all(client, agent, reason, quiet=as_json), as_json)
        else:
            _print(client.change(job_id, "cancel", reason=reason, key=key), as_json)


@group.command()
def pause(
    job_id: JobId,
    key: Key = None,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Ask that a job stop before its next step, until it is resumed."""
    with api(slot, api_url, token) as client:
        _print(client.change(job_id, "pause", key=key), as_json)


@group.command()
def resume(
    job_id: JobId,
    key: Key = None,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Ask that a paused or stopped job go on."""
    with api(slot, api_url, token) as client:
        _print(client.change(job_id, "resume", key=key), as_json)


@group.command()
def signal(
    job_id: JobId,
    name: Annotated[str, typer.Argument(help="Name of the signal that the job waits for, or will.")],
    body: Annotated[str, typer.Option(help="What it says, as JSON.")] = "null",
    key: Key = None,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Send a job a signal."""
    with one_line_failures():
        try:
            value = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise CannotBeDone(f"--body is not JSON: {error}") from error
    with api(slot, api_url, token) as client:
        sent = client.signal(job_id, name, value, key=key)
    typer.echo(json.dumps(sent, indent=2) if as_json else f"{sent['signal']} sent ({sent['durability']})")


def _cancel_all(client: ApiClient, agent: str | None, reason: str | None, *, quiet: bool) -> int:
    asked = 0
    console = Console(stderr=True, quiet=quiet)
    with console.status("asking jobs to end") as shown:
        for count in client.cancel_all(agent=agent, reason=reason):
            asked += count
            shown.update(f"{asked} jobs asked to end")
    return asked


def _print_count(asked: int, as_json: bool) -> None:
    typer.echo(json.dumps({"cancelled": asked}) if as_json else f"{asked} jobs asked to end")


def _print(job: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(job, indent=2))
    else:
        print_job(Console(), job)
