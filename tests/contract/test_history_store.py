"""HistoryStore: segments are written once, in their own place, and read back whole."""

import asyncio

import pytest

from functions.application.ports import AppendConflict, Due, StateUnavailable
from functions.domain.ids import job_id
from functions.domain.job.events import AttemptStarted, Json
from functions.domain.job.history import Head, JobRecord, Segment
from tests.contract.jobs import JOB, NOON, adoption, opening, step
from tests.contract.worlds import EAST, WEST, State


class TestHistoryStore:
    def test_what_is_appended_is_read_back_in_order(self, state: State) -> None:
        segments = [opening(), step(2, {"a": [1, None]}), step(3), adoption()]
        for segment in reversed(segments):
            asyncio.run(state.history.append(segment))
        assert asyncio.run(state.history.read(JOB)) == JobRecord(tuple(segments), ())

    def test_text_numbers_and_nesting_survive(self, state: State) -> None:
        value: Json = {"späß": ["\u0000", "🌍", -0.5, 10**30, True, {"": {}}]}
        asyncio.run(state.history.append(opening(value=value)))
        assert asyncio.run(state.history.read(JOB)).segments == (opening(value=value),)

    def test_null_as_input_and_as_result_survives(self, state: State) -> None:
        segments = (opening(value=None), step(2, None))
        for segment in segments:
            asyncio.run(state.history.append(segment))
        assert asyncio.run(state.history.read(JOB)).segments == segments

    def test_a_job_that_nobody_submitted_reads_as_empty(self, state: State) -> None:
        asyncio.run(state.history.append(opening()))
        assert asyncio.run(state.history.read(job_id("acme", "two"))) == JobRecord((), ())

    def test_appending_the_very_same_segment_again_is_no_conflict(self, state: State) -> None:
        for _ in range(2):
            asyncio.run(state.history.append(opening(), due=Due(NOON, "standard")))
        assert asyncio.run(state.history.read(JOB)).segments == (opening(),)

    def test_another_segment_in_the_same_place_is_refused_and_changes_nothing(self, state: State) -> None:
        asyncio.run(state.history.append(step(2, "first")))
        with pytest.raises(AppendConflict):
            asyncio.run(state.history.append(step(2, "second")))
        assert asyncio.run(state.history.read(JOB)).segments == (step(2, "first"),)

    def test_of_ten_workers_that_append_at_once_one_wins(self, state: State) -> None:
        async def race() -> list[BaseException | None]:
            rivals = [
                Segment(JOB, 1, EAST, 2, (AttemptStarted(at=NOON, worker=f"w{n}", reason="due", delivery=1),))
                for n in range(10)
            ]
            return await asyncio.gather(*(state.history.append(r) for r in rivals), return_exceptions=True)

        outcomes = asyncio.run(race())
        assert sorted(str(type(outcome).__name__) for outcome in outcomes) == ["AppendConflict"] * 9 + ["NoneType"]
        assert len(asyncio.run(state.history.read(JOB)).segments) == 1

    def test_two_regions_that_accept_one_submission_lie_side_by_side(self, state: State) -> None:
        asyncio.run(state.history.append(opening(region=EAST)))
        asyncio.run(state.history.append(opening(region=WEST)))
        assert {segment.region for segment in asyncio.run(state.history.read(JOB)).segments} == {EAST, WEST}

    def test_an_opening_is_found_by_the_region_that_wrote_it(self, state: State) -> None:
        asyncio.run(state.history.append(opening(region=WEST)))
        assert asyncio.run(state.history.read_opening(JOB, WEST)) == opening(region=WEST)
        assert asyncio.run(state.history.read_opening(JOB, EAST)) is None

    def test_heads_come_with_the_segments(self, state: State) -> None:
        heads = (Head(JOB, EAST, 1, 1, "queued", "standard", NOON, "local"), Head(JOB, WEST, 2, 7, "failed", "batch"))
        for head in heads:
            asyncio.run(state.projections.put_head(head))
        asyncio.run(state.history.append(opening()))
        assert asyncio.run(state.history.read(JOB)) == JobRecord((opening(),), heads)

    def test_a_history_of_many_pages_is_read_whole(self, state: State) -> None:
        segments = tuple(step(sequence, "x" * 99_000) for sequence in range(1, 26))
        for segment in segments:
            asyncio.run(state.history.append(segment))
        assert asyncio.run(state.history.read(JOB)).segments == segments

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        for call in (
            state.history.append(opening()),
            state.history.read(JOB),
            state.history.read_opening(JOB, EAST),
        ):
            with pytest.raises(StateUnavailable):
                asyncio.run(call)
