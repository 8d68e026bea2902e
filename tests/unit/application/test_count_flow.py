"""What a process has counted is told seldom, in one write, and is not lost when the table refuses."""

import asyncio
from dataclasses import replace
from typing import Any

from functions.adapters.memory import MemoryTable
from functions.adapters.memory_flow import MemoryFlow
from functions.application.count_flow import TELL_SECONDS, WORTH_A_WRITE, CountFlow
from functions.domain.job.history import Segment
from functions.domain.job.state import JobState, fold
from functions.domain.lane_flow import TOLD_AFTER_SECONDS, LaneCounts, bucket_of
from functions.domain.moments import add_seconds
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time
from tests.unit.domain.job.writing import EAST, NOON, submitted


def counting() -> tuple[MemoryFlow, CountFlow]:
    book = MemoryFlow(MemoryTable())
    return book, CountFlow(book=book, clock=VirtualClock(), region=EAST)


def state(*, attempts: int = 0, at: str = NOON, **fields: Any) -> JobState:
    """Return a job on the lane batch."""
    began = fold((Segment("job", 1, EAST, 1, (submitted(lane="batch", at=at, **fields),)),))
    assert began is not None
    return replace(began, attempts=attempts)


def told(book: MemoryFlow) -> list[LaneCounts]:
    return [lanes["batch"] for _, lanes in sorted(book.buckets.items())]


def start(count: CountFlow, number: int = 1) -> None:
    for _ in range(number):
        count.started(state(attempts=1), count.clock.now())


@in_virtual_time
async def test_the_first_attempt_of_a_process_is_told_at_the_end_of_its_batch() -> None:
    book, count = counting()
    async with count.telling():
        now = count.clock.now()
        count.started(state(at=add_seconds(now, -2.5)), now)
        count.ended("batch", failed=True)
        assert told(book) == []
    assert book.buckets == {(EAST, bucket_of(now)): {"batch": LaneCounts(1, 1, 1, 1, 2500)}}


@in_virtual_time
async def test_few_attempts_are_told_after_twenty_seconds_and_ten_after_five() -> None:
    book, count = counting()
    start(count)
    await count.tell()
    for wait, number, known in [
        (TELL_SECONDS, WORTH_A_WRITE - 1, 1),
        (TOLD_AFTER_SECONDS - TELL_SECONDS - 0.1, 0, 1),
        (0.1, 0, WORTH_A_WRITE),
        (TELL_SECONDS - 0.1, WORTH_A_WRITE, WORTH_A_WRITE),
        (0.1, 0, 2 * WORTH_A_WRITE),
        (60.0, 0, 2 * WORTH_A_WRITE),
    ]:
        start(count, number)
        await pass_time(wait)
        await count.tell()
        assert sum(counts.starts for counts in told(book)) == known


@in_virtual_time
async def test_a_batch_that_takes_long_tells_of_its_attempts_while_it_runs() -> None:
    book, count = counting()
    async with count.telling():
        start(count, 3)
        await pass_time(TELL_SECONDS + 0.1)
        assert told(book) == [LaneCounts(starts=3)]
        start(count, WORTH_A_WRITE)
        await pass_time(TELL_SECONDS)
        assert sum((each for each in told(book)), LaneCounts()) == LaneCounts(starts=13)


@in_virtual_time
async def test_what_a_table_refused_is_told_later() -> None:
    book, count = counting()
    start(count)
    book.table.refusing = True
    await count.tell()
    book.table.refusing = False
    await count.tell()
    assert told(book) == []
    await pass_time(TOLD_AFTER_SECONDS)
    start(count)
    await count.tell()
    assert told(book) == [LaneCounts(starts=2)]


@in_virtual_time
async def test_a_batch_that_fails_leaves_nothing_running() -> None:
    _, count = counting()
    try:
        async with count.telling():
            raise ValueError("no")
    except ValueError:
        pass
    assert asyncio.all_tasks() == {asyncio.current_task()}
