"""Old jobs are read from the archive, from whichever Region's shelf gives them; others cost no call of it."""

import asyncio

import pytest

from functions.adapters.memory import MemoryHistory, MemoryTable
from functions.adapters.memory_archive import MemoryArchive
from functions.application.archive_ports import HistoryFrozen
from functions.application.ports import StateUnavailable
from functions.application.recall_history import RecallHistory
from functions.domain.job.archived import packed
from functions.domain.job.history import ArchivePlace, JobRecord
from tests.unit.application.archived_regions import EAST, OLD, plain, signal

JOB, SEGMENTS = plain("old")


class Counting(MemoryArchive):
    """Counts what it is asked for."""

    asked = 0

    async def get(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """See Archive."""
        self.asked += 1
        return await super().get(name, offset, length)


def recalled(*, own: MemoryArchive, peer: MemoryArchive, table: MemoryTable | None = None) -> RecallHistory:
    """A replica in which nothing is left of the job but where it lies: behind another one, in an object."""
    data = packed(JOB, JobRecord(SEGMENTS, ()))
    before = packed("another", JobRecord((), ()))
    for shelf in (own, peer):
        shelf.objects["o"] = before + data
    table = table or MemoryTable()
    table.places[JOB, EAST] = ArchivePlace(EAST, OLD, "o", len(before), len(data))
    return RecallHistory(table=MemoryHistory(table), own=own, peer=peer)


def test_a_job_of_which_nothing_is_left_in_the_table_is_read_from_the_archive() -> None:
    own, peer = Counting(), Counting()
    history = recalled(own=own, peer=peer)
    for record in (asyncio.run(history.read(JOB)), asyncio.run(history.read_whole(JOB))):
        assert record.segments == SEGMENTS
        assert record.archived is not None
    assert (own.asked, peer.asked) == (2, 0)


def test_a_job_that_was_never_archived_asks_the_archive_nothing() -> None:
    own, peer = Counting(), Counting()
    history = RecallHistory(table=MemoryHistory(MemoryTable()), own=own, peer=peer)
    for segment in SEGMENTS:
        asyncio.run(history.append(segment))
    assert asyncio.run(history.read(JOB)).segments == SEGMENTS
    assert asyncio.run(history.read_whole(JOB)).archived is None
    assert asyncio.run(history.read_opening(JOB, EAST)) == SEGMENTS[0]
    assert (own.asked, peer.asked) == (0, 0)


def test_what_came_later_is_added_from_the_table() -> None:
    table = MemoryTable()
    history = recalled(own=MemoryArchive(), peer=MemoryArchive(), table=table)
    arrival = signal(JOB, EAST)
    assert asyncio.run(history.receive(arrival, owner=EAST, lane="batch")) == arrival
    record = asyncio.run(history.read(JOB))
    assert (record.segments, record.arrivals) == (SEGMENTS, (arrival,))
    assert asyncio.run(history.arrivals(JOB)) == (arrival,)


@pytest.mark.parametrize("refusing", [True, False], ids=["it refuses", "it has lost it"])
def test_where_the_own_shelf_has_it_not_the_peers_has(refusing: bool) -> None:
    own = MemoryArchive()
    history = recalled(own=own, peer=MemoryArchive())
    own.refusing = refusing
    own.objects.clear()
    assert asyncio.run(history.read(JOB)).segments == SEGMENTS


def test_a_job_that_neither_shelf_gives_back_is_unavailable_and_never_read_in_part() -> None:
    own, peer = MemoryArchive(), MemoryArchive()
    history = recalled(own=own, peer=peer)
    own.refusing = peer.refusing = True
    with pytest.raises(StateUnavailable, match="does not give"):
        asyncio.run(history.read(JOB))


def test_a_job_in_deep_archive_is_said_to_be_frozen() -> None:
    own, peer = MemoryArchive(), MemoryArchive()
    history = recalled(own=own, peer=peer)
    own.frozen = peer.frozen = True
    with pytest.raises(HistoryFrozen, match="frozen in o"):
        asyncio.run(history.read(JOB))
