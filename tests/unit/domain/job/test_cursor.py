"""Where a client stands that follows a job: what it is told when it had read a branch that was left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.job.cursor import MOST_PLACES, Cursor, Mark, cursor_after, needs_whole, page, read_mark, stand
from functions.domain.job.history import Segment
from functions.domain.job.state import JobState, Place, Recorded, fold, snapshot_of
from tests.unit.domain.job.histories import histories, parts_of
from tests.unit.domain.job.writing import EAST, JOB, WEST, adopted, segment, started, step, submitted, succeeded

BEGUN = segment(1, EAST, 1, submitted(), started(), step("a"), step("b"))
LOST = segment(1, EAST, 5, step("c"), step("d"))
TAKEN_OVER = segment(2, WEST, 5, adopted(1, EAST, 4), step("c"), step("d"), step("e"))


def held(*segments: Segment) -> JobState:
    """What a replica that holds these segments reads."""
    state = fold(segments)
    assert state is not None
    return state


def told(state: JobState, mark: str) -> tuple[int, bool, bool]:
    """After which sequence the client goes on, whether it was rewound, whether the replica is behind it."""
    standing = stand(state, read_mark(mark))
    return standing.after, standing.rewound, standing.behind


class Client:
    """Follows a job page by page, and does what it is told."""

    def __init__(self) -> None:
        self.mark: Mark = 0
        self.read: list[Recorded] = []

    def ask(self, state: JobState, limit: int) -> bool:
        """Ask one replica; say whether there was anything."""
        standing = stand(state, self.mark)
        if standing.behind:
            return False
        if standing.rewound:
            self.read = [event for event in self.read if event.sequence <= standing.after]
        found = page(state, standing.after, limit)
        self.read += found
        last = found[-1].sequence if found else standing.after
        self.mark = read_mark(str(cursor_after(state, self.mark, last)))
        return bool(found) or standing.rewound


@pytest.mark.parametrize("text", ["0", "7", "999999999", "1.us-east-1.5", "1.us-east-1.4~2.us-west-2.9"])
def test_a_mark_is_read_as_it_was_written(text: str) -> None:
    assert str(read_mark(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "-1", "1e3", "x", "1.us-east-1", "0.us-east-1.1", "1.us-east-1.0", "1.us-east-1.5~", "1234567890"),
        *("٣", "2.us-east-1.5~1.us-west-2.9", "1.us-east-1.9~2.us-west-2.9"),
        "~".join(f"{n}.x.{n}" for n in range(1, 14)),
    ],
)
def test_what_is_no_mark_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither a sequence number nor"):
        read_mark(text)


def test_after_a_bare_number_come_the_events_above_it() -> None:
    assert told(held(BEGUN), "2") == (2, False, False)
    assert told(held(BEGUN), "4") == (4, False, False)
    assert told(held(BEGUN), "5") == (5, False, True), "this replica has no event 5"


def test_a_cursor_on_the_winning_history_goes_on_across_an_adoption() -> None:
    state = held(BEGUN, LOST, TAKEN_OVER)
    assert told(state, "1.us-east-1.4") == (4, False, False)
    assert told(state, "1.us-east-1.4~2.us-west-2.6") == (6, False, False)


def test_a_cursor_beyond_the_point_of_adoption_is_rewound_to_the_last_shared_event() -> None:
    assert told(held(BEGUN, LOST, TAKEN_OVER), "1.us-east-1.6") == (4, True, False)
    assert told(held(BEGUN, TAKEN_OVER), "1.us-east-1.6") == (4, True, False), "though the lost events are not here"


def test_a_replica_that_lacks_what_was_read_says_that_it_is_behind() -> None:
    assert told(held(BEGUN), "1.us-east-1.6") == (6, False, True)
    assert told(held(BEGUN, LOST), "1.us-east-1.4~2.us-west-2.6") == (6, False, True)
    assert told(held(segment(1, EAST, 1, submitted()), TAKEN_OVER), "1.us-east-1.4~2.us-west-2.6") == (6, False, True)


def test_a_branch_that_only_the_client_has_seen_leads_back_to_where_it_left_the_winning_one() -> None:
    rival = segment(3, WEST, 5, adopted(1, EAST, 4))
    assert told(held(BEGUN, rival), "1.us-east-1.4~2.us-west-2.8") == (4, True, False)
    assert told(held(BEGUN, rival), "2.us-west-2.8") == (0, True, False), "it does not say what came before"


def test_a_cursor_names_the_newest_branches_only() -> None:
    chain = [segment(1, EAST, 1, submitted())]
    chain += [
        segment(n, EAST if n % 2 else WEST, n, adopted(n - 1, WEST if n % 2 else EAST, n - 1)) for n in range(2, 20)
    ]
    cursor = cursor_after(held(*chain), 0, 19)
    assert len(cursor.places) == MOST_PLACES
    assert cursor.places[-1] == Place(19, EAST, 19)
    assert read_mark(str(cursor)) == cursor


def test_the_beginning_is_the_empty_cursor() -> None:
    assert str(Cursor()) == "0"
    assert stand(held(BEGUN), Cursor()).after == 0


def from_snapshot(*after: Segment) -> JobState:
    """A state read from a snapshot that was taken after BEGUN."""
    state = fold(after, snapshot_of(JOB, held(BEGUN), EAST))
    assert state is not None
    return state


def test_the_whole_history_is_read_only_where_the_snapshot_does_not_reach() -> None:
    quiet, going = from_snapshot(), from_snapshot(LOST)
    assert not needs_whole(held(BEGUN), 0)
    assert [needs_whole(quiet, read_mark(each)) for each in ("4", "1.us-east-1.4", "9")] == [False, False, False]
    assert [needs_whole(going, read_mark(each)) for each in ("4", "1.us-east-1.5", "1.us-east-1.6")] == [False] * 3
    assert [needs_whole(going, read_mark(each)) for each in ("0", "3", "1.us-east-1.3", "2.us-west-2.6")] == [True] * 4
    assert needs_whole(going, Cursor())


def test_a_cursor_goes_on_from_a_snapshot_without_what_lies_before_it() -> None:
    assert str(cursor_after(from_snapshot(), read_mark("4"), 4)) == "1.us-east-1.4"
    assert str(cursor_after(from_snapshot(LOST), read_mark("1.us-east-1.4"), 5)) == "1.us-east-1.5"


@given(st.data(), histories())
def test_a_client_that_asks_any_replicas_in_any_order_ends_with_the_winning_history(
    data: st.DataObject, written: tuple[Segment, ...]
) -> None:
    client = Client()
    for part in data.draw(st.lists(parts_of(written), max_size=6)):
        state = fold(part)
        if state is not None:
            client.ask(state, data.draw(st.integers(1, 3)))
    whole = fold(written)
    if whole is None:
        return
    while client.ask(whole, 2):
        pass
    assert client.read == list(whole.history)
    assert not stand(whole, client.mark).behind


def test_a_client_that_minds_numbers_alone_misses_what_the_successor_did() -> None:
    """What the cursor is for, seen without it."""
    lost = [event.sequence for event in held(BEGUN, LOST).history]
    later = page(held(BEGUN, LOST, TAKEN_OVER), stand(held(BEGUN, LOST, TAKEN_OVER), lost[-1]).after, 100)
    assert [event.sequence for event in later] == [7, 8], "5 and 6 of the new epoch were never told"


def test_the_end_of_a_finished_history_is_its_last_event() -> None:
    state = held(BEGUN, segment(1, EAST, 5, succeeded()))
    assert str(cursor_after(state, 0, 5)) == "1.us-east-1.5"
