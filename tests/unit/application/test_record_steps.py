"""Writing a running job's history: when segments are written, what they hold, and which steps are refused."""

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from functions.adapters.memory import MemoryHistory, MemoryTable, ScriptedModel, SegmentRow
from functions.application.ports import AppendConflict, Due, ModelAnswer, StateUnavailable, StepOutcome
from functions.application.record_steps import (
    GROUP_SECONDS,
    LARGEST_SEGMENT_BYTES,
    LARGEST_VALUE_BYTES,
    Journal,
    Recorder,
    YieldNow,
    size_of,
)
from functions.domain.errors import AntipodeError
from functions.domain.ids import digest_of
from functions.domain.job.events import Json, StepSucceeded, encode
from functions.domain.job.history import Segment
from functions.domain.job.state import fold
from functions.domain.moments import add_seconds
from functions.sdk import Context, agent
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time, run_virtually
from tests.unit.application.agents import Effects, Nothing, ask
from tests.unit.application.two_regions import EAST, JOB, Crash, Fuse, advance, submitted, two_regions
from tests.unit.domain.job.writing import segment, started, step
from tests.unit.domain.job.writing import submitted as submission


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


def recorded(name: str, result: Json) -> StepSucceeded:
    return replace(step(name, result), arguments=digest_of([]))


class Run:
    """One attempt at a job with this much history."""

    def __init__(self, *known: Segment, seconds: float = 0.0, budget: dict[str, Json] | None = None) -> None:
        self.history = SlowHistory(seconds=seconds)
        state = fold([segment(1, EAST, 1, submission(budget=budget)), *known])
        assert state is not None
        clock = VirtualClock()
        self.journal = Journal(
            history=self.history,
            clock=clock,
            job_id=JOB,
            epoch=1,
            region=EAST,
            next_sequence=state.last_sequence + 1,
        )
        self.recorder = Recorder(self.journal, state, ScriptedModel([]), clock, 1000.0)
        self.carried_out: list[str] = []

    async def step(self, name: str, result: Json = "done", seconds: float = 0.0, **options: Any) -> Json:
        async def effect(idempotency_key: str) -> StepOutcome:
            self.carried_out.append(idempotency_key)
            await pass_time(seconds)
            return StepOutcome(result)

        return await self.recorder.step(name, "tool", [], effect, **options)


@in_virtual_time
async def test_quick_steps_are_written_together() -> None:
    run = Run()
    for number in range(10):
        await run.step(f"s{number}", seconds=0.02)
    await run.journal.flush()
    assert run.history.names == [[f"s{number}" for number in range(10)]]


@in_virtual_time
async def test_what_was_recorded_is_written_after_a_quarter_of_a_second_at_the_latest() -> None:
    run = Run()
    await run.step("a")
    await run.step("b", seconds=0.1)
    await run.step("c", seconds=60)
    assert run.history.names == [["a", "b"]]
    assert run.history.appends[0][0] == pytest.approx(GROUP_SECONDS)


@in_virtual_time
async def test_what_comes_while_a_write_is_under_way_is_written_next_without_any_further_step() -> None:
    run = Run(seconds=1.0)
    await run.step("a")
    await run.step("b", seconds=0.5)  # recorded at 0.5, while the first write lasts from 0.25 to 1.25
    await pass_time(10)
    assert run.history.names == [["a"], ["b"]]
    assert run.history.appends[1][0] == pytest.approx(1.5)


@in_virtual_time
async def test_an_expensive_step_is_written_before_the_agent_goes_on() -> None:
    run = Run()
    await run.step("cheap")
    await run.step("dear", expensive=True)
    assert run.history.names == [["cheap", "dear"]]


@in_virtual_time
async def test_everything_is_written_before_a_step_that_must_not_be_repeated() -> None:
    run = Run()
    await run.step("before")
    task = asyncio.create_task(run.step("harmful", seconds=0.1, repeatable=False))
    await pass_time(0.05)
    assert run.history.names == [["before"]]
    await task


