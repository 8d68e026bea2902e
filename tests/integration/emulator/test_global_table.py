"""A template's global table exists in every Region it names (shims/global_table.py)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localstack.layout import GLOBAL
from tests.integration.emulator.processes import FIRST, SECOND, Emulators
from tests.integration.emulator.shim_proof import needs_its_shim


def resource(name: str, *indexes: str) -> dict[str, Any]:
    attributes = ["pk", "sk", *(f"{index}_pk" for index in indexes)]
    return {
        "Type": "AWS::DynamoDB::GlobalTable",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [{"AttributeName": each, "AttributeType": "S"} for each in attributes],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": index,
                    "KeySchema": [{"AttributeName": f"{index}_pk", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
                for index in indexes
            ],
            "SSESpecification": {"SSEEnabled": True},
            "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            "Replicas": [
                {
                    "Region": region,
                    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                    "Tags": [{"Key": "part", "Value": "state"}],
                }
                for region in (FIRST, SECOND)
            ],
        },
    }


def describe(emulators: Emulators, name: str, region: str) -> dict[str, Any]:
    described: dict[str, Any] = emulators.client("dynamodb", region).describe_table(TableName=name)["Table"]
    return described


def index_names(described: dict[str, Any]) -> set[str]:
    return {index["IndexName"] for index in described.get("GlobalSecondaryIndexes", [])}


@needs_its_shim
def test_the_table_is_made_in_both_regions_with_everything_it_declares(either: Emulators) -> None:
    deployed = either.deploy("state", {"Table": resource("state", "due", "listing")})

    assert deployed["Table"] == "state"
    for region, other in ((FIRST, SECOND), (SECOND, FIRST)):
        described = describe(either, "state", region)
        arn = f"arn:aws:dynamodb:{region}:000000000000:table/state"
        assert described["TableArn"] == arn
        assert described["Replicas"] == [{"RegionName": other, "ReplicaStatus": "ACTIVE"}]
        assert described["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        assert described["LatestStreamArn"].startswith(f"{arn}/stream/")
        assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert described["SSEDescription"]["Status"] == "ENABLED"
        assert index_names(described) == {"due", "listing"}
        dynamodb = either.client("dynamodb", region)
        expiry = dynamodb.describe_time_to_live(TableName="state")["TimeToLiveDescription"]
        assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
        backups = dynamodb.describe_continuous_backups(TableName="state")["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "part", "Value": "state"}]


def test_attributes_that_templates_ask_for_are_those_of_the_own_region(cloud: Emulators) -> None:
    watched = resource("watched")
    parameters = {
        name: {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": f"/watched/{name}", "Type": "String", "Value": {"Fn::GetAtt": ["Table", name]}},
        }
        for name in ("Arn", "StreamArn", "TableId")
    }
    cloud.deploy("watched", {"Table": watched, **parameters})

    described = describe(cloud, "watched", FIRST)
    ssm = cloud.client("ssm")
    shown = {name: ssm.get_parameter(Name=f"/watched/{name}")["Parameter"]["Value"] for name in parameters}
    assert shown == {
        "Arn": described["TableArn"],
        "StreamArn": described["LatestStreamArn"],
        "TableId": described["TableId"],
    }


def test_the_emulators_own_replication_stays_out_of_it(cloud: Emulators) -> None:
    cloud.deploy("unlinked", {"Table": resource("unlinked")})
    cloud.client("dynamodb").put_item(TableName="unlinked", Item={"pk": {"S": "a"}, "sk": {"S": "b"}})

    assert cloud.client("dynamodb").scan(TableName="unlinked")["Count"] == 1
    assert cloud.client("dynamodb", SECOND).scan(TableName="unlinked")["Count"] == 0


def test_an_update_of_the_stack_reaches_both_regions_and_keeps_the_items(cloud: Emulators) -> None:
    cloud.deploy("growing", {"Table": resource("growing", "due")})
    for region in (FIRST, SECOND):
        item = {"pk": {"S": "a"}, "sk": {"S": "b"}, "listing_pk": {"S": "tenant"}}
        cloud.client("dynamodb", region).put_item(TableName="growing", Item=item)
    grown = resource("growing", "due", "listing")
    del grown["Properties"]["TimeToLiveSpecification"]

    cloud.deploy("growing", {"Table": grown})

    for region in (FIRST, SECOND):
        dynamodb = cloud.client("dynamodb", region)
        assert index_names(describe(cloud, "growing", region)) == {"due", "listing"}
        found = dynamodb.query(
            TableName="growing",
            IndexName="listing",
            KeyConditionExpression="listing_pk = :tenant",
            ExpressionAttributeValues={":tenant": {"S": "tenant"}},
        )
        assert found["Count"] == 1
        expiry = dynamodb.describe_time_to_live(TableName="growing")["TimeToLiveDescription"]
        assert expiry["TimeToLiveStatus"] == "DISABLED"


def test_a_replica_taken_out_of_the_template_goes_and_the_table_goes_with_the_stack(cloud: Emulators) -> None:
    both = resource("shrinking")
    one = copy.deepcopy(both)
    one["Properties"]["Replicas"] = one["Properties"]["Replicas"][:1]
    cloud.deploy("shrinking", {"Table": both})

    cloud.deploy("shrinking", {"Table": one})
    assert "Replicas" not in describe(cloud, "shrinking", FIRST) or not describe(cloud, "shrinking", FIRST)["Replicas"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        describe(cloud, "shrinking", SECOND)

    cloud.deploy("shrinking", {"Table": both})
    describe(cloud, "shrinking", SECOND)
    cloud.client("cloudformation").delete_stack(StackName="shrinking")
    cloud.client("cloudformation").get_waiter("stack_delete_complete").wait(
        StackName="shrinking", WaiterConfig={"Delay": 1, "MaxAttempts": 10}
    )
    for region in (FIRST, SECOND):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            describe(cloud, "shrinking", region)


def test_a_region_that_comes_back_empty_holds_its_replicas_again(cloud: Emulators) -> None:
    cloud.deploy("surviving", {"Table": resource("surviving", "due")})
    before = describe(cloud, "surviving", SECOND)

    cloud.kill(SECOND)
    cloud.deploy("made-while-alone", {"Table": resource("made-while-alone")})
    cloud.launch(SECOND)
    cloud.wait_until_ready(SECOND)

    after = describe(cloud, "surviving", SECOND)
    assert index_names(after) == {"due"}
    assert after["Replicas"] == before["Replicas"]
    assert after["TableId"] != before["TableId"]
    assert describe(cloud, "made-while-alone", SECOND)["Replicas"] == before["Replicas"]


def test_the_stack_that_declares_the_table_can_be_deployed_again_into_its_empty_region(cloud: Emulators) -> None:
    table = resource("redeployed", "due")
    cloud.deploy("redeployed", {"Table": table})
    cloud.client("dynamodb", SECOND).put_item(TableName="redeployed", Item={"pk": {"S": "a"}, "sk": {"S": "b"}})

    cloud.kill(FIRST)
    cloud.launch(FIRST)
    cloud.wait_until_ready(FIRST)
    assert describe(cloud, "redeployed", FIRST)["Replicas"] == [{"RegionName": SECOND, "ReplicaStatus": "ACTIVE"}]
    cloud.deploy("redeployed", {"Table": table})

    assert cloud.client("dynamodb", SECOND).scan(TableName="redeployed")["Count"] == 1


def test_a_region_that_nobody_plays_is_refused(cloud: Emulators) -> None:
    elsewhere = resource("elsewhere")
    elsewhere["Properties"]["Replicas"].append({"Region": "eu-west-1"})

    with pytest.raises(AssertionError, match="no emulator plays eu-west-1"):
        cloud.deploy("elsewhere", {"Table": elsewhere})


def test_the_global_services_take_no_part_in_it(cloud: Emulators) -> None:
    cloud.deploy("regional", {"Table": resource("regional")})

    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        cloud.client("dynamodb", FIRST, at=GLOBAL).describe_table(TableName="regional")
