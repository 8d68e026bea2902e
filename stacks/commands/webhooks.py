"""`antipode webhooks`: where events of the tenant's jobs are posted, and how those who get them do."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stacks.commands.api_access import ApiUrl, AsJson, Slot, Token, api
from stacks.commands.one_line_failures import CannotBeDone, one_line_failures

Name = Annotated[str, typer.Argument(help="Name of the webhook.")]
Access = tuple[int, str | None, str | None]

group = typer.Typer(help="Signed posts of jobs' events to addresses of the token's tenant.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="webhooks")


@group.command("set")
def set_webhook(
    name: Name,
    url: Annotated[str, typer.Argument(help="Where to post: a public http(s) address.")],
    event: Annotated[
        list[str] | None, typer.Option(help="Which event, such as job.failed; repeat it. All, if none.")
    ] = None,
    agent: Annotated[list[str] | None, typer.Option(help="Only events of this agent's jobs; repeat it.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only events of jobs with this tag, as name=value.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Keep it, but post nothing.")] = False,
    slot: Slot = 0,
    api_url: ApiUrl = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Have events posted to an address. The secret of a new webhook is shown here, and never again."""
    body: dict[str, Any] = {"url": url, "events": event or ["*"], "active": not off}
    if agent:
        body["agents"] = agent
    if tag:
        with one_line_failures():
            body["tags"] = _tags(tag)
    _tell(_call((slot, api_url, token), "PUT", name, body=body), as_json)


@group.command("list")
def list_webhooks(slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the tenant's webhooks."""
    found = _call((slot, api_url, token), "GET")
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table("name", "url", "events", "agents", "tags", "state")
    for hook in found["webhooks"]:
        tags = " ".join(f"{name}={value}" for name, value in hook.get("tags", {}).items())
        cells = (
            hook["name"],
            hook["url"],
            " ".join(hook["events"]),
            " ".join(hook.get("agents", [])),
            tags,
            _state(hook),
        )
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table)


@group.command("show")
def show_webhook(
    name: Name, slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Show a webhook, its breaker and the last deliveries, as each Region sees them."""
    hook = _call((slot, api_url, token), "GET", name)
    if as_json:
        typer.echo(json.dumps(hook, indent=2))
        return
    console = Console()
    console.print(Text(f"{hook['name']}: {hook['url']} ({_state(hook)}), {' '.join(hook['events'])}"), soft_wrap=True)
    table = Table("Region", "breaker", "at", "event", "try", "answer")
    for seen in hook["endpoint"]:
        breaker = seen["breaker"]
        standing = breaker["standing"] + (f" until {breaker['retry_at']}" if "retry_at" in breaker else "")
        for delivery in seen["deliveries"]:
            cells = (seen["region"], standing, delivery["at"], delivery["event"], str(delivery["attempt"]))
            table.add_row(*(Text(cell) for cell in (*cells, delivery["detail"])))
    console.print(table)


@group.command("rotate")
def rotate_secret(
    name: Name, slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Make a new secret. The one before signs beside it for a day. `callbacks` is the one for jobs' callbacks."""
    _tell(_call((slot, api_url, token), "POST", name, "/rotate"), as_json)


@group.command("test")
def send_test_event(
    name: Name, slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Post a test event; `show` tells how it went."""
    sent = _call((slot, api_url, token), "POST", name, "/test")
    typer.echo(json.dumps(sent, indent=2) if as_json else f"{sent['id']} is on its way to {name}")


@group.command("delete")
def delete_webhook(
    name: Name, slot: Slot = 0, api_url: ApiUrl = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Post nothing more to it, and forget it."""
    gone = _call((slot, api_url, token), "DELETE", name)
    typer.echo(json.dumps(gone, indent=2) if as_json else f"{name} is deleted")


def _call(access: Access, method: str, name: str | None = None, action: str = "", body: Any = None) -> dict[str, Any]:
    with api(*access) as client:
        return client.webhook(method, name, action, body)


def _tell(hook: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(hook, indent=2))
        return
    typer.echo(f"{hook['name']}: {hook['url'] or 'the callbacks of jobs'} ({_state(hook)})")
    if "secret" in hook:
        typer.echo(f"secret, shown this once: {hook['secret']}")


def _state(hook: dict[str, Any]) -> str:
    if hook.get("gone"):
        return "gone: it answered 410"
    return "active" if hook["active"] else "off"


def _tags(given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    if any(not name or not separator for name, separator, _ in pairs):
        raise CannotBeDone("a tag is written name=value")
    return {name: value for name, _, value in pairs}
