"""Snapshots as items: a torn one counts as none."""

import random

import pytest

from functions.adapters import dynamodb_snapshots
from functions.adapters.dynamodb_snapshots import newest_whole, snapshot_items
from functions.domain.job.events import JobSubmitted
from functions.domain.job.snapshot import Snapshot

NOON = "2026-11-21T12:00:00.000Z"
JOB = JobSubmitted(at=NOON, tenant="acme", agent="a", agent_version="1", lane="batch", input=None, body_digest="d")


def snapshot(sequence: int, size: int, writer: str = "us-east-1") -> Snapshot:
    noise = random.Random(sequence).randbytes(size // 2).hex()
    return Snapshot("job", writer, 1, "us-east-1", sequence, "us-east-1", JOB, {"noise": noise})


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb_snapshots, "PART_BYTES", 400)


def test_a_small_snapshot_is_one_item_of_the_region_that_wrote_it() -> None:
    (item,) = snapshot_items(snapshot(9, 100))
    assert (item["pk"]["S"], item["sk"]["S"], item["writer"]["S"]) == ("JOB#job", "SNAP#us-east-1", "us-east-1")
    found = newest_whole([item])
    assert found is not None
    assert found.sequence == 9
    assert found.unpacked("job") == snapshot(9, 100)


def test_a_large_one_is_written_from_its_end_so_that_its_first_item_is_the_last_to_come() -> None:
    items = snapshot_items(snapshot(9, 2000))
    assert len(items) > 2
    assert ["parts" in item for item in items] == [False] * (len(items) - 1) + [True]


def test_a_snapshot_of_which_a_part_is_missing_counts_as_none() -> None:
    items = list(snapshot_items(snapshot(9, 2000)))
    for missing in range(len(items)):
        assert newest_whole(items[:missing] + items[missing + 1 :]) is None


def test_parts_of_two_snapshots_are_never_mixed() -> None:
    older, newer = (snapshot_items(snapshot(sequence, 2000)) for sequence in (9, 11))
    table = {item["sk"]["S"]: item for item in older}
    for item in newer[:-1]:  # both lie in the same places: written over in part, the old one is gone
        table[item["sk"]["S"]] = item
        assert newest_whole(table.values()) is None
    table[newer[-1]["sk"]["S"]] = newer[-1]
    found = newest_whole(table.values())
    assert found is not None
    assert found.unpacked("job") == snapshot(11, 2000)


def test_the_next_snapshot_mostly_lies_elsewhere_so_that_the_old_one_counts_until_the_new_one_is_whole() -> None:
    table = {item["sk"]["S"]: item for item in snapshot_items(snapshot(9, 2000))}
    for item in snapshot_items(snapshot(10, 2000))[:-1]:
        table[item["sk"]["S"]] = item
        found = newest_whole(table.values())
        assert found is not None
        assert found.sequence == 9


def test_one_that_is_far_too_large_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb_snapshots, "MOST_PARTS", 2)
    assert snapshot_items(snapshot(9, 2000)) == []


def test_the_key_after_a_snapshot_is_that_of_the_next_event() -> None:
    (item,) = snapshot_items(snapshot(9, 100))
    found = newest_whole([item])
    assert found is not None
    assert found.next_key == "E#000001.us-east-1#00000010"
