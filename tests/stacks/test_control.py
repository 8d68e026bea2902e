"""The control table: strong, with a witness, and without anything that such a table cannot have."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from stacks.catalog import FUNCTIONS, function_named
from tests.stacks.templates import Environment, Template, resolve

LEASES = "arn:<AWS::Partition>:dynamodb:us-east-1:<AWS::AccountId>:table/antipode-prod-control"
KEEPERS = {"watch_regions", "sweep_jobs", "fire_schedules"}
READERS = {"advance_jobs", "list_regions"}


def control_of(environment: Environment) -> Template:
    return Template(environment.paths["control"])


def about_leases(environment: Environment, name: str) -> list[Mapping[str, Any]]:
    """Return what a function's role allows with the control table."""
    statements = environment.first.statements_of(function_named(name))
    return [each for each in statements if "LEASE#*" in json.dumps(each)]


def test_the_control_stack_holds_one_strong_table_with_a_witness(prod: Environment) -> None:
    control = control_of(prod)
    assert [resource["Type"] for resource in control.resources.values()] == ["AWS::DynamoDB::GlobalTable"]
    _, table = control.only("DynamoDB::GlobalTable")
    assert table["TableName"] == "antipode-prod-control"
    assert table["MultiRegionConsistency"] == "STRONG"
    assert table["GlobalTableWitnesses"] == [{"Region": "us-east-2"}]
    assert sorted(replica["Region"] for replica in table["Replicas"]) == ["us-east-1", "us-west-2"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk"]


def test_the_strong_table_has_nothing_that_such_a_table_cannot_have(prod: Environment) -> None:
    _, table = control_of(prod).only("DynamoDB::GlobalTable")
    assert {"TimeToLiveSpecification", "LocalSecondaryIndexes"} & set(table) == set()


def test_no_role_may_write_to_it_in_a_transaction(prod: Environment) -> None:
    for name in KEEPERS | READERS:
        actions = {action for each in about_leases(prod, name) for action in _list(each["Action"])}
        assert actions == {"dynamodb:GetItem"} | ({"dynamodb:PutItem"} if name in KEEPERS else set()), name


def test_only_those_that_need_it_reach_it_and_only_this_regions_replica(prod: Environment) -> None:
    reach = {
        row.name: {resolve(arn) for each in about_leases(prod, row.name) for arn in _list(each["Resource"])}
        for row in FUNCTIONS
        if about_leases(prod, row.name)
    }
    assert reach == {name: {LEASES} for name in KEEPERS | READERS}


@pytest.mark.parametrize("name", ["one-model"])
def test_a_pair_that_goes_by_eventual_ownership_has_no_control_table_and_no_right_to_one(
    written: dict[str, Any], name: str
) -> None:
    environment = Environment(written[name])
    assert "control" not in environment.paths
    assert "LEASE#" not in "".join(path.read_text("utf-8") for path in environment.paths.values())
    assert "ANTIPODE_CONTROL_TABLE" in environment.paths["eu-west-1"].read_text("utf-8")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
