"""`antipode submit`: one job to the API; with --wait, and how it ended."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from stacks.api_client import LONGEST_WAIT_SECONDS, ApiClient, Submission
from stacks.commands.api_access import ApiUrl, AsJson, Slot, Token, api
from stacks.commands.jobs import FINISHED, print_job
from stacks.commands.one_line_failures import CannotBeDone, WentWrong, one_line_failures, pairs
from stacks.input_upload import sent_input


def register(app: typer.Typer) -> None:
    app.command()(submit)


def submit(
    agent: Annotated[str, typer.Argument(help="Name of the agent, for example probe.")],
    given: Annotated[
        str | None, typer.Option("--input", help="The input: JSON, @FILE, or - for what is piped in.")
    ] = None,
    input_file: Annotated[
        Path | None, typer.Option(help="A file with the input, up to 100 MB of JSON; a large one is uploaded first.")
    ] = None,
    lane: Annotated[str | None, typer.Option(help="critical, standard or batch.")] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency-Key: the same key and input is the same job.")] = None,
    wait: Annotated[int, typer.Option(min=0, help="Wait up to so many seconds until it is finished.")] = 0,
    delay: Annotated[float | None, typer.Option(min=0, help="Seconds before it may begin.")] = None,
    at: Annotated[str | None, typer.Option(help="When it may begin, for example 2030-01-31T12:00:00Z.")] = None,
    deadline: Annotated[str | None, typer.Option(help="When it is given up, for example 2030-01-31T12:00:00Z.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, kept with the job; may be repeated.")] = None,
    session: Annotated[str | None, typer.Option(help="The conversation of which the job is a turn.")] = None,
    on_busy: Annotated[str | None, typer.Option(help="When it is busy: queue, reject, interrupt, merge.")] = None,
    limit_key: Annotated[list[str] | None, typer.Option(help="A key whose limits hold for it; several times.")] = None,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Submit a job. However often it has to be sent, and to whichever Region, it is one job."""
    with one_line_failures():
        if on_busy is not None and session is None:
            raise CannotBeDone("--on-busy goes with --session")
        if at is not None and delay is not None:
            raise CannotBeDone("give --at or --delay, not both")
        if (given is None) == (input_file is None):
            raise CannotBeDone("give --input or --input-file, and not both")
        submission = Submission(
            agent=agent,
            input=read_input(given if given is not None else f"@{input_file}"),
            lane=lane,
            delay_seconds=delay,
            run_at=at,
            deadline=deadline,
            tags=pairs("--tag", tag) or None,
            session=_turn_of(session, on_busy),
            limit_keys=limit_key or None,
        )
    with api(slot, api_url, token) as client:
        job = _submitted(client, replace(submission, input=sent_input(client, submission.input)), key, wait)
        if as_json:
            typer.echo(json.dumps(job, indent=2))
        else:
            print_job(Console(), job)
        if wait and job["status"] in FINISHED - {"succeeded"}:
            error = job.get("error") or {}
            raise WentWrong(f"{job['id']} {job['status']}: {error.get('detail', 'no reason given')}")


def _turn_of(session: str | None, on_busy: str | None) -> dict[str, str] | None:
    if session is None:
        return None
    return {"name": session} if on_busy is None else {"name": session, "on_busy": on_busy}


def read_input(given: str) -> Any:
    """The input as JSON, from the option itself, a file, or standard input."""
    try:
        if given == "-":
            text = sys.stdin.read()
        else:
            text = Path(given[1:]).read_text("utf-8") if given.startswith("@") else given
        return json.loads(text)
    except OSError as error:
        raise CannotBeDone(f"--input {given}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise CannotBeDone(f"--input is not JSON: {error}") from error


def _submitted(client: ApiClient, submission: Submission, key: str | None, wait: int) -> dict[str, Any]:
    end = time.monotonic() + wait
    job = client.submit(submission, key=key, wait_seconds=min(wait, LONGEST_WAIT_SECONDS))
    while job["status"] not in FINISHED and (left := int(end - time.monotonic())) > 0:
        job = client.job(job["id"], wait_seconds=min(left, LONGEST_WAIT_SECONDS))
    return job
