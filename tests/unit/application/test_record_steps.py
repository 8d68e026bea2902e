"""Writing a running job's history: when segments are written, what they hold, and what a failed write means."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from functions.adapters.memory import MemoryHistory, MemoryTable, SegmentRow
from functions.application.ports import AppendConflict, Due, StateUnavailable
from functions.application.record_steps import GROUP_SECONDS, LARGEST_SEGMENT_BYTES, Journal, size_of
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Event, WaitOpened, encode
from functions.domain.job.history import Segment
from functions.domain.payload import INLINE_BYTES
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time
from tests.unit.application.two_regions import EAST, JOB
from tests.unit.domain.job.writing import segment, started, step


@dataclass(slots=True)
class SlowHistory(MemoryHistory):
    """Each append takes a while, and is written down with its time."""

    table: MemoryTable = field(default_factory=MemoryTable)
    seconds: float = 0.0
    appends: list[tuple[float, Segment]] = field(default_factory=list)

    async def append(self, segment: Segment, *, due: Due | None = None) -> None:
        """See HistoryStore."""
        self.appends.append((asyncio.get_running_loop().time(), segment))
        await pass_time(self.seconds)
        await MemoryHistory.append(self, segment, due=due)

    @property
    def names(self) -> list[list[str]]:
        """The steps of each append."""
        return [[getattr(event, "step", event.kind) for event in item.events] for _, item in self.appends]


class Writing:
    """A journal that goes on after a submission, and its history."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.history = SlowHistory(seconds=seconds)
        self.journal = Journal(
            history=self.history, clock=VirtualClock(), job_id=JOB, epoch=1, region=EAST, next_sequence=2
        )

    async def step(self, name: str, result: str = "done") -> None:
        self.journal.record(step(name, result), len(result) + 200)
        await self.journal.flush_soon()


@in_virtual_time
async def test_what_was_recorded_is_written_together_after_a_quarter_of_a_second() -> None:
    writing = Writing()
    await writing.step("a")
    await pass_time(0.1)
    await writing.step("b")
    assert writing.history.names == []
    await pass_time(60)
    assert writing.history.names == [["a", "b"]]
    assert writing.history.appends[0][0] == pytest.approx(GROUP_SECONDS)


@in_virtual_time
async def test_what_comes_while_a_write_is_under_way_is_written_next_without_any_further_step() -> None:
    writing = Writing(seconds=1.0)
    await writing.step("a")
    await pass_time(0.5)
    await writing.step("b")  # recorded at 0.5, while the first write lasts from 0.25 to 1.25
    await pass_time(10)
    assert writing.history.names == [["a"], ["b"]]
    assert writing.history.appends[1][0] == pytest.approx(1.5)


@in_virtual_time
async def test_a_flush_writes_everything_recorded_so_far_before_it_returns() -> None:
    writing = Writing(seconds=1.0)
    writing.journal.record(started())
    await writing.step("a")
    await writing.journal.flush()
    assert writing.history.names == [["attempt_started", "a"]]
    assert list(writing.history.table.segments) == [(JOB, 1, EAST, 2)]
    assert writing.journal.next_sequence == 4


@in_virtual_time
async def test_a_flush_of_nothing_writes_nothing() -> None:
    writing = Writing()
    await writing.journal.flush()
    assert writing.history.appends == []


@in_virtual_time
async def test_much_that_has_gathered_is_written_at_once() -> None:
    writing = Writing()
    await writing.step("a", "x" * 90_000)
    await writing.step("b", "x" * 90_000)
    assert writing.history.names == []
    await writing.step("c", "x" * 90_000)
    assert writing.history.names == [["a", "b", "c"]]


