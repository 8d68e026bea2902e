"""HistoryStore and Projections: reading a long job from a snapshot of it."""

import asyncio
import random
from dataclasses import replace

import pytest

from functions.domain.job.events import JobAdopted, StepSucceeded
from functions.domain.job.history import Segment
from functions.domain.job.snapshot import Snapshot
from functions.domain.job.state import JobState, NeedsWhole, fold, snapshot_of
from tests.contract.jobs import JOB, NOON, adoption, opening, step
from tests.contract.worlds import EAST, WEST, State

LONG = 260  # more than a page


def long_job(state: State, upto: int = LONG) -> list[Segment]:
    """Write a job of so many events, one a segment."""
    segments = [opening(), *(step(sequence) for sequence in range(2, upto + 1))]

    async def write() -> None:
        for segment in segments:
            await state.history.append(segment)

    asyncio.run(write())
    return segments


def folded(segments: list[Segment]) -> JobState:
    state = fold(segments)
    assert state is not None
    return state


def put(state: State, snapshot: Snapshot) -> None:
    asyncio.run(state.projections.put_snapshot(snapshot))


class TestSnapshots:
    def test_a_long_job_is_read_from_its_snapshot_on(self, state: State) -> None:
        segments = long_job(state)
        snapshot = snapshot_of(JOB, folded(segments[:-3]), EAST)
        put(state, snapshot)
        record = asyncio.run(state.history.read(JOB))
        assert record.segments == tuple(segments[-3:])
        assert record.snapshot == snapshot
        assert record.snapshot_sequence == LONG - 3
        assert fold(record.segments, record.snapshot) is not None

    def test_the_whole_history_can_be_read_all_the_same(self, state: State) -> None:
        segments = long_job(state)
        put(state, snapshot_of(JOB, folded(segments[:-3]), EAST))
        record = asyncio.run(state.history.read_whole(JOB))
        assert record.segments == tuple(segments)
        assert (record.snapshot, record.snapshot_sequence) == (None, LONG - 3)

    def test_a_region_has_one_snapshot_of_a_job_and_the_furthest_of_both_regions_counts(self, state: State) -> None:
        segments = long_job(state)
        for cut, writer in ((-40, EAST), (-30, WEST), (-20, EAST)):
            put(state, snapshot_of(JOB, folded(segments[:cut]), writer))
        record = asyncio.run(state.history.read(JOB))
        assert record.snapshot is not None
        assert (record.snapshot.writer, len(record.segments)) == (EAST, 20)

    def test_what_the_other_region_began_in_the_same_epoch_is_read_with_it(self, state: State) -> None:
        rival = opening()
        mine = [replace(each, region=WEST) for each in (opening(), *map(step, range(2, 20)))]
        for segment in (rival, *mine):
            asyncio.run(state.history.append(segment))
        put(state, snapshot_of(JOB, folded(mine[:-3]), WEST))
        record = asyncio.run(state.history.read(JOB))
        assert record.segments == (rival, *mine[-3:])
        with pytest.raises(NeedsWhole):
            fold(record.segments, record.snapshot)

    def test_what_came_in_a_later_epoch_is_read_with_it(self, state: State) -> None:
        segments = long_job(state)
        put(state, snapshot_of(JOB, folded(segments), EAST))
        later = replace(adoption(), first_sequence=LONG + 1)
        adopted = later.events[0]
        assert isinstance(adopted, JobAdopted)
        event = replace(adopted, from_sequence=LONG)
        asyncio.run(state.history.append(replace(later, events=(event,))))
        record = asyncio.run(state.history.read(JOB))
        read = fold(record.segments, record.snapshot)
        assert read is not None
        assert (read.epoch, read.owner_region, read.complete, len(read.steps)) == (2, WEST, True, LONG - 1)

    def test_a_snapshot_of_several_items_is_read_back_whole_and_replaced_whole(self, state: State) -> None:
        noise = random.Random(7)
        segments = long_job(state)
        for size in (8_000, 6_000):  # random digits hardly compress: more than two items, then fewer
            texts = [noise.randbytes(size // 2).hex() for _ in range(100)]
            steps = {f"s{n}": _step(n, text) for n, text in enumerate(texts)}
            snapshot = snapshot_of(JOB, replace(folded(segments[:-3]), steps=steps), EAST)
            put(state, snapshot)
            assert asyncio.run(state.history.read(JOB)).snapshot == snapshot


def _step(number: int, text: str) -> StepSucceeded:
    return StepSucceeded(at=NOON, step=f"s{number}", step_kind="tool", arguments="d", result=text)
