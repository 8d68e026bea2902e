"""The form of a job in the archive: read back as it was, by itself or as lines of a file that any tool unpacks."""

import gzip
import json

import pytest

from functions.domain.dead_letter import DeadLetter, LetterType, Over
from functions.domain.job.archived import VERSION, covers, merged, packed, unpacked
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.events import JobAdopted, JobSubmitted, JobSucceeded, StepSucceeded, UnreadableEvent
from functions.domain.job.history import Head, JobRecord, Segment
from functions.domain.job.state import fold

NOON = "2026-11-21T12:00:00.000Z"
EAST, WEST = "us-east-1", "us-west-2"
JOB = "j" * 26


def segment(epoch: int, region: str, first: int, *events: object) -> Segment:
    return Segment(JOB, epoch, region, first, events)  # type: ignore[arg-type]


SUBMITTED = JobSubmitted(
    at=NOON, tenant="acme", agent="probe", agent_version="1", lane="batch", input={"größe": 1}, body_digest="d"
)
STEP = StepSucceeded(at=NOON, step="s1", step_kind="tool", arguments="a", result=[1, None, "zwei"])
ADOPTED = JobAdopted(at=NOON, from_epoch=1, from_region=EAST, from_sequence=2, reason="us-east-1 is lost")
OPENING, SECOND = segment(1, EAST, 1, SUBMITTED), segment(1, EAST, 2, STEP)
TAKEN, END = segment(2, WEST, 3, ADOPTED), segment(2, WEST, 4, JobSucceeded(at=NOON, result="done"))
ARRIVAL = Arrival(
    job_id=JOB, region=WEST, kind=ArrivalKind.SIGNAL, name="go/k1", at=NOON, by="acme", body={"deep": [True]}
)
LETTER = DeadLetter(
    type=LetterType.JOB, id=JOB, tenant="acme", at=NOON, region=EAST, code="c", agent="probe", over=Over.DISMISSED
)
HEAD = Head(JOB, EAST, 1, 2, "waiting", "batch", durability="local")
RECORD = JobRecord((OPENING, SECOND, TAKEN, END), (HEAD,), (ARRIVAL,), dead=(LETTER,))


def test_a_job_is_read_back_as_it_was() -> None:
    assert unpacked(JOB, packed(JOB, RECORD)) == RECORD


def test_many_jobs_one_behind_the_other_are_a_file_of_lines() -> None:
    lines = gzip.decompress(packed(JOB, RECORD) * 3).splitlines()
    assert [json.loads(line)["job"] for line in lines] == [JOB] * 3


def test_the_same_job_has_the_same_bytes() -> None:
    assert packed(JOB, RECORD) == packed(JOB, RECORD)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no gzip",
        packed(JOB, RECORD)[:-9],
        packed("k" * 26, RECORD),
        gzip.compress(json.dumps({"version": VERSION + 1, "job": JOB}).encode()),
        gzip.compress(b"no json"),
    ],
    ids=["nothing", "no gzip", "cut off", "another job", "a newer form", "no JSON"],
)
def test_what_is_not_this_job_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        unpacked(JOB, data)


def test_it_covers_what_is_held_only_if_every_event_arrival_and_letter_is_in_it() -> None:
    assert covers(RECORD, RECORD)
    assert covers(RECORD, JobRecord((END,), ()))
    assert covers(RECORD, JobRecord((), ()))
    assert not covers(JobRecord((OPENING, SECOND, TAKEN), ()), JobRecord((OPENING, END), ()))
    assert not covers(JobRecord((OPENING,), ()), JobRecord((segment(1, EAST, 1, STEP),), ()))
    assert not covers(JobRecord((OPENING,), ()), JobRecord((), (), (ARRIVAL,)))
    assert not covers(JobRecord((OPENING,), ()), JobRecord((), (), dead=(LETTER,)))


def test_a_projection_that_has_been_written_anew_is_no_reason_to_keep_a_job() -> None:
    assert covers(JobRecord((OPENING,), ()), JobRecord((OPENING,), (HEAD,)))


def test_archive_and_table_together_are_the_job_whatever_part_the_table_has() -> None:
    for held in (JobRecord((), ()), JobRecord((END,), ()), JobRecord((TAKEN, END), (), (ARRIVAL,))):
        assert merged(RECORD, held) == RECORD
    later = segment(2, WEST, 5, STEP)
    together = merged(RECORD, JobRecord((later,), (Head(JOB, EAST, 1, 2, "failed", "batch"),)))
    assert together.segments == (*RECORD.segments, later)
    assert [head.status for head in together.heads] == ["failed"]
    state = fold(RECORD.segments)
    assert state is not None
    assert state.finished
