"""`antipode tokens create`: a bearer token for a tenant. The table keeps its hash alone, so it is shown this once."""

from __future__ import annotations

import json
import re
import secrets
from typing import Annotated, Any

import typer

from functions.application.authorize_request import SCOPES, hash_token
from stacks.commands import aws
from stacks.commands.one_line_failures import CannotBeDone, WentWrong, one_line_failures
from stacks.commands.state_table import state_table

_TENANT = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")

group = typer.Typer(help="Bearer tokens of the API.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="tokens")


@group.callback()
def _tokens() -> None:
    """Keeps `create` a name of its own while it is the only one."""


@group.command()
def create(
    tenant: Annotated[str, typer.Option(help="The tenant, one of those that were deployed.")],
    scope: Annotated[
        list[str], typer.Option(help="jobs:read, jobs:write, approvals:decide or regions:move; may be repeated.")
    ],
    principal: Annotated[
        str | None, typer.Option(help="Who holds it: named in the history for what is done with it.")
    ] = None,
    env: Annotated[str | None, typer.Option(help="dev or prod on AWS; the local cloud of --slot if left out.")] = None,
    region: Annotated[
        str | None, typer.Option(help="The Region to write it in; it is replicated to the other.")
    ] = None,
    slot: Annotated[int, typer.Option(min=0, max=25, help="Which local cloud.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Create a token, known in both Regions, and print it once."""
    with one_line_failures():
        _check(tenant, scope, principal)
        found = state_table(env, region, slot)
        token = put_token(found.client, found.name, found.region, tenant, scope, principal)
    if as_json:
        holder = principal or tenant
        said = {"token": token, "tenant": tenant, "principal": holder, "scopes": sorted(set(scope))}
        typer.echo(json.dumps({**said, "table": found.name}))
    else:
        typer.echo(token)
        typer.echo("It is not shown again.", err=True)


def put_token(
    client: Any, table: str, region: str, tenant: str, scopes: list[str], principal: str | None = None
) -> str:
    """Write a new token's item, never over another, and return the token."""
    token = f"ap_{secrets.token_urlsafe(32)}"
    item = {
        "pk": {"S": f"TOKEN#{hash_token(token)}"},
        "sk": {"S": "TOKEN"},
        "writer": {"S": region},
        "tenant": {"S": tenant},
        "scopes": {"L": [{"S": scope} for scope in sorted(set(scopes))]},
        **({} if principal is None else {"principal": {"S": principal}}),
    }
    try:
        with aws.refusals_of(f"table {table} in {region}"):
            client.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
    except WentWrong as refused:
        if aws.error_code(refused) == "ResourceNotFoundException":
            raise WentWrong(f"there is no table {table} in {region}: deploy first, or name the --region") from refused
        raise
    return token


def _check(tenant: str, scopes: list[str], principal: str | None) -> None:
    if not _TENANT.fullmatch(tenant):
        raise CannotBeDone(f"--tenant {tenant!r} is no tenant's name: lower case letters, digits and dashes")
    if wrong := sorted(set(scopes) - SCOPES):
        raise CannotBeDone(f"--scope {wrong[0]!r} is none of {', '.join(sorted(SCOPES))}")
    if principal is not None and not (0 < len(principal) <= 200 and principal.isprintable()):
        raise CannotBeDone("--principal is no name: 1 to 200 printable characters")
