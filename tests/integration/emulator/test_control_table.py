"""A strong table is one table for both Regions (shims/global_table.py), and each of them can be cut off from it."""

from __future__ import annotations

import json
from typing import Any

from localstack.faults import Faults
from localstack.layout import GLOBAL
from tests.eventually import eventually
from tests.integration.emulator.processes import FIRST, SECOND, Emulators, allow
from tests.integration.emulator.shim_proof import needs_its_shim

TABLE = "control"
TAKES = """
    import os

    import boto3
    from botocore.config import Config

    def handler(event, context):
        quick = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
        table = boto3.client("dynamodb", endpoint_url=event["url"], config=quick)
        item = {"pk": {"S": event["key"]}, "holder": {"S": os.environ["AWS_REGION"]}}
        try:
            table.put_item(TableName=event["table"], Item=item, ConditionExpression="attribute_not_exists(pk)")
        except Exception as error:
            taken = type(error).__name__
        else:
            taken = "taken"
        try:
            found = table.get_item(TableName=event["table"], Key={"pk": item["pk"]}, ConsistentRead=True)
        except Exception as error:
            return [taken, type(error).__name__]
        return [taken, found["Item"]["holder"]["S"]]
"""


def make_control_table(emulators: Emulators) -> None:
    properties = {
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "MultiRegionConsistency": "STRONG",
        "GlobalTableWitnesses": [{"Region": "us-east-2"}],
        "Replicas": [{"Region": region} for region in (FIRST, SECOND)],
    }
    body = json.dumps({"Resources": {"Leases": {"Type": "AWS::DynamoDB::GlobalTable", "Properties": properties}}})
    stacks = emulators.client("cloudformation", FIRST, at=GLOBAL)
    stacks.create_stack(StackName="control", TemplateBody=body)
    eventually(
        lambda: stacks.describe_stacks(StackName="control")["Stacks"][0]["StackStatus"],
        lambda status: status == "CREATE_COMPLETE",
        within=30,
        what="the control table is made",
    )


def takes(emulators: Emulators, region: str, key: str) -> Any:
    """Have a function of a Region write an item if there is none, and read it."""
    event = {"url": emulators.layout.emulator(GLOBAL).url, "table": TABLE, "key": key}
    return emulators.invoke("takes", event, region=region)[0]


@needs_its_shim
def test_what_one_region_writes_to_a_strong_table_holds_in_the_other_unless_that_is_cut_off(either: Emulators) -> None:
    make_control_table(either)
    for region in (FIRST, SECOND):
        own_replica = f"arn:aws:dynamodb:{region}:000000000000:table/{TABLE}"
        either.function("takes", TAKES, allow(["dynamodb:PutItem", "dynamodb:GetItem"], own_replica), region=region)
    assert takes(either, FIRST, "one") == ["taken", FIRST]
    assert takes(either, SECOND, "one") == ["ConditionalCheckFailedException", FIRST]
    assert takes(either, SECOND, "two") == ["taken", SECOND]
    assert takes(either, FIRST, "two") == ["ConditionalCheckFailedException", SECOND]
    faults = Faults(either.layout)
    try:
        faults.cut_off_from_control_table(FIRST)
        assert takes(either, FIRST, "three") == ["ReadTimeoutError", "ReadTimeoutError"]
        assert takes(either, SECOND, "three") == ["taken", SECOND]
    finally:
        faults.cut_off_from_control_table()
    assert takes(either, FIRST, "three") == ["ConditionalCheckFailedException", SECOND]