@in_virtual_time
async def test_much_that_has_gathered_is_written_at_once() -> None:
    run = Run()
    await run.step("a", "x" * 90_000)
    await run.step("b", "x" * 90_000)
    assert run.history.names == []
    await run.step("c", "x" * 90_000)
    assert run.history.names == [["a", "b", "c"]]


@in_virtual_time
async def test_no_segment_outgrows_an_item_however_many_branches_end_at_once() -> None:
    run = Run(seconds=0.1)
    await asyncio.gather(*(run.step(f"s{number}", "x" * 99_000, seconds=1) for number in range(20)))
    await run.journal.flush()
    sizes = [len(encode(item.events)) for _, item in run.history.appends]
    assert max(sizes) <= LARGEST_SEGMENT_BYTES
    names = [name for group in run.history.names for name in group]
    assert sorted(names) == sorted(f"s{number}" for number in range(20))
    sequences = [item.first_sequence for _, item in run.history.appends]
    assert sequences == [2 + sum(map(len, run.history.names[:index])) for index in range(len(sequences))]


@in_virtual_time
async def test_after_a_conflict_nothing_more_is_written_and_no_step_is_begun() -> None:
    run = Run()
    another = segment(1, EAST, 2, started(worker="another"))
    run.history.table.segments[JOB, 1, EAST, 2] = SegmentRow(another, None)
    with pytest.raises(AppendConflict):
        await run.step("a", expensive=True)
    for _ in range(3):
        with pytest.raises(AppendConflict):
            await run.step("b")
        with pytest.raises(AppendConflict):
            await run.journal.flush()
    assert run.carried_out == [f"{JOB}/a"]


@in_virtual_time
async def test_a_write_that_failed_in_the_background_stops_the_next_step() -> None:
    run = Run()
    await run.step("a")
    run.history.table.refusing = True
    await pass_time(1)
    run.history.table.refusing = False
    with pytest.raises(StateUnavailable):
        await run.step("b")
    assert run.carried_out == [f"{JOB}/a"]


@in_virtual_time
async def test_a_step_that_gives_up_waiting_does_not_leave_the_journal_in_doubt() -> None:
    run = Run(seconds=5.0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(run.step("a", expensive=True), 1)
    await run.step("b", expensive=True)
    state = fold([segment(1, EAST, 1, submission()), *(item for _, item in run.history.appends)])
    assert state is not None
    assert list(state.steps) == ["a", "b"]
    assert state.complete


@in_virtual_time
async def test_closing_lets_a_write_end_and_begins_no_other() -> None:
    run = Run(seconds=1.0)
    await run.step("a")
    await run.step("b", seconds=0.5)
    await run.journal.close()
    assert list(run.history.table.segments) == [(JOB, 1, EAST, 2)]
    await pass_time(10)
    assert run.history.names == [["a"]]


@in_virtual_time
async def test_recorded_steps_are_read_and_not_carried_out() -> None:
    run = Run(segment(1, EAST, 2, recorded("a", "A"), recorded("a#2", "B")))
    assert [await run.step("a"), await run.step("a"), await run.step("a", "C")] == ["A", "B", "C"]
    assert run.carried_out == [f"{JOB}/a#3"]


@pytest.mark.parametrize(
    ("kind", "arguments", "told"), [("model", [], "other kind than now"), ("tool", ["new"], "other arguments than now")]
)
def test_an_agent_that_takes_another_path_than_its_history_is_stopped(kind: str, arguments: Json, told: str) -> None:
    async def program() -> None:
        run = Run(segment(1, EAST, 2, recorded("a", "A")))

        async def effect(idempotency_key: str) -> StepOutcome:
            raise AssertionError("must not be carried out")

        with pytest.raises(AntipodeError, match=told) as caught:
            await run.recorder.step("a", kind, arguments, effect)
        assert caught.value.code == "replay_diverged"

    run_virtually(program())


@in_virtual_time
async def test_no_step_is_begun_when_the_time_is_over() -> None:
    run = Run()
    run.recorder.stop_at = 10
    await pass_time(10)
    with pytest.raises(YieldNow):
        await run.step("a")
    assert not run.carried_out


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("x" * LARGEST_VALUE_BYTES, "value_too_large"),
        (float("inf"), "value_not_serialisable"),
        ("half a character \ud800", "value_not_serialisable"),
        ({1, 2}, "value_not_serialisable"),
    ],
)
def test_a_value_that_cannot_be_recorded_is_a_clear_error(value: Any, code: str) -> None:
    with pytest.raises(AntipodeError, match="the result") as caught:
        size_of(value, "the result")
    assert caught.value.code == code


