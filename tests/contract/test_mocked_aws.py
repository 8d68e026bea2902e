"""What tests on moto rely upon: a conditional write is one step there, too, however many threads write."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.mocked_aws import mocked_aws

AT_ONCE = 8
ROUNDS = 40
TABLE = "rivals"


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads that are interrupted every few instructions."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_of_many_that_put_a_new_item_at_once_one_is_the_first(hasty_threads: None) -> None:
    with mocked_aws():
        dynamodb = boto3.client("dynamodb", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        dynamodb.create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )

        def is_first(number: int) -> bool:
            try:
                item = {"pk": {"S": f"{number}"}}
                dynamodb.put_item(TableName=TABLE, Item=item, ConditionExpression="attribute_not_exists(pk)")
            except ClientError:
                return False
            return True

        with ThreadPoolExecutor(AT_ONCE) as pool:
            winners = [sum(pool.map(is_first, [number] * AT_ONCE)) for number in range(ROUNDS)]
    assert winners == [1] * ROUNDS