@in_virtual_time
async def test_no_segment_outgrows_an_item_however_much_is_recorded_at_once() -> None:
    writing = Writing(seconds=0.1)
    await asyncio.gather(*(writing.step(f"s{number}", "x" * 99_000) for number in range(20)))
    await writing.journal.flush()
    sizes = [len(encode(item.events)) for _, item in writing.history.appends]
    assert max(sizes) <= LARGEST_SEGMENT_BYTES
    names = [name for group in writing.history.names for name in group]
    assert names == [f"s{number}" for number in range(20)]
    sequences = [item.first_sequence for _, item in writing.history.appends]
    assert sequences == [2 + sum(map(len, writing.history.names[:index])) for index in range(len(sequences))]


@in_virtual_time
async def test_after_a_conflict_nothing_more_is_written_and_everybody_is_told() -> None:
    writing = Writing()
    another = segment(1, EAST, 2, started(worker="another"))
    writing.history.table.segments[JOB, 1, EAST, 2] = SegmentRow(another, None)
    await writing.step("a")
    with pytest.raises(AppendConflict):
        await writing.journal.flush()
    writing.journal.record(step("b"))
    for _ in range(3):
        with pytest.raises(AppendConflict):
            writing.journal.check()
        with pytest.raises(AppendConflict):
            await writing.journal.flush()
    assert writing.history.names == [["a"]]


@in_virtual_time
async def test_a_write_that_failed_in_the_background_is_told_at_the_next_check() -> None:
    writing = Writing()
    await writing.step("a")
    writing.journal.check()
    writing.history.table.refusing = True
    await pass_time(1)
    writing.history.table.refusing = False
    with pytest.raises(StateUnavailable):
        writing.journal.check()


@in_virtual_time
async def test_whoever_gives_up_waiting_for_a_flush_does_not_leave_the_journal_in_doubt() -> None:
    writing = Writing(seconds=5.0)
    await writing.step("a")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(writing.journal.flush(), 1)
    await writing.step("b")
    await writing.journal.flush()
    assert writing.history.names == [["a"], ["b"]]
    assert list(writing.history.table.segments) == [(JOB, 1, EAST, 2), (JOB, 1, EAST, 3)]


@in_virtual_time
async def test_closing_lets_a_write_end_and_begins_no_other() -> None:
    writing = Writing(seconds=1.0)
    await writing.step("a")
    await pass_time(0.5)
    await writing.step("b")
    await writing.journal.close()
    assert list(writing.history.table.segments) == [(JOB, 1, EAST, 2)]
    await pass_time(10)
    assert writing.history.names == [["a"]]


@pytest.mark.parametrize(
    ("event", "opened"),
    [(step("a"), False), (WaitOpened(at="t", step="s", step_kind="call", arguments="a", until="u"), True)],
)
def test_a_journal_remembers_whether_anything_began_to_wait(event: Event, opened: bool) -> None:
    @in_virtual_time
    async def program() -> None:
        writing = Writing()
        writing.journal.record(event)
        assert writing.journal.opened_waits is opened

    program()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("x" * INLINE_BYTES, "value_too_large"),
        (float("inf"), "value_not_serialisable"),
        ("half a character \ud800", "value_not_serialisable"),
        ({1, 2}, "value_not_serialisable"),
    ],
)
def test_a_value_that_cannot_be_recorded_is_a_clear_error(value: Any, code: str) -> None:
    with pytest.raises(AntipodeError, match="the note") as caught:
        size_of(value, "the note")
    assert caught.value.code == code


def test_sizes_are_counted_in_bytes() -> None:
    assert size_of("é", "it") == 4
    assert size_of("x" * (INLINE_BYTES - 2), "it") == INLINE_BYTES


@in_virtual_time
async def test_whoever_waits_until_all_is_written_is_told_whether_it_was() -> None:
    writing = Writing(seconds=3)
    writing.journal.record(step("a"))
    flush = asyncio.create_task(writing.journal.flush())
    await pass_time(1)
    flush.cancel()
    assert await writing.journal.is_written()
    assert asyncio.get_running_loop().time() == 3
    assert list(writing.history.table.segments)
    writing.history.table.refusing = True
    await writing.step("b")
    await pass_time(1)
    assert not await writing.journal.is_written()
