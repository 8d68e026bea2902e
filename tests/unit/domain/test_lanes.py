"""Lanes and their messages."""

from functions.domain.lanes import Lane, LaneMessage


def test_lanes_stand_in_the_order_of_their_importance() -> None:
    assert [str(lane) for lane in Lane] == ["critical", "standard", "batch", "gpu"]


def test_two_messages_that_say_the_same_are_equal() -> None:
    assert LaneMessage("job_a", 1, "due") == LaneMessage("job_a", 1, "due")
    assert LaneMessage("job_a", 1, "due") != LaneMessage("job_a", 2, "due")
