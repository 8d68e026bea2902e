"""What tests on moto rely upon: a conditional write is one step there, too, however many threads write."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from threading import Barrier, BrokenBarrierError
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb.comparisons import get_filter_expression

from tests.mocked_aws import mocked_aws

#: For so long a write that has read its condition waits for another that has, too: where they can meet, however busy
#: the machine is, and where they never do.
MEET_WITHIN_SECONDS = 120.0
NEVER_MEET_WITHIN_SECONDS = 0.5


def first_of_two(
    aws: AbstractContextManager[Any], table: str, monkeypatch: pytest.MonkeyPatch, within: float
) -> list[bool]:
    """Put one new item twice at once; say of each whether it was told that it was the first."""
    meeting = Barrier(2, timeout=within)

    def read_condition_together(*given: Any) -> Any:
        with contextlib.suppress(BrokenBarrierError):
            meeting.wait()
        return get_filter_expression(*given)

    with aws:
        dynamodb = boto3.client("dynamodb", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        dynamodb.create_table(
            TableName=table,  # of its own: what other tests of the process have mocked is one AWS with this
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        monkeypatch.setattr("moto.dynamodb.models.table.get_filter_expression", read_condition_together)

        def put(_: int) -> bool:
            try:
                item = {"pk": {"S": "one"}}
                dynamodb.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
            except ClientError:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(put, range(2)))


def test_of_two_that_put_a_new_item_at_once_one_is_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorted(first_of_two(mocked_aws(), "rivals", monkeypatch, NEVER_MEET_WITHIN_SECONDS)) == [False, True]


def test_moto_by_itself_tells_both_that_they_are_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it does no more, `mocked_aws` is needless."""
    assert first_of_two(mock_aws(), "rivals-of-moto", monkeypatch, MEET_WITHIN_SECONDS) == [True, True]
