"""What a turn has of its conversation: memory within a bound of tokens, what it adds, what is merged, whom it tells."""

import pytest

from functions.domain.errors import AntipodeError
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.conversation import LARGEST_ENTRY_BYTES
from functions.domain.job.events import Json
from functions.sdk import Context, Entry
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.sdk.recording import NOON, Recording

MEMORY: list[Json] = [
    {"role": "user", "content": "a" * 40, "turn": "job_1"},
    {"role": "assistant", "content": {"said": "b"}, "turn": "job_1"},
    {"role": "user", "content": "", "turn": "job_2"},
]


def merged(turn: str, value: Json) -> Arrival:
    return Arrival(
        job_id="job_a",
        region="us-east-1",
        kind=ArrivalKind.SIGNAL,
        name=f"session.merge/{turn}",
        at=NOON,
        by="session",
        body={"turn": turn, "input": value},
    )


def test_the_whole_memory_is_there_the_oldest_first() -> None:
    entries = Context(Recording(memory=MEMORY)).memory()
    assert entries == [
        Entry("user", "a" * 40, "job_1"),
        Entry("assistant", {"said": "b"}, "job_1"),
        Entry("user", "", "job_2"),
    ]


@pytest.mark.parametrize(("tokens", "many"), [(0, 0), (1, 1), (3, 1), (4, 2), (13, 2), (14, 3), (1000, 3)])
def test_four_characters_are_a_token_and_of_the_memory_the_newest_that_fits_is_returned(tokens: int, many: int) -> None:
    entries = Context(Recording(memory=MEMORY)).memory(max_tokens=tokens)
    assert [entry.content for entry in entries] == ["a" * 40, {"said": "b"}, ""][3 - many :]


def test_a_job_of_no_session_remembers_nothing_from_before() -> None:
    ctx = Context(Recording())
    assert (ctx.session, ctx.memory()) == (None, [])
    assert Context(Recording(session="s")).session == "s"


@in_virtual_time
async def test_what_is_remembered_is_recorded_once() -> None:
    recording = Recording()
    for _ in range(2):
        ctx = Context(recording)
        await ctx.remember("user", {"text": "hello"})
        await ctx.remember("assistant", "hi")
        recording.rewind()
    assert [(step.kind, step.result) for step in recording.steps] == [
        ("remember", {"role": "user", "content": {"text": "hello"}}),
        ("remember", {"role": "assistant", "content": "hi"}),
    ]


@in_virtual_time
async def test_an_entry_that_is_too_large_or_of_nobody_is_refused_and_not_recorded() -> None:
    recording = Recording()
    await Context(recording).remember("user", "x" * (LARGEST_ENTRY_BYTES - 2))
    with pytest.raises(AntipodeError) as raised:
        await Context(recording).remember("user", "x" * (LARGEST_ENTRY_BYTES - 1))
    assert raised.value.code == "memory_too_large"
    with pytest.raises(TypeError, match="role"):
        await Context(recording).remember("", "x")
    assert len(recording.steps) == 1


@in_virtual_time
async def test_all_inputs_that_have_come_are_taken_in_at_once_and_after_that_none() -> None:
    recording = Recording(arrives=[merged("job_2", {"words": "one"}), merged("job_3", None)])
    ctx = Context(recording)
    assert await ctx.merged() == [{"words": "one"}, None]
    assert await ctx.merged() == []
    assert [request.seconds for request in recording.waits] == [0.0] * 4
    recording.rewind()
    assert await Context(recording).merged() == [{"words": "one"}, None]


@in_virtual_time
async def test_a_turn_may_wait_for_the_first_input_and_takes_the_others_only_if_they_are_there() -> None:
    recording = Recording(arrives=[merged("job_2", "one")])
    assert await Context(recording).merged(timeout=30, answer=str) == ["one"]
    assert [request.seconds for request in recording.waits] == [30, 0.0]


@in_virtual_time
async def test_a_merged_input_of_another_form_says_where_it_does_not_fit() -> None:
    recording = Recording(arrives=[merged("job_2", "one")])
    with pytest.raises(AntipodeError) as raised:
        await Context(recording).merged(answer=int)
    assert raised.value.code == "signal_invalid"


@in_virtual_time
async def test_another_job_is_told_once_and_the_answer_says_whether_it_was() -> None:
    recording = Recording(answers_to_tells=[{"told": True}, {"told": False, "end": {"status": "failed"}}])
    ctx = Context(recording)
    assert await ctx.tell("job_b", "go", {"now": 1}) is True
    assert await ctx.tell("job_c", "go") is False
    recording.rewind()
    assert await Context(recording).tell("job_b", "go", {"now": 1}) is True
    assert [(each.job_id, each.topic, each.body, each.kind) for each in recording.told] == [
        ("job_b", "go", {"now": 1}, ArrivalKind.SIGNAL),
        ("job_c", "go", None, ArrivalKind.SIGNAL),
    ]


@in_virtual_time
async def test_no_author_sends_or_awaits_the_signals_of_sessions() -> None:
    ctx = Context(Recording())
    with pytest.raises(TypeError, match="Antipode's own"):
        await ctx.tell("job_b", "session.admit")
    with pytest.raises(TypeError, match="Antipode's own"):
        await ctx.signal("session.mail", timeout=1)
