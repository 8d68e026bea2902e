"""Lanes and their messages."""

import pytest

from functions.domain.lanes import HINT_AHEAD_SECONDS, Lane, LaneMessage, can_be_hinted, look_at
from tests.unit.domain.job.writing import NOON, at


def test_lanes_stand_in_the_order_of_their_importance() -> None:
    assert [str(lane) for lane in Lane] == ["critical", "standard", "batch", "gpu"]


def test_two_messages_that_say_the_same_are_equal() -> None:
    assert LaneMessage("job_a", 1, "due") == LaneMessage("job_a", 1, "due")
    assert LaneMessage("job_a", 1, "due") != LaneMessage("job_a", 2, "due")


@pytest.mark.parametrize(
    ("seconds", "hinted", "looked_at"),
    [(-5, True, 25), (0, True, 30), (900, True, 930), (900.001, False, 900.001 - HINT_AHEAD_SECONDS)],
)
def test_what_a_hint_can_be_sent_for_is_looked_at_afterwards_all_else_ahead(
    seconds: float, hinted: bool, looked_at: float
) -> None:
    assert can_be_hinted(NOON, at(seconds)) is hinted
    assert look_at(NOON, at(seconds), 30) == at(looked_at)
