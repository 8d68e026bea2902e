"""The table: what it holds, where its copies are, and what outlives a mistake."""

import pytest

from tests.stacks.templates import Environment

KEYS = {"pk", "sk", "due_pk", "due_sk", "list_pk", "list_sk"}


def test_the_data_stack_holds_the_table_and_nothing_that_a_release_changes(prod: Environment) -> None:
    assert [resource["Type"] for resource in prod.data.resources.values()] == ["AWS::DynamoDB::GlobalTable"]


def test_each_region_has_a_replica(prod: Environment) -> None:
    _, table = prod.data.only("DynamoDB::GlobalTable")
    assert sorted(replica["Region"] for replica in table["Replicas"]) == ["us-east-1", "us-west-2"]
    assert table["TableName"] == "antipode-prod"
    assert table.get("MultiRegionConsistency", "EVENTUAL") == "EVENTUAL"


def test_items_are_found_by_job_and_by_two_sparse_indexes_of_keys_alone(prod: Environment) -> None:
    _, table = prod.data.only("DynamoDB::GlobalTable")
    assert {attribute["AttributeName"] for attribute in table["AttributeDefinitions"]} == KEYS
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    indexes = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in table["GlobalSecondaryIndexes"]
    }
    assert indexes == {"due": ["due_pk", "due_sk"], "listing": ["list_pk", "list_sk"]}
    projections = [index["Projection"] for index in table["GlobalSecondaryIndexes"]]
    assert projections == [{"ProjectionType": "KEYS_ONLY"}] * 2
    assert "LocalSecondaryIndexes" not in table


def test_the_table_is_paid_by_use_forgets_by_ttl_and_streams_both_images(prod: Environment) -> None:
    _, table = prod.data.only("DynamoDB::GlobalTable")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.mark.parametrize(
    ("name", "deletion_protection", "recovery", "policy"),
    [("prod", True, True, "Retain"), ("dev", False, True, "Delete"), ("local", False, False, "Delete")],
)
def test_what_outlives_a_mistake_depends_on_the_environment_and_holds_for_each_replica(
    name: str, deletion_protection: bool, recovery: bool, policy: str, request: pytest.FixtureRequest
) -> None:
    template = request.getfixturevalue(name).data
    logical_id, table = template.only("DynamoDB::GlobalTable")
    for replica in table["Replicas"]:
        assert replica.get("DeletionProtectionEnabled", False) is deletion_protection
        recovers = replica.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled", False)
        assert recovers is recovery
    resource = template.resources[logical_id]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == policy


def test_no_item_key_is_spelt_differently_in_the_adapters() -> None:
    from functions.adapters import dynamodb_projections
    from stacks.constructs import permissions

    assert dynamodb_projections.DUE_INDEX == permissions.DUE_INDEX
    assert dynamodb_projections.LISTING_INDEX == permissions.LISTING_INDEX
