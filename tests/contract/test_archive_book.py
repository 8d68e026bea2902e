"""What a table holds of old jobs, and where the archive has them: found item by item, struck out, and read around."""

import asyncio

import pytest

from functions.application.archive_ports import HeldItem
from functions.application.ports import Due, StateUnavailable
from functions.domain.dead_letter import DeadLetter, LetterType
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.history import ArchivePlace, Ask, Head
from functions.domain.job.snapshot import Snapshot
from functions.domain.lanes import DUE_SHARDS
from tests.contract.jobs import JOB, NOON, adoption, opening, step, submitted
from tests.contract.worlds import EAST, WEST, State

PLACE = ArchivePlace(EAST, NOON, "us-east-1/2026-11-21/0a.jsonl.gz", 12, 345)
LATER = ArchivePlace(WEST, "2026-11-22T12:00:00.000Z", "us-west-2/2026-11-22/0b.jsonl.gz", 0, 400)
OPENING, STEP, TAKEN = "E#000001.us-east-1#00000001", "E#000001.us-east-1#00000002", "E#000002.us-west-2#00000000"
SIGNAL = Arrival(job_id=JOB, region=WEST, kind=ArrivalKind.SIGNAL, name="go/k", at=NOON, by="acme", body={"n": 1})
LETTER = DeadLetter(type=LetterType.JOB, id=JOB, tenant="acme", at=NOON, region=EAST, code="agent_failed")


def written(state: State) -> State:
    """A job that has something of each kind."""

    async def write() -> None:
        await state.history.append(opening(), due=Due(NOON, "batch"))
        await state.history.append(step(2))
        await state.history.append(adoption(), due=Due(NOON, "batch"))
        await state.history.receive(SIGNAL, owner=EAST, lane="batch")
        await state.projections.put_head(Head(JOB, EAST, 1, 2, "running", "batch", due_at=NOON))
        await state.projections.put_head(Head(JOB, WEST, 2, 3, "failed", "batch"))
        await state.projections.put_ask(Ask(JOB, EAST, "s1", "acme", "legal", NOON))
        await state.projections.put_snapshot(Snapshot(JOB, EAST, 1, EAST, 2, EAST, submitted(), {"a": 1}))
        await state.dead_letters.put(LETTER)

    asyncio.run(write())
    return state


def due_jobs(state: State) -> set[str]:
    found = set()
    for region in (EAST, WEST):
        for shard in range(DUE_SHARDS):
            page = state.projections.due(region, "batch", shard, after="", upto="2027-01-01T00:00:00.000Z", limit=99)
            found |= {entry.job_id for entry in asyncio.run(page)}
    return found


class TestArchiveBook:
    def test_all_that_a_table_holds_of_a_job_is_found_with_who_wrote_it_and_what_leads_to_it(
        self, state: State
    ) -> None:
        held = asyncio.run(written(state).archive_book.hold(JOB))
        assert {item.key: (item.writer, item.leads) for item in held.items} == {
            OPENING: (EAST, True),
            STEP: (EAST, False),
            TAKEN: (WEST, True),
            f"IN#{WEST}#signal#go/k": (WEST, True),
            f"HEAD#{EAST}": (EAST, True),
            f"HEAD#{WEST}": (WEST, False),
            f"ASK#{EAST}#s1": (EAST, False),
            f"SNAP#{EAST}": (EAST, False),
            f"LETTER#{EAST}": (EAST, False),
        }
        assert held.record == asyncio.run(state.history.read_whole(JOB))
        assert held.record.archived is None

    def test_where_the_archive_has_a_job_is_read_with_the_job_and_the_newest_counts(self, state: State) -> None:
        written(state)
        for place in (LATER, PLACE):
            asyncio.run(state.archive_book.note(JOB, place))
            assert asyncio.run(state.archive_book.knows(JOB, place))
        for record in (asyncio.run(state.history.read(JOB)), asyncio.run(state.history.read_whole(JOB))):
            assert record.archived == LATER
            assert record.snapshot is None, "what is held may be a part, so nothing is left out of it"
            assert len(record.segments) == 3

    def test_another_place_than_the_one_that_is_noted_is_not_known(self, state: State) -> None:
        assert not asyncio.run(state.archive_book.knows(JOB, PLACE))
        asyncio.run(state.archive_book.note(JOB, PLACE))
        assert not asyncio.run(state.archive_book.knows(JOB, ArchivePlace(EAST, NOON, PLACE.name, 13, 345)))
        assert not asyncio.run(state.archive_book.knows(JOB, LATER))

    def test_what_is_struck_out_is_gone_and_the_rest_is_as_it_was(self, state: State) -> None:
        written(state)
        asyncio.run(state.archive_book.note(JOB, PLACE))
        held = asyncio.run(state.archive_book.hold(JOB))
        own = [item for item in held.items if item.writer == EAST]
        for _ in range(2):
            asyncio.run(state.archive_book.strike_out(JOB, own))
        left = asyncio.run(state.archive_book.hold(JOB))
        assert [item.key for item in left.items] == [TAKEN, f"HEAD#{WEST}", f"IN#{WEST}#signal#go/k"]
        assert left.record.archived == PLACE
        assert due_jobs(state) == {JOB}
        asyncio.run(state.archive_book.strike_out(JOB, left.items))
        assert due_jobs(state) == set()
        gone = asyncio.run(state.history.read(JOB))
        assert (gone.segments, gone.heads, gone.arrivals, gone.archived) == ((), (), (), PLACE)

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        for call in (
            state.archive_book.hold(JOB),
            state.archive_book.note(JOB, PLACE),
            state.archive_book.knows(JOB, PLACE),
            state.archive_book.strike_out(JOB, [HeldItem(OPENING, EAST, True)]),
        ):
            with pytest.raises(StateUnavailable):
                asyncio.run(call)
