"""Reading a job's state: by its snapshot, and without it where the history has left it aside."""

from functions.adapters.memory import MemoryHistory, MemoryProjections, MemoryTable
from functions.application.read_state import read_state, read_whole_state
from functions.domain.job.events import JobAdopted, JobSubmitted, StepSucceeded
from functions.domain.job.history import Segment
from functions.domain.job.state import fold, snapshot_of
from tests.simulation.virtual_time import in_virtual_time

EAST, WEST, NOON = "us-east-1", "us-west-2", "2026-11-21T12:00:00.000Z"
JOB = JobSubmitted(at=NOON, tenant="acme", agent="a", agent_version="1", lane="batch", input=None, body_digest="d")


def step(sequence: int) -> Segment:
    event = StepSucceeded(at=NOON, step=f"s{sequence}", step_kind="tool", arguments="d", result=sequence)
    return Segment("job", 1, EAST, sequence, (event,))


async def long_job() -> tuple[MemoryHistory, list[Segment]]:
    """Return a replica with a job of four steps, of which three are in its snapshot."""
    table = MemoryTable()
    history, segments = MemoryHistory(table), [Segment("job", 1, EAST, 1, (JOB,)), *(step(n) for n in range(2, 6))]
    for segment in segments:
        await history.append(segment)
    state = fold(segments[:4])
    assert state is not None
    await MemoryProjections(table).put_snapshot(snapshot_of("job", state, EAST))
    return history, segments


@in_virtual_time
async def test_a_long_job_is_folded_from_its_snapshot() -> None:
    history, _ = await long_job()
    record, state = await read_state(history, "job")
    assert state is not None
    assert (len(record.segments), len(state.steps), state.last_sequence) == (1, 4, 5)


@in_virtual_time
async def test_where_the_winning_history_leaves_the_snapshot_aside_all_of_it_is_read() -> None:
    history, _ = await long_job()
    adopted = JobAdopted(at=NOON, from_epoch=1, from_region=EAST, from_sequence=2, reason="lost")
    await history.append(Segment("job", 2, WEST, 3, (adopted,)))
    record, state = await read_state(history, "job")
    assert state is not None
    assert (len(record.segments), sorted(state.steps), state.owner_region) == (6, ["s2"], WEST)


@in_virtual_time
async def test_every_event_can_be_read_all_the_same() -> None:
    history, segments = await long_job()
    _, state = await read_whole_state(history, "job")
    assert state is not None
    assert len(state.history) == len(segments)


@in_virtual_time
async def test_a_job_that_is_not_there_has_no_state() -> None:
    record, state = await read_state(MemoryHistory(MemoryTable()), "job")
    assert (record.segments, state) == ((), None)
