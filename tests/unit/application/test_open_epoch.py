"""Opening an epoch: where it continues, and who is first."""

from functions.adapters.memory import MemoryHistory, MemoryTable
from functions.application.open_epoch import open_epoch
from functions.application.ports import Due, LaneSend
from functions.domain.job.state import JobState, fold
from functions.domain.lanes import LaneMessage
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.domain.job.writing import EAST, JOB, WEST, adopted, at, segment, started, step, submitted


async def opened(table: MemoryTable, state: JobState) -> LaneSend | None:
    return await open_epoch(
        MemoryHistory(table), JOB, state, region=WEST, now=at(60), stall_seconds=30, reason="us-east-1 is lost"
    )


@in_virtual_time
async def test_an_epoch_continues_after_the_last_event_that_is_read_whatever_epoch_that_is_of() -> None:
    table = MemoryTable()
    state = fold([segment(1, EAST, 1, submitted(), started()), segment(4, EAST, 9, step("without its beginning"))])
    assert state is not None
    hint = await opened(table, state)
    assert hint == LaneSend("standard", LaneMessage(JOB, 5, "adopted"), "acme")
    (row,) = table.segments.values()
    assert row.due == Due(at(90), "standard")
    assert row.segment == segment(5, WEST, 3, adopted(1, EAST, 2, seconds=60))


@in_virtual_time
async def test_of_two_who_open_one_epoch_the_second_gets_nothing_whatever_it_has_read() -> None:
    table = MemoryTable()
    read_less, read_more = fold([segment(1, EAST, 1, submitted())]), fold([segment(1, EAST, 1, submitted(), started())])
    assert read_less is not None
    assert read_more is not None
    assert await opened(table, read_less) is not None
    assert await opened(table, read_more) is None
    assert len(table.segments) == 1
