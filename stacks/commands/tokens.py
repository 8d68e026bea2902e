"""`antipode tokens create`: a bearer token for a tenant. The table keeps its hash alone, so it is shown this once."""

from __future__ import annotations

import json
import re
import secrets
from typing import Annotated, Any

import typer

from functions.application.authorize_request import SCOPES, hash_token
from localstack.admin import admin_client
from localstack.cloud import LocalCloud
from localstack.first_use import TABLE
from localstack.layout import DEFAULT_REGIONS
from stacks.commands import aws
from stacks.commands.one_line_failures import CannotBeDone, WentWrong, one_line_failures

_TENANT = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")
_ENVIRONMENTS = ("dev", "prod")

group = typer.Typer(help="Bearer tokens of the API.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="tokens")


@group.callback()
def _tokens() -> None:
    """Keeps `create` a name of its own while it is the only one."""


@group.command()
def create(
    tenant: Annotated[str, typer.Option(help="The tenant, one of those that were deployed.")],
    scope: Annotated[list[str], typer.Option(help="jobs:read or jobs:write; may be repeated.")],
    env: Annotated[str | None, typer.Option(help="dev or prod on AWS; the local cloud of --slot if left out.")] = None,
    region: Annotated[
        str | None, typer.Option(help="The Region to write it in; it is replicated to the other.")
    ] = None,
    slot: Annotated[int, typer.Option(min=0, max=25, help="Which local cloud.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Create a token, known in both Regions, and print it once."""
    with one_line_failures():
        _check(tenant, scope, env)
        table, region, client = _local_table(slot, region) if env is None else _aws_table(env, region)
        token = put_token(client, table, region, tenant, scope)
    if as_json:
        typer.echo(json.dumps({"token": token, "tenant": tenant, "scopes": sorted(set(scope)), "table": table}))
    else:
        typer.echo(token)
        typer.echo("It is not shown again.", err=True)


def put_token(client: Any, table: str, region: str, tenant: str, scopes: list[str]) -> str:
    """Write a new token's item, never over another, and return the token."""
    token = f"ap_{secrets.token_urlsafe(32)}"
    item = {
        "pk": {"S": f"TOKEN#{hash_token(token)}"},
        "sk": {"S": "TOKEN"},
        "writer": {"S": region},
        "tenant": {"S": tenant},
        "scopes": {"L": [{"S": scope} for scope in sorted(set(scopes))]},
    }
    try:
        with aws.refusals_of(f"table {table} in {region}"):
            client.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
    except WentWrong as refused:
        if aws.error_code(refused) == "ResourceNotFoundException":
            raise WentWrong(f"there is no table {table} in {region}: deploy first, or name the --region") from refused
        raise
    return token


def _check(tenant: str, scopes: list[str], env: str | None) -> None:
    if not _TENANT.fullmatch(tenant):
        raise CannotBeDone(f"--tenant {tenant!r} is no tenant's name: lower case letters, digits and dashes")
    if wrong := sorted(set(scopes) - SCOPES):
        raise CannotBeDone(f"--scope {wrong[0]!r} is none of {', '.join(sorted(SCOPES))}")
    if env is not None and env not in _ENVIRONMENTS:
        raise CannotBeDone(f"--env {env!r} is none of {', '.join(_ENVIRONMENTS)}; leave it out for the local cloud")


def _aws_table(env: str, region: str | None) -> tuple[str, str, Any]:
    chosen = region or DEFAULT_REGIONS[0]
    with aws.refusals_of("AWS credentials"):
        return f"antipode-{env}", chosen, aws.client("dynamodb", chosen)


def _local_table(slot: int, region: str | None) -> tuple[str, str, Any]:
    """The Region asked for, or else the first that runs."""
    found = LocalCloud.find(slot).status()["regions"]
    if region is not None and region not in found:
        raise CannotBeDone(f"--region {region!r} is none of {', '.join(found)}")
    running = [name for name, said in found.items() if said["state"] == "running" and region in (None, name)]
    if not running:
        raise WentWrong("no Region is running" if region is None else f"{region} is not running")
    return TABLE, running[0], admin_client("dynamodb", running[0], found[running[0]]["endpoint"])
