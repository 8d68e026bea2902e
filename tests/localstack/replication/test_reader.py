"""When the link reads a stream: as often as it may, or only when there is a reason where the Region has a bell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from localstack.bell import Bell
from localstack.replication import reader as reading
from localstack.replication.change import Change
from localstack.replication.reader import Start, StreamReader
from localstack.replication.replica import Replica
from tests.eventually import eventually

MANY = 30


class Streams:
    """One Region's streams, in which nothing is ever new, and how often they were read."""

    region = "us-east-1"

    def __init__(self) -> None:
        self.reads = 0

    def read(self, _table: str, iterator: str) -> tuple[list[Change], str]:
        self.reads += 1
        return [], iterator


class Reading:
    """A reader under way, and how often it has looked for a reason to read."""

    def __init__(self, bell: Bell | None) -> None:
        self.streams = Streams()
        self.looks = 0
        self._bell = bell
        replica = cast(Replica, self.streams)
        rung = self._look if bell else None
        self.reader = StreamReader(replica, lambda _: None, lambda: True, lambda: 0.001, rung)
        self.reader.follow("antipode-local", Start("arn", "iterator", None))
        self.reader.start()

    def _look(self) -> int:
        self.looks += 1
        assert self._bell
        return self._bell.rung()

    def look_often(self) -> None:
        """Wait until it has looked so often that it would have read."""
        before = self.looks
        eventually(lambda: self.looks - before, lambda looks: looks >= MANY, within=60, what="the reader goes on")

    def read_by_now(self, least: int) -> int:
        return eventually(lambda: self.streams.reads, lambda reads: reads >= least, within=60, what="it has read")


@pytest.fixture
def never_anyway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_READ_ANYWAY_SECONDS", 1e9)


@pytest.fixture
def bell(tmp_path: Path) -> Bell:
    return Bell(tmp_path / "us-east-1.bell")


@pytest.fixture
def under_way(bell: Bell) -> Iterator[Reading]:
    found = Reading(bell)
    yield found
    found.reader.stop()


@pytest.mark.usefixtures("never_anyway")
def test_a_stream_is_read_once_at_first_and_then_each_time_the_bell_is_rung(bell: Bell, under_way: Reading) -> None:
    assert under_way.read_by_now(1) == 1
    for rung in range(2, 5):
        under_way.look_often()
        assert under_way.streams.reads == rung - 1, "it was read for no reason"
        bell.ring()
        under_way.read_by_now(rung)


@pytest.mark.usefixtures("never_anyway")
def test_whoever_waits_for_all_that_is_written_is_not_told_by_the_bell(under_way: Reading) -> None:
    under_way.read_by_now(1)
    before = under_way.streams.reads
    assert under_way.reader.read_through(60.0)
    assert under_way.streams.reads >= before + 2


@pytest.mark.usefixtures("never_anyway")
def test_a_stream_that_is_followed_from_now_on_is_read_at_once(under_way: Reading) -> None:
    under_way.read_by_now(1)
    under_way.reader.follow("antipode-other", Start("arn", "iterator", None))
    under_way.read_by_now(3)


def test_a_bell_that_is_broken_holds_nothing_up_for_long(under_way: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_READ_ANYWAY_SECONDS", 0.0)
    under_way.read_by_now(MANY)


def test_without_a_bell_streams_are_read_all_the_time() -> None:
    found = Reading(None)
    try:
        found.read_by_now(MANY)
    finally:
        found.reader.stop()


def test_a_bell_says_another_number_each_time_and_that_of_another_process_counts_too(tmp_path: Path) -> None:
    one, other = (Bell(tmp_path / "a.bell") for _ in range(2))
    heard: list[Any] = [one.rung()]
    for ringing in (one, other, one):
        ringing.ring()
        heard.append(one.rung())
    assert len(set(heard)) == 4
    assert other.rung() == one.rung()
