"""`antipode tokens create`: the table gets the hash, the person gets the token, once."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from functions.application.authorize_request import BEARER, hash_token
from stacks.commands import aws, state_table
from tests.cli.conftest import Antipode, one_line

CREATE = ["tokens", "create", "--tenant", "acme", "--scope", "jobs:write", "--scope", "jobs:read"]


class Table:
    """Keeps what is put, or refuses."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.put: list[dict[str, Any]] = []
        self.places: list[tuple[str, ...]] = []
        self._refusal = refusal

    def at(self, *place: str) -> Table:
        self.places.append(place)
        return self

    def put_item(self, **request: Any) -> None:
        if self._refusal:
            raise self._refusal
        self.put.append(request)


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "said AWS"}}, "PutItem")


def test_the_table_holds_the_hash_and_never_the_token(antipode: Antipode, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table()
    monkeypatch.setattr(aws, "client", table.at)
    result = antipode(*CREATE, "--env", "prod", "--region", "eu-west-1")
    token = result.stdout.strip()
    assert BEARER.fullmatch(f"Bearer {token}")
    assert table.places == [("dynamodb", "eu-west-1")]
    assert table.put == [
        {
            "TableName": "antipode-prod",
            "Item": {
                "pk": {"S": f"TOKEN#{hash_token(token)}"},
                "sk": {"S": "TOKEN"},
                "writer": {"S": "eu-west-1"},
                "tenant": {"S": "acme"},
                "scopes": {"L": [{"S": "jobs:read"}, {"S": "jobs:write"}]},
            },
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    ]
    assert token not in json.dumps(table.put)


def test_a_token_may_name_its_holder(antipode: Antipode, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table()
    monkeypatch.setattr(aws, "client", table.at)
    arguments = ["tokens", "create", "--tenant", "acme", "--scope", "approvals:decide", "--env", "dev"]
    made = json.loads(antipode(*arguments, "--principal", "Ann Lee", "--json").stdout)
    assert (made["principal"], made["scopes"]) == ("Ann Lee", ["approvals:decide"])
    assert table.put[0]["Item"]["principal"] == {"S": "Ann Lee"}


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb"])
def test_a_holder_without_a_name_is_refused(antipode: Antipode, name: str) -> None:
    said = one_line(antipode(*CREATE, "--env", "dev", "--principal", name), code=2)
    assert said.startswith("--principal is no name")


def test_two_tokens_differ(antipode: Antipode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "client", Table().at)
    made = [json.loads(antipode(*CREATE, "--env", "dev", "--json").stdout) for _ in range(2)]
    assert made[0]["token"] != made[1]["token"]
    assert made[0] | {"token": ""} == {
        "token": "",
        "tenant": "acme",
        "principal": "acme",
        "scopes": ["jobs:read", "jobs:write"],
        "table": "antipode-dev",
    }


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (refused("ResourceNotFoundException"), "there is no table antipode-prod in us-east-1: deploy first"),
        (refused("AccessDeniedException"), "table antipode-prod in us-east-1: An error occurred (AccessDenied"),
        (NoCredentialsError(), "table antipode-prod in us-east-1: Unable to locate credentials"),
    ],
)
def test_a_refusal_of_aws_is_one_line_and_no_token(
    antipode: Antipode, monkeypatch: pytest.MonkeyPatch, refusal: Exception, said: str
) -> None:
    monkeypatch.setattr(aws, "client", Table(refusal).at)
    assert one_line(antipode(*CREATE, "--env", "prod")).startswith(said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--tenant", "acme", "--scope", "jobs:all"],
            "--scope 'jobs:all' is none of approvals:decide, jobs:read, jobs:write",
        ),
        (["--tenant", "A b", "--scope", "jobs:read"], "--tenant 'A b' is no tenant's name"),
        (["--tenant", "acme", "--scope", "jobs:read", "--env", "local"], "--env 'local' is none of dev, prod"),
    ],
)
def test_what_is_written_wrongly_reaches_no_table(
    antipode: Antipode, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    table = Table()
    monkeypatch.setattr(aws, "client", table.at)
    assert one_line(antipode("tokens", "create", *options), code=2).startswith(said)
    assert table.places == []


def local(monkeypatch: pytest.MonkeyPatch, **states: str) -> Table:
    """A local cloud whose Regions are in these states."""
    table = Table()
    regions = {name: {"state": state, "endpoint": f"http://{name}"} for name, state in states.items()}
    cloud = SimpleNamespace(status=lambda: {"regions": regions})
    monkeypatch.setattr(state_table, "LocalCloud", SimpleNamespace(find={9: cloud}.__getitem__))
    monkeypatch.setattr(state_table, "admin_client", table.at)
    return table


def test_in_the_local_cloud_a_region_that_runs_takes_it(antipode: Antipode, monkeypatch: pytest.MonkeyPatch) -> None:
    table = local(monkeypatch, east="lost", west="running")
    assert antipode(*CREATE, "--slot", "9").exit_code == 0
    assert table.places == [("dynamodb", "west", "http://west")]
    assert table.put[0]["TableName"] == "antipode-local"
    assert table.put[0]["Item"]["writer"] == {"S": "west"}


def test_a_lost_region_takes_no_token(antipode: Antipode, monkeypatch: pytest.MonkeyPatch) -> None:
    table = local(monkeypatch, east="lost", west="running")
    assert one_line(antipode(*CREATE, "--slot", "9", "--region", "east")) == "east is not running"
    assert one_line(antipode(*CREATE, "--slot", "9", "--region", "mars"), code=2) == (
        "--region 'mars' is none of east, west"
    )
    assert table.put == []
