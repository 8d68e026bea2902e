"""The link between two real emulator processes: convergence, lag to order, and conflicts that are found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localstack.link import Link
from localstack.replication import direction
from localstack.replication.shape import Shape
from tests.integration.emulator.processes import FIRST, SECOND
from tests.integration.local_cloud.linked_tables import LinkedTables, linked_tables, soon

BOTH = (FIRST, SECOND)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinkedTables]:
    with linked_tables(tmp_path_factory.mktemp("link")) as linked:
        yield linked


@pytest.fixture
def linked(running: LinkedTables) -> Iterator[LinkedTables]:
    """A table of the test's own, replicated without lag."""
    running.shape(median_seconds=0.0, p99_seconds=0.0, reorder=True, duplicate_share=0.0, cut=False)
    running.fresh_table()
    yield running
    running.drop_table()


def test_a_write_in_either_region_arrives_in_the_other(linked: LinkedTables) -> None:
    linked.put(FIRST, "from-first", state="a", writer=FIRST)
    linked.put(SECOND, "from-second", state="b", writer=SECOND)
    soon(lambda: linked.get(SECOND, "from-first"), lambda item: item == {"state": "a", "writer": FIRST})
    soon(lambda: linked.get(FIRST, "from-second"), lambda item: item == {"state": "b", "writer": SECOND})


def test_a_delete_in_one_region_deletes_in_the_other(linked: LinkedTables) -> None:
    linked.put(FIRST, "short-lived", state="a")
    soon(lambda: linked.get(SECOND, "short-lived"))
    linked.delete(FIRST, "short-lived")
    soon(lambda: linked.get(SECOND, "short-lived"), lambda item: item is None)
    assert linked.conflicts() == []


def test_what_the_link_writes_does_not_come_back(linked: LinkedTables) -> None:
    before = {region: linked.direction(region)["replicated"] for region in BOTH}
    for number in range(30):
        linked.put(FIRST, "counter", state=str(number), writer=FIRST)
    linked.drain()
    linked.drain()
    assert linked.get(SECOND, "counter") == {"state": "29", "writer": FIRST}
    assert linked.direction(FIRST)["replicated"] == before[FIRST] + 30
    assert linked.direction(SECOND)["replicated"] == before[SECOND]


def test_changes_of_one_item_arrive_in_order_under_lag_and_duplication(linked: LinkedTables) -> None:
    linked.shape(FIRST, median_seconds=0.02, p99_seconds=0.5, duplicate_share=1.0, seed=7)
    for number in range(40):
        linked.put(FIRST, f"item-{number % 4}", state=f"{number:02d}", writer=FIRST)
    linked.drain()
    assert [linked.get(SECOND, f"item-{key}") for key in range(4)] == [
        {"state": str(36 + key), "writer": FIRST} for key in range(4)
    ]
    stream = stream_of(linked, SECOND)
    for key in range(4):
        states = [state for item, state in stream if item == f"item-{key}"]
        assert states == sorted(states), f"item-{key} arrived as {states}"
    assert linked.direction(FIRST)["duplicates"] >= 40


def test_order_across_items_is_not_kept_unless_ordered(linked: LinkedTables) -> None:
    linked.shape(FIRST, median_seconds=0.05, p99_seconds=0.5, seed=3)
    for number in range(20):
        linked.put(FIRST, f"loose-{number:02d}", state="x")
    linked.drain()
    linked.shape(FIRST, reorder=False)
    for number in range(20):
        linked.put(FIRST, f"strict-{number:02d}", state="x")
    linked.drain()
    arrived = [item for item, _ in stream_of(linked, SECOND)]
    loose = [item for item in arrived if item.startswith("loose")]
    strict = [item for item in arrived if item.startswith("strict")]
    assert loose != sorted(loose)
    assert strict == sorted(strict)
    assert len(loose) == len(strict) == 20


def test_a_partition_holds_one_direction_and_heals_without_loss(linked: LinkedTables) -> None:
    linked.shape(FIRST, cut=True)
    for number in range(50):
        linked.put(FIRST, f"held-{number}", state="x", writer=FIRST)
    linked.put(SECOND, "passes", state="y", writer=SECOND)
    soon(lambda: linked.get(FIRST, "passes"))
    soon(lambda: linked.direction(FIRST)["pending"], lambda pending: pending == 50)
    assert linked.keys(SECOND) == {"passes"}
    linked.shape(FIRST, cut=False)
    soon(lambda: len(linked.keys(SECOND)), lambda count: count == 51)


def test_the_last_writer_wins_in_both_regions_and_the_conflict_is_named(linked: LinkedTables) -> None:
    linked.shape(cut=True)
    linked.put(FIRST, "clash", state="earlier", writer=FIRST)
    linked.put(SECOND, "clash", state="later", writer=SECOND)
    linked.put(FIRST, "calm", state="x", writer=FIRST)
    linked.shape(cut=False)
    linked.drain()
    for region in BOTH:
        assert linked.get(region, "clash") == {"state": "later", "writer": SECOND}, region
    assert linked.conflicts() == ["clash"]