def test_sizes_are_counted_in_bytes() -> None:
    assert size_of("é", "it") == 4
    assert size_of("x" * (LARGEST_VALUE_BYTES - 2), "it") == LARGEST_VALUE_BYTES


@in_virtual_time
async def test_a_running_job_ends_at_the_first_step_after_its_deadline() -> None:
    effects = Effects()
    east, _ = two_regions(effects.walker(10, seconds=4))
    message = await submitted(east, "walk", deadline=add_seconds(east.clock.now(), 10))
    await advance(east, message)
    assert east.error_code() == "deadline_passed"
    assert len(effects.done) == 3


@pytest.mark.parametrize("crash_at", [None, 5, 9])
def test_a_budget_of_steps_allows_just_so_many_however_often_the_job_is_begun(crash_at: int | None) -> None:
    async def program() -> None:
        effects = Effects()
        east, _ = two_regions(effects.walker(5))
        message = await submitted(east, "walk", budget={"steps": 3})
        with contextlib.suppress(Crash):
            await advance(east, message, Fuse(crash_at))
        await advance(east, message, delivery=2)
        assert east.error_code() == "budget_exceeded"
        assert set(effects.done) == {"tread", "tread#2", "tread#3"}

    run_virtually(program())


@in_virtual_time
async def test_a_budget_of_tokens_ends_the_job_once_they_are_spent_and_the_call_is_recorded() -> None:
    east, _ = two_regions(ask)
    east.model.answers = [ModelAnswer('{"words": "yes"}', 80, 30)]
    await advance(east, await submitted(east, "ask", budget={"tokens": 100}))
    assert east.error_code() == "budget_exceeded"
    assert list(east.state(JOB).steps) == ["model"]


@pytest.mark.parametrize(("result", "code"), [("x" * 100_001, "value_too_large"), (float("nan"), None)])
def test_a_result_that_cannot_be_recorded_is_one_final_error(result: Any, code: str | None) -> None:
    @agent("odd", version="1")
    async def odd(ctx: Context, request: Nothing) -> Any:
        """Returns something odd."""
        return result

    async def program() -> None:
        east, _ = two_regions(odd)
        await advance(east, await submitted(east, "odd"))
        assert east.error_code() == (code or "value_not_serialisable")

    run_virtually(program())


@in_virtual_time
async def test_an_agent_that_catches_everything_cannot_catch_that_its_time_is_over() -> None:
    async def tread() -> str:
        await pass_time(10)
        return "trodden"

    @agent("careful", version="1")
    async def careful(ctx: Context, request: Nothing) -> list[str]:
        """Puts up with everything."""
        results = []
        for _ in range(3):
            try:
                results.append(await ctx.tool(tread))
            except Exception:  # noqa: BLE001 - as authors do
                results.append("failed")
        return results

    east, _ = two_regions(careful)
    await advance(east, await submitted(east, "careful"), seconds=5)
    assert east.kinds()[-1] == "attempt_yielded"
    await east.work()
    assert east.state(JOB).result == ["trodden"] * 3


@in_virtual_time
async def test_a_branch_that_is_left_behind_is_ended_and_records_nothing_after_the_end() -> None:
    effects = Effects()
    east, _ = two_regions(effects.pair("raises", "slow"))
    await advance(east, await submitted(east, "pair"))
    await pass_time(100)
    assert east.error_code() == "agent_raised"
    assert east.kinds()[-1] == "failed"
    assert effects.done == {"raises": 1}


@in_virtual_time
async def test_branches_that_run_at_once_are_all_recorded() -> None:
    effects = Effects()
    east, _ = two_regions(effects.pair("quick", "slow"))
    await advance(east, await submitted(east, "pair"))
    assert east.state(JOB).result == ["quick", "slow"]
