"""What comes from outside: what one is known by, what it answers, and the order in which an owner takes several."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.job.arrivals import CONTROLS, Arrival, ArrivalKind, arrival_key, awaited, in_order
from tests.unit.domain.job.writing import EAST, JOB, WEST, at


def arrival(name: str, seconds: float = 0, region: str = EAST, kind: ArrivalKind = ArrivalKind.SIGNAL) -> Arrival:
    return Arrival(job_id=JOB, region=region, kind=kind, name=name, at=at(seconds), by="ann")


def test_a_signal_answers_its_name_whoever_sent_it() -> None:
    assert arrival("go/from-ann").answers == arrival("go/from-bob").answers == awaited(ArrivalKind.SIGNAL, "go")
    assert arrival("go/from-ann").key == "signal/go/from-ann"


@pytest.mark.parametrize("kind", [ArrivalKind.DECISION, ArrivalKind.CHILD_ENDED])
def test_what_is_for_one_step_answers_that_step_with_all_of_its_path(kind: ArrivalKind) -> None:
    one = arrival("gather[0]/approval#2", kind=kind)
    assert one.answers == one.key == awaited(kind, "gather[0]/approval#2")


def test_requests_concern_the_job_as_a_whole_and_nothing_else_does() -> None:
    assert {ArrivalKind.CANCEL, ArrivalKind.PAUSE, ArrivalKind.RESUME, ArrivalKind.REDRIVE} == CONTROLS


def test_the_earliest_is_taken_first_and_of_one_moment_the_one_whose_key_sorts_first() -> None:
    late, early, same = arrival("b/1", 2), arrival("c/1", 1), arrival("a/1", 2)
    assert in_order((late, early, same), EAST) == (early, same, late)


def test_of_two_with_one_key_the_owners_own_is_taken_however_late_it_came() -> None:
    west, east = arrival("go/1", 1, WEST), arrival("go/1", 9, EAST)
    assert in_order((west, east), EAST) == (east,)
    assert in_order((west, east), WEST) == (west,)


def test_one_that_only_the_other_region_took_in_is_taken_all_the_same() -> None:
    west = arrival("go/1", 1, WEST)
    assert in_order((west,), EAST) == (west,)


@given(
    st.permutations(
        [arrival(name, second, region) for name in "abc" for second, region in ((1, EAST), (2, WEST), (3, EAST))]
    )
)
def test_the_order_does_not_depend_on_how_they_were_read(arrivals: list[Arrival]) -> None:
    taken = in_order(tuple(arrivals), EAST)
    assert [each.name for each in taken] == ["a", "b", "c"]
    assert [each.at for each in taken] == [at(1)] * 3


def test_an_arrival_lies_under_the_region_that_took_it_in() -> None:
    assert arrival_key(EAST, "signal", "go/1") == "IN#us-east-1#signal#go/1"