def test_two_writers_one_after_the_other_are_a_conflict_too(linked: LinkedTables) -> None:
    linked.put(FIRST, "passed-on", state="1", writer=FIRST)
    soon(lambda: linked.get(SECOND, "passed-on"))
    linked.put(SECOND, "passed-on", state="2", writer=SECOND)
    soon(lambda: linked.get(FIRST, "passed-on"), lambda item: item == {"state": "2", "writer": SECOND})
    soon(linked.conflicts, lambda keys: keys == ["passed-on"])


@pytest.mark.parametrize("order", [BOTH, BOTH[::-1]], ids=["own-region-first", "peer-first"])
def test_one_item_written_directly_in_both_regions_is_no_conflict(linked: LinkedTables, order: tuple[str, str]) -> None:
    for region in order:
        linked.put(region, "durable", state="x", writer=FIRST)
    linked.drain()
    linked.put(FIRST, "durable", state="y", writer=FIRST)
    linked.drain()
    assert linked.get(SECOND, "durable") == {"state": "y", "writer": FIRST}
    assert linked.conflicts() == []


def test_a_delete_that_meets_a_newer_write_does_not_undo_it(linked: LinkedTables) -> None:
    linked.put(FIRST, "revived", state="1", writer=FIRST)
    soon(lambda: linked.get(SECOND, "revived"))
    linked.shape(cut=True)
    linked.delete(FIRST, "revived")
    linked.put(SECOND, "revived", state="2", writer=SECOND)
    linked.shape(cut=False)
    linked.drain()
    for region in BOTH:
        assert linked.get(region, "revived") == {"state": "2", "writer": SECOND}, region


def test_the_measured_lag_follows_the_shape(linked: LinkedTables) -> None:
    linked.shape(FIRST, median_seconds=0.3, p99_seconds=0.6, seed=11)
    for number in range(60):
        linked.put(FIRST, f"timed-{number}", state="x", writer=FIRST)
    linked.drain()
    lag = linked.direction(FIRST)["lag_ms"]
    # Earlier tests replicated unshaped, so only the upper end is this test's own; a busy machine adds seconds to it.
    assert 400 <= lag["p99"] <= 60_000, lag


def test_a_link_that_was_killed_goes_on_without_loss_or_return(linked: LinkedTables) -> None:
    for number in range(20):
        linked.put(FIRST, "beat", state=f"{number:02d}", writer=FIRST)
    linked.drain()
    linked.kill_link()
    linked.put(FIRST, "beat", state="20", writer=FIRST)
    linked.put(FIRST, "written-while-away", state="a", writer=FIRST)
    linked.put(SECOND, "also-while-away", state="b", writer=SECOND)
    linked.start_link()
    soon(lambda: linked.status()["tables"].get(linked.table), lambda state: state == "replicating")
    linked.drain()
    assert linked.get(SECOND, "beat") == linked.get(FIRST, "beat") == {"state": "20", "writer": FIRST}
    assert linked.get(SECOND, "written-while-away") == {"state": "a", "writer": FIRST}
    assert linked.get(FIRST, "also-while-away") == {"state": "b", "writer": SECOND}
    assert linked.conflicts() == []
    states = [state for item, state in stream_of(linked, FIRST) if item == "beat"]
    assert states == [f"{number:02d}" for number in range(21)], "an old state came back"


def test_what_waits_for_a_cut_off_region_is_bounded_and_arrives_all_the_same(
    linked: LinkedTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direction, "_CHANGES_HELD", 10)
    monkeypatch.setattr(linked, "table", "bounded-table")
    for region in BOTH:
        linked.create_table(region)
    endpoints = {place.name: place.url for place in linked.emulators.layout.regions}
    link = Link(endpoints, Shape(median_seconds=0, p99_seconds=0), prefix="bounded-")
    link.start()
    try:
        link.pairs.look()
        link.carry_out("shape", {"source": FIRST, "fields": {"cut": True}})
        for batch in range(3):
            for number in range(10):
                linked.put(FIRST, f"item-{batch}-{number}", state="x", writer=FIRST)
            soon(lambda: pending_of(link, FIRST), lambda pending: pending >= 10)
        assert pending_of(link, FIRST) < 20, "the reader must stop while ten wait"
        link.carry_out("shape", {"source": FIRST, "fields": {"cut": False}})
        soon(lambda: len(linked.keys(SECOND)), lambda count: count == 30)
    finally:
        link.stop()
        linked.drop_table()
        monkeypatch.undo()


def pending_of(link: Link, source: str) -> int:
    (found,) = (one["pending"] for one in link.status()["directions"] if one["source"] == source)
    return int(found)


def stream_of(linked: LinkedTables, region: str) -> list[tuple[str, str]]:
    """(item, state) of every change in the Region's own stream, in order: what its readers could have seen."""
    description = linked.tables(region).describe_table(TableName=linked.table)["Table"]
    streams = linked.emulators.client("dynamodbstreams", region)
    shard = streams.describe_stream(StreamArn=description["LatestStreamArn"])["StreamDescription"]["Shards"][0]
    iterator = streams.get_shard_iterator(
        StreamArn=description["LatestStreamArn"], ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    images = [
        record["dynamodb"].get("NewImage", {}) for record in streams.get_records(ShardIterator=iterator)["Records"]
    ]
    return [(image["pk"]["S"], image["state"]["S"]) for image in images if image]
