"""The link's rules without a process: lag and order on the way, who wrote what, and starting on written tables."""

from __future__ import annotations

import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localstack.replication.change import Change, Version, fingerprint, key_text, parse_record
from localstack.replication.conditions import equals, holds_one_of
from localstack.replication.ledger import WriterLedger
from localstack.replication.recovery import Recovery
from localstack.replication.shape import DeliveryQueue, Shape

EAST, WEST = "us-east-1", "us-west-2"
TABLE = "antipode-local"
NO_LAG = Shape(median_seconds=0, p99_seconds=0)


def change(
    region: str,
    at: int,
    state: str | None,
    *,
    key: str = "k",
    writer: str | None = None,
    before: str | None = None,
    position: int = 0,
    by_service: bool = False,
) -> Change:
    def image(value: str | None) -> dict[str, Any] | None:
        return None if value is None else {"pk": {"S": key}, "state": {"S": value}, "writer": {"S": writer or region}}

    new = image(state)
    return Change(
        TABLE,
        {"pk": {"S": key}},
        image(before),
        new,
        Version(at, region),
        f"{at}",
        by_service,
        position,
        fingerprint(new),
        100,
    )


def conflicting(*changes: Change) -> bool:
    ledger = WriterLedger((EAST, WEST))
    for one in changes:
        ledger.note(one)
    return ledger.conflicts() == [(TABLE, "k")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((change(EAST, 1, "a"), change(EAST, 2, "b")), False),
        ((change(EAST, 1, "a"), change(WEST, 2, "b")), True),
        ((change(EAST, 1, "a"), change(WEST, 2, "a", writer=EAST)), False),
        ((change(WEST, 1, "a", writer=EAST), change(EAST, 2, "a"), change(EAST, 3, "b", before="a")), False),
        ((change(WEST, 1, "a", writer=EAST), change(EAST, 3, "b", before="a")), False),
        ((change(WEST, 1, "a", writer=EAST), change(EAST, 2, "b")), True),
        ((change(EAST, 1, "b"), change(WEST, 2, "a", writer=EAST)), True),
        ((change(EAST, 1, "a"), change(WEST, 2, "b", writer=EAST, before="a")), True),
        ((change(EAST, 1, "a"), change(WEST, 2, None, before="a", by_service=True)), False),
        ((change(EAST, 1, "a"), change(WEST, 2, None, before="a")), True),
        ((change(EAST, 1, None, before="a"), change(WEST, 1, None, before="a")), False),
        ((*(change(EAST, at, str(at)) for at in range(9)), change(WEST, 9, "x")), True),
    ],
    ids=[
        "one Region writes twice",
        "both write differently",
        "one write, made directly in both",
        "made in the peer first, then changed at home",
        "made in the peer first, and replicated before it was made at home",
        "lent to the peer, but another one made at home",
        "made at home, but another one lent to the peer",
        "the peer changes an item under the other's name",
        "the peer's table deletes what has expired",
        "the peer's client deletes",
        "both delete",
        "more images than are remembered",
    ],
)
def test_two_writers_are_told_from_one_write_seen_twice(changes: tuple[Change, ...], expected: bool) -> None:
    assert conflicting(*changes) is expected


def test_the_ledger_forgets_the_oldest_items_but_no_conflict() -> None:
    ledger = WriterLedger((EAST, WEST), capacity=10)
    ledger.note(change(EAST, 1, "a"))
    ledger.note(change(WEST, 2, "b"))
    for number in range(50):
        ledger.note(change(EAST, 3, "a", key=f"other-{number}"))
    assert len(ledger) == 10
    assert ledger.conflicts() == [(TABLE, "k")]


def test_writes_of_one_millisecond_are_ordered_alike_on_both_sides() -> None:
    assert Version(5, EAST) < Version(5, WEST) < Version(6, EAST)


@given(
    lags=st.integers(0, 10_000),
    items=st.lists(st.integers(0, 3), min_size=1, max_size=60),
    share=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_an_item_s_changes_are_never_delivered_in_the_wrong_order(lags: int, items: list[int], share: float) -> None:
    queue = DeliveryQueue(Shape(median_seconds=1, p99_seconds=30, duplicate_share=share, seed=lags))
    for position, item in enumerate(items):
        queue.add(change(EAST, position, "x", key=str(item), position=position))
    heeded: dict[str, list[int]] = {}
    while delivery := queue.take_due(float("inf")):
        if not queue.overtaken(delivery):
            heeded.setdefault(key_text(delivery.change.key), []).append(delivery.change.position)
        queue.settle(delivery)
    expected: dict[str, list[int]] = {}
    for position, item in enumerate(items):
        expected.setdefault(str(item), []).append(position)
    assert heeded == expected
    assert (queue.unsettled, queue.bytes) == (0, 0)


def test_a_change_that_was_put_back_is_not_overtaken_by_a_later_one_of_its_item() -> None:
    queue = DeliveryQueue(NO_LAG)
    queue.add(change(EAST, 1_000, "1", position=1))
    taken = queue.take_due(2.0)
    assert taken is not None
    queue.add(change(EAST, 900, "2", position=2))  # the clock of its Region was set back meanwhile
    queue.put_back(taken)
    assert [found.change.position for found in (queue.take_due(2.0), queue.take_due(2.0)) if found] == [1, 2]


def test_the_default_lag_is_half_a_second_with_a_tail() -> None:
    queue = DeliveryQueue(Shape(seed=3))
    for position in range(4_000):
        queue.add(change(EAST, 0, "x", key=str(position), position=position))
    lags = []
    while delivery := queue.take_due(float("inf")):
        lags.append(delivery.due)
    assert 0.45 < statistics.median(lags) < 0.55
    assert 1.5 < statistics.quantiles(lags, n=100)[98] < 2.5


@pytest.mark.parametrize(
    "fields", [{"median_seconds": -1}, {"median_seconds": 3, "p99_seconds": 2}, {"duplicate_share": 2}]
)
def test_a_shape_that_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"lag|share"):
        Shape().changed(**fields)


