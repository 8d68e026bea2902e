"""The link while a Region is killed, frozen or brought back: only what the Region had not sent itself is ever lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.integration.emulator.processes import FIRST, SECOND
from tests.integration.local_cloud.linked_tables import INDEX, LinkedTables, linked_tables, soon


@pytest.fixture
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinkedTables]:
    with linked_tables(tmp_path_factory.mktemp("lost")) as linked:
        linked.fresh_table()
        yield linked


def test_a_region_that_was_frozen_catches_up_both_ways(linked: LinkedTables) -> None:
    linked.put(FIRST, "old", state="1", writer=FIRST)
    linked.drain()
    linked.shape(FIRST, cut=True)
    linked.put(FIRST, "unsent", state="1", writer=FIRST)
    frozen = linked.emulators.running[FIRST].pid
    os.killpg(frozen, signal.SIGSTOP)
    linked.shape(FIRST, cut=False)
    for number in range(20):
        linked.put(SECOND, f"meanwhile-{number}", state="2", writer=SECOND)
    soon(lambda: linked.status()["regions"][FIRST]["reachable"], lambda reachable: not reachable)
    os.killpg(frozen, signal.SIGCONT)
    soon(lambda: linked.keys(FIRST), lambda keys: len(keys) == 22)
    linked.drain()
    assert linked.keys(SECOND) == linked.keys(FIRST)
    assert linked.conflicts() == []


def test_a_region_that_returns_empty_is_filled_from_its_peer(linked: LinkedTables) -> None:
    for number in range(120):
        writer = FIRST if number % 2 else SECOND
        linked.put(writer, f"item-{number:03d}", state="1", writer=writer, due_pk="lane", due_sk=f"{number:03d}")
    linked.drain()
    linked.emulators.kill(FIRST)
    linked.order("lose", region=FIRST)
    linked.put(SECOND, "item-000", state="2", writer=SECOND, due_pk="lane", due_sk="000")
    linked.delete(SECOND, "item-002")
    linked.put(SECOND, "meanwhile", state="1", writer=SECOND)

    linked.emulators.launch(FIRST)
    linked.emulators.wait_until_ready(FIRST)
    assert linked.order("refill", region=FIRST)["copied"] == 120
    linked.put(FIRST, "after", state="1", writer=FIRST)
    linked.put(SECOND, "item-004", state="3", writer=SECOND)
    linked.drain()

    assert linked.keys(FIRST) == linked.keys(SECOND)
    assert len(linked.keys(FIRST)) == 121
    assert linked.get(FIRST, "item-000") == linked.get(SECOND, "item-000")
    assert linked.get(FIRST, "item-004") == linked.get(SECOND, "item-004")
    assert linked.get(SECOND, "after") == {"state": "1", "writer": FIRST}
    due = linked.tables(FIRST).query(
        TableName=linked.table,
        IndexName=INDEX,
        KeyConditionExpression="due_pk = :lane",
        ExpressionAttributeValues={":lane": {"S": "lane"}},
    )
    assert due["Count"] == 118, "the index of the replica made anew"
    assert linked.direction(FIRST)["error"] == linked.direction(SECOND)["error"] == ""
    assert linked.conflicts() == []


def test_what_a_killed_region_had_not_sent_is_lost_and_counted(linked: LinkedTables) -> None:
    linked.shape(FIRST, cut=True)
    linked.put(FIRST, "never-sent", state="1", writer=FIRST)
    soon(lambda: linked.direction(FIRST)["pending"], lambda pending: pending == 1)
    linked.emulators.kill(FIRST)
    assert linked.order("lose", region=FIRST)["lost"] == 1
    linked.shape(FIRST, cut=False)
    linked.put(SECOND, "survivor", state="1", writer=SECOND)
    assert linked.direction(FIRST)["lost_with_region"] == 1
    assert linked.keys(SECOND) == {"survivor"}


def test_nothing_is_sent_to_a_lost_region_before_it_is_filled(linked: LinkedTables) -> None:
    linked.emulators.kill(FIRST)
    linked.order("lose", region=FIRST)
    linked.put(SECOND, "meanwhile", state="1", writer=SECOND)
    linked.emulators.launch(FIRST)
    linked.emulators.wait_until_ready(FIRST)
    linked.create_table(FIRST)
    soon(lambda: linked.status()["tables"][linked.table], lambda state: state.startswith(f"replaced in {FIRST}"))
    assert linked.direction(SECOND)["pending"] == 0
    assert linked.keys(FIRST) == set()
    linked.order("refill", region=FIRST)
    assert linked.keys(FIRST) == {"meanwhile"}


def test_a_region_that_came_back_empty_is_not_taken_for_a_deleted_table(linked: LinkedTables) -> None:
    linked.put(SECOND, "kept", state="1", writer=SECOND)
    linked.drain()
    linked.emulators.kill(FIRST)
    linked.emulators.launch(FIRST)
    linked.emulators.wait_until_ready(FIRST)
    soon(lambda: linked.status()["tables"][linked.table], lambda state: state == f"missing in {FIRST}")
    linked.create_table(FIRST)
    soon(lambda: linked.status()["tables"][linked.table], lambda state: state.startswith(f"replaced in {FIRST}"))
    assert linked.keys(SECOND) == {"kept"}
    linked.order("refill", region=FIRST)
    assert linked.keys(FIRST) == {"kept"}
