"""A query of a long partition costs what it returns, not what lies in the partition (shims/key_conditions.py)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from localstack.shims.key_conditions import matching
from localstack.shims.patching import module
from tests.integration.emulator.processes import Emulators
from tests.integration.emulator.shim_proof import needs_its_shim

MANY = 2_000
AT_ONCE = 25
TRIES = 5


def partition(database: Any, name: str, size: int) -> None:
    for first in range(0, size, AT_ONCE):
        items = [{"pk": {"S": name}, "sk": {"S": f"{place:06d}"}} for place in range(first, min(size, first + AT_ONCE))]
        database.batch_write_item(RequestItems={"long": [{"PutRequest": {"Item": item}} for item in items]})


def seconds_of_a_query(database: Any, name: str) -> float:
    """The least of some tries: how long the last item of a partition takes to be found."""
    taken = []
    for _ in range(TRIES):
        begun = time.perf_counter()
        found = database.query(
            TableName="long",
            KeyConditionExpression="pk = :name AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={":name": {"S": name}, ":first": {"S": "000000"}, ":last": {"S": "999999"}},
            ScanIndexForward=False,
            Limit=1,
        )
        taken.append(time.perf_counter() - begun)
        assert found["Count"] == 1
    return min(taken)


@needs_its_shim
def test_a_partition_of_two_thousand_items_takes_less_than_ten_times_as_long_as_one_of_ten(either: Emulators) -> None:
    database = either.client("dynamodb")
    database.create_table(
        TableName="long",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    partition(database, "short", 10)
    partition(database, "long", MANY)
    assert seconds_of_a_query(database, "long") < 10 * seconds_of_a_query(database, "short")


ITEMS = [{"pk": {"S": "a"}, "sk": {"S": key}, "n": {"N": str(place)}} for place, key in enumerate(("", "b", "bé", "c"))]
VALUES: Mapping[str, Any] = {
    ":a": {"S": "a"},
    ":b": {"S": "b"},
    ":c": {"S": "c"},
    ":one": {"N": "1"},
    ":two": {"N": "2"},
}


@pytest.mark.parametrize(
    "condition",
    [
        "pk = :a",
        "pk = :b",
        "pk = :a AND sk = :b",
        "pk = :a AND sk < :c",
        "pk = :a AND sk <= :b",
        "pk = :a AND #key > :b",
        "pk = :a AND sk >= :b",
        "pk = :a AND sk BETWEEN :b AND :c",
        "sk between :b and :b AND pk = :a",
        "pk = :a AND begins_with(#key, :b)",
        "pk = :a AND begins_with ( sk, :c )",
        # read by the emulator itself: a number, a value first, parentheses
        "pk = :a AND n > :one",
        "pk = :a AND n BETWEEN :one AND :two",
        ":a = pk AND sk = :b",
        "(pk = :a) AND (sk = :b)",
    ],
)
def test_the_same_items_are_found_as_by_the_emulator(condition: str) -> None:
    names = {"#key": "sk"}
    evaluate = module("services.dynamodb")._evaluate_condition
    expected = [item for item in ITEMS if evaluate(condition, item, VALUES, names, slot="KeyConditionExpression")]
    assert matching(condition, ITEMS, VALUES, names) == expected


def test_what_the_emulator_refuses_is_refused() -> None:
    with pytest.raises(ValueError, match="Syntax error"):
        matching("pk = = :a", ITEMS, VALUES, {})