def test_a_record_of_the_stream_is_read_with_its_millisecond() -> None:
    record = {
        "userIdentity": {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"},
        "dynamodb": {
            "ApproximateCreationDateTime": 1_700_000_000,
            "Keys": {"pk": {"S": "a"}, "sk": {"S": "b"}},
            "OldImage": {"pk": {"S": "a"}},
            "SequenceNumber": "000000017000000004560000000007",
        },
    }
    read = parse_record(TABLE, EAST, record, 9)
    assert (read.version, read.item, read.by_service, read.new, read.position) == (
        Version(1_700_000_000_456, EAST),
        (TABLE, "a|b"),
        True,
        None,
        9,
    )


def test_a_sequence_number_that_tells_no_time_leaves_the_second_of_the_record() -> None:
    body = {"ApproximateCreationDateTime": 1_700_000_000, "Keys": {"pk": {"S": "a"}}, "SequenceNumber": "49600"}
    assert parse_record(TABLE, EAST, {"dynamodb": body}).version.milliseconds == 1_700_000_000_000


def test_a_fingerprint_heeds_neither_the_order_of_attributes_nor_that_of_a_set() -> None:
    one = {"pk": {"S": "a"}, "tags": {"SS": ["x", "y"]}, "list": {"L": [{"N": "1"}, {"N": "2"}]}}
    other = {"list": {"L": [{"N": "1"}, {"N": "2"}]}, "tags": {"SS": ["y", "x"]}, "pk": {"S": "a"}}
    swapped = {**one, "list": {"L": [{"N": "2"}, {"N": "1"}]}}
    assert fingerprint(one) == fingerprint(other) != fingerprint(swapped)
    assert fingerprint(None) == 0 != fingerprint({})


def test_a_condition_says_the_whole_image_or_that_there_is_none() -> None:
    key, image = {"pk": {"S": "a"}}, {"pk": {"S": "a"}, "n": {"N": "1"}}
    assert equals(key, None).text == "attribute_not_exists(#k)"
    found = holds_one_of(key, None, image)
    assert found.text == "(attribute_not_exists(#k)) OR (attribute_exists(#k) AND #b0 = :b0)"
    assert (found.names, found.values) == ({"#k": "pk", "#b0": "n"}, {":b0": {"N": "1"}})


def recovered(*changes: Change) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """(originals, owed), each as Region and time."""
    recovery = Recovery()
    recovery.read(changes)
    result = recovery.result()
    return (
        [(one.version.region, one.version.milliseconds) for one, _ in result.originals],
        [(one.version.region, one.version.milliseconds) for one in result.owed],
    )


def test_a_link_that_starts_anew_knows_its_own_copies_and_what_it_still_owes() -> None:
    assert recovered(
        change(EAST, 1, "a", position=1),
        change(WEST, 2, "a", writer=EAST, position=1),
        change(EAST, 3, "b", position=2),
        change(EAST, 4, "c", position=3),
    ) == ([(EAST, 1), (EAST, 3), (EAST, 4)], [(EAST, 4)])


def test_a_link_that_starts_anew_owes_nothing_for_what_the_peer_wrote_over() -> None:
    originals, owed = recovered(
        change(EAST, 1, "a", position=1),
        change(WEST, 3, "b", position=1),
        change(EAST, 4, "b", writer=WEST, position=2),
    )
    assert originals == [(EAST, 1), (WEST, 3)]
    assert owed == []


def test_copies_whose_origin_was_lost_with_its_region_accuse_nobody() -> None:
    recovery = Recovery()
    changes = (
        change(WEST, 1, "a", writer=EAST, before="0", position=1),
        change(EAST, 9, "b", before="a", position=1),
    )
    recovery.read(changes)
    ledger = WriterLedger((EAST, WEST))
    for one, evidence in recovery.result().originals:
        ledger.note(one, evidence=evidence)
    assert ledger.conflicts() == []
    assert conflicting(*changes), "seen live, the same writes are two writers"
