"""Segments and the keys under which they lie."""

import pytest

from functions.domain.job.history import DueEntry, Head, JobRecord, job_key, segment_from, segment_key
from tests.unit.domain.job.writing import EAST, JOB, NOON, WEST, adopted, segment, started, step, submitted


def test_events_are_numbered_from_the_first_sequence_on() -> None:
    assert segment(1, EAST, 5, started(), step("a"), step("b")).last_sequence == 7


def test_submissions_and_adoptions_open_an_epoch_and_nothing_else_does() -> None:
    assert segment(1, EAST, 1, submitted()).opens_epoch
    assert segment(2, WEST, 4, adopted(1, EAST, 3)).opens_epoch
    assert not segment(1, EAST, 2, started(), step("a")).opens_epoch


@pytest.mark.parametrize(
    "written",
    [
        segment(1, EAST, 1, submitted()),
        segment(1, EAST, 12, started()),
        segment(2, WEST, 13, adopted(1, EAST, 12), started()),
    ],
)
def test_a_segment_is_read_back_from_its_key_and_events(written: object) -> None:
    item = written
    assert isinstance(item, type(segment(1, EAST, 1, submitted())))
    assert segment_from(JOB, segment_key(item.epoch, item.region, item.place), item.events) == item


def test_keys_sort_as_history_does() -> None:
    keys = [segment_key(1, EAST, 2), segment_key(1, EAST, 10), segment_key(2, EAST, 0), segment_key(10, EAST, 0)]
    assert keys == sorted(keys)
    assert keys[0] == "E#000001.us-east-1#00000002"
    assert job_key(JOB) == f"JOB#{JOB}"


def test_two_adopters_of_one_region_meet_at_one_place_whatever_they_have_read() -> None:
    early, late = segment(2, WEST, 3, adopted(1, EAST, 2)), segment(2, WEST, 9, adopted(1, EAST, 8))
    assert early.place == late.place == 0


@pytest.mark.parametrize("key", ["HEAD#us-east-1", "E#000001", "E#000001.#00000001", "", "E#x.us-east-1#1"])
def test_any_other_key_is_no_segments(key: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        segment_from(JOB, key, (started(),))


def test_a_record_gives_the_head_that_a_region_wrote() -> None:
    head = Head(JOB, WEST, 1, 1, "running", "standard")
    assert JobRecord((), (head,)).head_of(WEST) is head
    assert JobRecord((), (head,)).head_of(EAST) is None


def test_due_entries_lie_in_the_order_of_time_then_of_job() -> None:
    assert DueEntry("job_b", NOON).position == f"{NOON}#job_b"
