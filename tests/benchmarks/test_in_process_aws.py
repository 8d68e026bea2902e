"""What answers in AWS's place bills as DynamoDB does."""

import json
from typing import Any

import pytest

from tests.benchmarks.in_process_aws import InProcessAws, Replica, Sent, size_of_item, units

NEW = "attribute_not_exists(pk)"


def item(sk: str = "a", **more: str) -> dict[str, dict[str, str]]:
    """Return an item of job 1."""
    return {name: {"S": value} for name, value in {"pk": "JOB#1", "sk": sk, **more}.items()}


def put(aws: InProcessAws, table: Replica, what: dict[str, Any], condition: str | None = None) -> tuple[int, Sent]:
    """Put it and return the status and what was counted."""
    asked = {"Item": what} if condition is None else {"Item": what, "ConditionExpression": condition}
    status, _, sent = aws.answer(table, "us-east-1", "PutItem", asked)
    return status, sent


def test_names_and_values_count_and_a_byte_more_than_a_kilobyte_is_another_unit() -> None:
    assert size_of_item({"pk": {"S": "\u00e4"}, "n": {"N": "123456"}, "b": {"B": b"xyz"}}) == 4 + 6 + 4
    assert [units(size, 1024) for size in (0, 1, 1024, 1025)] == [1, 1, 1, 2]


def test_a_new_item_where_one_is_already_is_refused_and_billed() -> None:
    aws, table = InProcessAws(), Replica()
    assert put(aws, table, item(events="first"), NEW)[0] == 200
    status, sent = put(aws, table, item(events="x" * 2000), NEW)
    assert (status, sent.write_units, sent.refused) == (400, 2, True)
    assert table.partitions["JOB#1"].items["a"]["events"]["S"] == "first"


def test_an_index_entry_that_comes_or_goes_is_a_write_and_one_that_moves_is_two() -> None:
    aws, table = InProcessAws(), Replica()
    entries = [{"due_pk": "e", "due_sk": "1"}, {"due_pk": "e", "due_sk": "2"}, {}, {}]
    assert [put(aws, table, item(**entry))[1].index_writes for entry in entries] == [1, 2, 1, 0]


def test_an_item_that_is_put_in_both_regions_has_its_index_entries_counted_once() -> None:
    aws = InProcessAws()
    entry = item(list_pk="t", list_sk="1", due_pk="e", due_sk="1")
    assert [put(aws, Replica(), entry, NEW)[1].index_writes for _ in range(2)] == [2, 0]


@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_follow_each_other_and_hold_every_item_once(newest_first: bool) -> None:
    aws, table = InProcessAws(), Replica()
    table.fill(item(f"{number:02d}") for number in range(25))
    asked: dict[str, Any] = {
        "KeyConditionExpression": "pk = :job",
        "ExpressionAttributeValues": {":job": {"S": "JOB#1"}},
        "ScanIndexForward": not newest_first,
        "ConsistentRead": True,
        "Limit": 10,
    }
    keys: list[str] = []
    sizes = []
    while True:
        _, body, sent = aws.answer(table, "us-east-1", "Query", asked)
        page = json.loads(body)
        keys += [each["sk"]["S"] for each in page["Items"]]
        sizes.append((len(page["Items"]), sent.read_units))
        if "LastEvaluatedKey" not in page:
            break
        asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    assert keys == sorted(keys, reverse=newest_first)
    assert sizes == [(10, 1.0), (10, 1.0), (5, 1.0)]


def test_what_nobody_asks_for_so_far_is_not_answered_with_something() -> None:
    aws, table = InProcessAws(), Replica()
    with pytest.raises(NotImplementedError):
        aws.answer(table, "us-east-1", "DeleteItem", {})
    asked = {"KeyConditionExpression": "pk = :job AND sk > :after", "ExpressionAttributeValues": {":job": {"S": "x"}}}
    with pytest.raises(NotImplementedError):
        aws.answer(table, "us-east-1", "Query", asked)
